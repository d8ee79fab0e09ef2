-- name: candidates
-- Blocks past $1 that may hold what is looked for (migration 0007).
SELECT block FROM search_candidates($1, $2, $3, $4, $5, $6, $7, $8);

-- name: blocks
-- Some blocks in order.
SELECT id, head, body FROM search_block WHERE id = ANY ($1::bigint[]) ORDER BY id;

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
