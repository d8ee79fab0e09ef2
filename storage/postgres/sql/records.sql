-- name: fetch
-- Records by key, under any prefixes; each is one index probe of one partition.
SELECT i.key, i.name, i.version, i.state, i.reason, i.template, i.wire_values, i.changed_at
  FROM unnest($1::text[]) AS asked (key)
 CROSS JOIN LATERAL (
    SELECT * FROM identifier i
     WHERE i.prefix = split_part(asked.key, '/', 1) AND i.key = asked.key
    OFFSET 0
 ) i;

-- name: fetch_under
-- Records by key, all under one prefix; as `fetch`, and faster for many.
SELECT key, name, version, state, reason, template, wire_values, changed_at
  FROM identifier
 WHERE prefix = $1 AND key = ANY ($2::text[]);

-- name: page
-- Records under one prefix by key, past a key; deleted ones (state 5) left out. Those that begin
-- within the first 8 MiB of values (`identifiers.records.PAGE_BYTES`); the rest are not fetched.
SELECT key, name, version, state, reason, template, wire_values, changed_at
  FROM (
    SELECT *,
           sum(octet_length(wire_values)) OVER (ORDER BY key ROWS UNBOUNDED PRECEDING)
             - octet_length(wire_values) AS before
      FROM identifier
     WHERE prefix = $1 AND key > $2 AND state <> 5
     ORDER BY key
     LIMIT $3
  ) page
 WHERE before < 8388608
 ORDER BY key;

-- name: next_prefix
-- The first prefix between two texts and past a third that has records: one index probe of each
-- partition. What is derived from P lies between `P.` and `P/`.
SELECT prefix FROM identifier
 WHERE prefix > $1 AND prefix < $2 AND prefix > $3
 ORDER BY prefix
 LIMIT 1;

-- name: count
-- How many records there are under one prefix; deleted ones (state 5) left out.
SELECT count(*) FROM identifier WHERE prefix = $1 AND state <> 5;
