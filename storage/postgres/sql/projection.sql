-- name: waiting
-- Whether the change log goes on past what was read. (LATERAL: straight to that place of the log.)
SELECT EXISTS (
    SELECT FROM projection p
     CROSS JOIN LATERAL (
        SELECT FROM change WHERE (xid, id) > (p.xid, p.id) ORDER BY xid, id LIMIT 1
     ) c
     WHERE p.name = 'search'
);

-- name: claim
-- How far the log was read. Only one at a time reads on.
SELECT xid::text AS xid, id FROM projection WHERE name = 'search' FOR UPDATE;

-- name: window
-- The next changes past what was read: how many, up to where, and how old the first of all is. What is not settled yet may still get rows before it.
SELECT count(*) AS read, max(w.xid)::text AS xid,
       (array_agg(w.id ORDER BY w.xid DESC, w.id DESC))[1] AS id,
       coalesce((
        SELECT extract(epoch FROM clock_timestamp() - c.at)::float8
          FROM change c
         WHERE (c.xid, c.id) > ($1::text::xid8, $2::bigint)
         ORDER BY c.xid, c.id
         LIMIT 1
       ), 0) AS age
  FROM (
    SELECT xid, id FROM change
     WHERE (xid, id) > ($1::text::xid8, $2::bigint)
       AND xid < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY xid, id
     LIMIT $3
  ) w;

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

-- name: advance
-- The log was read so far.
UPDATE projection SET xid = $1::text::xid8, id = $2 WHERE name = 'search';

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
