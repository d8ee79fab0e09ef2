-- name: answers
-- First answers to requests. The oldest counts, should there ever be two.
SELECT asked.principal, asked.key, a.digest, a.status, a.headers, a.body
  FROM unnest($1::text[], $2::text[]) AS asked (principal, key)
 CROSS JOIN LATERAL (
    SELECT * FROM idempotency i
     WHERE i.principal = asked.principal AND i.key = asked.key
     ORDER BY i.stored_at
     LIMIT 1
 ) a;

-- name: store
-- A whole unit of work: records with their history and changes, audit, answers, news. Returns how many records fitted.
WITH new AS (
    SELECT *
      FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::bigint[], $5::smallint[], $6::text[], $7::text[],
        $8::bytea[], $9::bigint[], $10::uuid[], $11::smallint[]
      ) AS n (
        prefix, key, name, version, state, reason, template, wire_values, changed_at, change, kind
      )
), kept AS (
    INSERT INTO identifier_history
        (prefix, key, version, name, state, reason, template, wire_values, changed_at, xid)
    SELECT i.prefix, i.key, i.version, i.name, i.state, i.reason, i.template, i.wire_values,
           i.changed_at, i.xid
      FROM new
     CROSS JOIN LATERAL (
        SELECT * FROM identifier i WHERE i.prefix = new.prefix AND i.key = new.key OFFSET 0
     ) i
     WHERE new.version > 1
), stored AS (
    INSERT INTO identifier AS i
        (prefix, key, name, version, state, reason, template, wire_values, created_at, changed_at)
    SELECT prefix, key, name, version, state, reason, template, wire_values, changed_at, changed_at
      FROM new
        ON CONFLICT (prefix, key) DO UPDATE
       SET name = excluded.name, version = excluded.version, state = excluded.state,
           reason = excluded.reason, template = excluded.template,
           wire_values = excluded.wire_values, changed_at = excluded.changed_at,
           xid = excluded.xid
     WHERE i.version = excluded.version - 1
    RETURNING 1
), logged AS (
    INSERT INTO change (change, prefix, key, version, kind)
    SELECT change, prefix, key, version, kind FROM new
), audited AS (
    INSERT INTO audit (at, actor, action, subject, request, detail, root)
    SELECT *
      FROM unnest(
        $12::bigint[], $13::text[], $14::text[], $15::text[], $16::text[], $17::bytea[],
        $18::bytea[]
      )
), answered AS (
    INSERT INTO idempotency (principal, key, digest, status, headers, body)
    SELECT *
      FROM unnest(
        $19::text[], $20::text[], $21::bytea[], $22::smallint[], $23::bytea[], $24::bytea[]
      )
), told AS (
    INSERT INTO invalidation (packed) SELECT $25::bytea WHERE $25::bytea IS NOT NULL
)
SELECT count(*) FROM stored;

-- name: audit
-- One audit entry beside another change.
INSERT INTO audit (at, actor, action, subject, request, detail, root)
VALUES ($1, $2, $3, $4, $5, $6, $7);
