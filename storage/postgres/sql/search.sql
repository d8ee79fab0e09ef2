-- name: candidates
-- Blocks past $1 that may hold what is looked for (migration 0007).
SELECT block FROM search_candidates($1, $2, $3, $4, $5, $6, $7, $8);

-- name: blocks
-- Some blocks in order.
SELECT id, entries, head, body FROM search_block WHERE id = ANY ($1::bigint[]) ORDER BY id;

-- name: newest
-- Of versions that were found, those that are still the newest, and where they are in what was asked (from 1). (OFFSET 0: always a probe of one partition.)
SELECT asked.place, i.key, coalesce(i.name, i.key) AS name, i.version, i.state, i.template,
       i.changed_at, i.created_at
  FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS asked (key, version, place)
 CROSS JOIN LATERAL (
    SELECT * FROM identifier i
     WHERE i.prefix = split_part(asked.key, '/', 1) AND i.key = asked.key
       AND i.version = asked.version AND i.state <> 5
    OFFSET 0
 ) i
 ORDER BY asked.place;

-- name: count_newest
-- How many of some versions are still the newest.
SELECT count(*)
  FROM unnest($1::text[], $2::bigint[]) AS asked (key, version)
 CROSS JOIN LATERAL (
    SELECT FROM identifier i
     WHERE i.prefix = split_part(asked.key, '/', 1) AND i.key = asked.key
       AND i.version = asked.version AND i.state <> 5
    OFFSET 0
 ) i;

-- name: named
-- Records by key, without their values and without deleted ones (state 5).
SELECT i.key, coalesce(i.name, i.key) AS name, i.version, i.state, i.template, i.changed_at,
       i.created_at
  FROM unnest($1::text[]) AS asked (key)
 CROSS JOIN LATERAL (
    SELECT * FROM identifier i
     WHERE i.prefix = split_part(asked.key, '/', 1) AND i.key = asked.key AND i.state <> 5
    OFFSET 0
 ) i;

-- name: names
-- Records under one prefix whose keys begin alike ($2 to before $3), past a key; without deleted ones (state 5).
SELECT key, coalesce(name, key) AS name, version, state, template, changed_at, created_at
  FROM identifier
 WHERE prefix = $1 AND key >= $2 AND key < $3 AND key > $4 AND state <> 5
 ORDER BY key
 LIMIT $5;

-- name: lag
-- How old the first change is that was not projected yet, in seconds; no row: all were. (LATERAL: straight to that place of the log.)
SELECT extract(epoch FROM clock_timestamp() - c.at)::float8
  FROM projection p
 CROSS JOIN LATERAL (
    SELECT at FROM change WHERE (xid, id) > (p.xid, p.id) ORDER BY xid, id LIMIT 1
 ) c
 WHERE p.name = 'search';
