-- name: waiting
-- Whether the change log goes on past what was read.
SELECT EXISTS (
    SELECT FROM change c
      JOIN projection p ON p.name = 'reverse_lookup'
     WHERE (c.xid, c.id) > (p.xid, p.id)
);

-- name: claim
-- How far the log was read. Only one at a time reads on.
SELECT xid::text AS xid, id FROM projection WHERE name = 'reverse_lookup' FOR UPDATE;

-- name: changes
-- The log past what was read. What is not settled yet may still get rows before it.
SELECT xid::text AS xid, id, key, xid < pg_snapshot_xmin(pg_current_snapshot()) AS settled,
       extract(epoch FROM clock_timestamp() - at)::float8 AS age
  FROM change
 WHERE (xid, id) > ($1::text::xid8, $2::bigint)
 ORDER BY xid, id
 LIMIT $3;

-- name: project
-- Make $1 findable by just what follows (key, name, type, value).
WITH wanted AS MATERIALIZED (
    SELECT *
      FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS w (key, name, type, value)
), gone AS (
    DELETE FROM reverse_lookup r
     USING unnest($1::text[]) AS changed (key)
     WHERE r.key = changed.key
       AND NOT EXISTS (
        SELECT FROM wanted w WHERE w.key = r.key AND w.type = r.type AND w.value = r.value
       )
)
INSERT INTO reverse_lookup AS r (key, name, type, value)
SELECT key, name, type, value FROM wanted
    ON CONFLICT (type, value, key) DO UPDATE
   SET name = excluded.name
 WHERE r.name IS DISTINCT FROM excluded.name;

-- name: advance
-- The log was read so far.
UPDATE projection SET xid = $1::text::xid8, id = $2 WHERE name = 'reverse_lookup';

-- name: has_trigrams
-- Whether there is an index for patterns that begin with a wildcard.
SELECT to_regclass('reverse_lookup_trigram') IS NOT NULL;

-- name: by_range
-- Whoever has a value of a type in a range of texts that fits, and fits all other tests. Looks at $6 values at most. Each once: by the least of its fitting values. (OFFSET 0: always a probe by key, never a join with everything or a walk along the type.)
SELECT looked.key, coalesce(looked.name, looked.key) AS name
  FROM (
    SELECT type, value, key, name
      FROM reverse_lookup
     WHERE (type, value) >= ($1::text, $2::text) AND (type, value) < ($3::text, $4::text)
     ORDER BY type, value, key
     LIMIT $6::bigint
  ) looked
 WHERE looked.value LIKE $5::text
   AND starts_with(looked.key, $7::text)
   AND NOT EXISTS (
    SELECT FROM (SELECT type, value FROM reverse_lookup WHERE key = looked.key OFFSET 0) less
     WHERE less.type = looked.type AND less.value < looked.value AND less.value LIKE $5::text
   )
   AND NOT EXISTS (
    SELECT FROM unnest($8::text[], $9::text[]) AS test (type, pattern)
     WHERE NOT EXISTS (
        SELECT FROM (SELECT type, value FROM reverse_lookup WHERE key = looked.key OFFSET 0) other
         WHERE other.type = test.type AND other.value LIKE test.pattern
     )
   )
 ORDER BY looked.type, looked.value, looked.key
 LIMIT $10::bigint OFFSET $11::bigint;

-- name: looked_by_range
-- How many values `by_range` looks at when it comes to its end.
SELECT count(*)
  FROM (
    SELECT FROM reverse_lookup
     WHERE (type, value) >= ($1::text, $2::text) AND (type, value) < ($3::text, $4::text)
     LIMIT $5::bigint
  ) looked;

-- name: by_trigrams
-- As `by_range`, for a pattern without a beginning: the trigram index gives what may fit.
WITH looked AS MATERIALIZED (
    SELECT type, value, key, name FROM reverse_lookup WHERE value LIKE $2::text LIMIT $3::bigint
)
SELECT looked.key, coalesce(looked.name, looked.key) AS name
  FROM looked
 WHERE looked.type = $1::text
   AND starts_with(looked.key, $4::text)
   AND NOT EXISTS (
    SELECT FROM (SELECT type, value FROM reverse_lookup WHERE key = looked.key OFFSET 0) less
     WHERE less.type = looked.type AND less.value < looked.value AND less.value LIKE $2::text
   )
   AND NOT EXISTS (
    SELECT FROM unnest($5::text[], $6::text[]) AS test (type, pattern)
     WHERE NOT EXISTS (
        SELECT FROM (SELECT type, value FROM reverse_lookup WHERE key = looked.key OFFSET 0) other
         WHERE other.type = test.type AND other.value LIKE test.pattern
     )
   )
 ORDER BY looked.type, looked.value, looked.key
 LIMIT $7::bigint OFFSET $8::bigint;

-- name: looked_by_trigrams
-- How many values `by_trigrams` looks at.
SELECT count(*)
  FROM (SELECT FROM reverse_lookup WHERE value LIKE $1::text LIMIT $2::bigint) looked;
