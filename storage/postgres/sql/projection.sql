-- name: versions
-- What the changes of a window left: records of which no newer version is stored, without deleted ones (state 5). By name, so that like is beside like.
SELECT i.key, coalesce(i.name, i.key) AS name, i.version, i.state, i.wire_values, i.created_at,
       i.changed_at
  FROM (
    SELECT prefix, key, version FROM change
     WHERE (xid, id) > ($1::text::xid8, $2::bigint) AND (xid, id) <= ($3::text::xid8, $4::bigint)
     ORDER BY prefix, key
    OFFSET 0
  ) c
 CROSS JOIN LATERAL (
    SELECT * FROM identifier i
     WHERE i.prefix = c.prefix AND i.key = c.key AND i.version = c.version AND i.state <> 5
    OFFSET 0
 ) i;

-- name: sort_in
-- Bring what waits in the list of the index of terms to its place.
SELECT gin_clean_pending_list('search_block_terms'::regclass);

-- name: round
-- The next blocks that are looked at for what can be put together.
SELECT id, head FROM search_block WHERE id > $1 ORDER BY id LIMIT $2;

-- name: versions_now
-- Of some versions those that are still the newest, without deleted ones (state 5).
SELECT i.key, coalesce(i.name, i.key) AS name, i.version, i.state, i.wire_values, i.created_at,
       i.changed_at
  FROM (SELECT * FROM unnest($1::text[], $2::bigint[]) AS a (key, version) ORDER BY key) asked
 CROSS JOIN LATERAL (
    SELECT * FROM identifier i
     WHERE i.prefix = split_part(asked.key, '/', 1) AND i.key = asked.key
       AND i.version = asked.version AND i.state <> 5
    OFFSET 0
 ) i;

-- name: count_live
-- How many of some versions are still the newest, by block ($1).
SELECT asked.block, count(*) AS live
  FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS asked (block, key, version)
 CROSS JOIN LATERAL (
    SELECT FROM identifier i
     WHERE i.prefix = split_part(asked.key, '/', 1) AND i.key = asked.key
       AND i.version = asked.version AND i.state <> 5
    OFFSET 0
 ) i
 GROUP BY asked.block;

-- name: drop_blocks
-- What they hold comes into other blocks.
DELETE FROM search_block WHERE id = ANY ($1::bigint[]) RETURNING head;
