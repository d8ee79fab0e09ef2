-- name: waiting
-- Whether the change log goes on past what was read. (LATERAL: straight to that place of the log.)
SELECT EXISTS (
    SELECT FROM projection p
     CROSS JOIN LATERAL (
        SELECT FROM change WHERE (xid, id) > (p.xid, p.id) ORDER BY xid, id LIMIT 1
     ) c
     WHERE p.name = 'relations'
);

-- name: claim
-- How far the log was read. Only one at a time reads on.
SELECT xid::text AS xid, id FROM projection WHERE name = 'relations' FOR UPDATE;

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

-- name: forget
-- Relations that the records of a window had. (kind 1: new ones, which had none.)
DELETE FROM relation r
 USING (
    SELECT DISTINCT key FROM change
     WHERE (xid, id) > ($1::text::xid8, $2::bigint) AND (xid, id) <= ($3::text::xid8, $4::bigint)
       AND (kind <> 1 OR version > 1)
 ) c
 WHERE r.source = c.key;

-- name: related
-- Records that the changes of a window left, which have a value of a reserved type (the mark stands in the blob as it is); no newer version is stored, and none is deleted (state 5).
SELECT i.key, i.name, i.version, i.state, i.reason, i.template, i.wire_values, i.changed_at
  FROM (
    SELECT prefix, key, version FROM change
     WHERE (xid, id) > ($1::text::xid8, $2::bigint) AND (xid, id) <= ($3::text::xid8, $4::bigint)
    OFFSET 0
  ) c
 CROSS JOIN LATERAL (
    SELECT * FROM identifier i
     WHERE i.prefix = c.prefix AND i.key = c.key AND i.version = c.version AND i.state <> 5
    OFFSET 0
 ) i
 WHERE position('REL.'::bytea IN i.wire_values) > 0;

-- name: keep
-- Relations of records.
INSERT INTO relation (source, relation, target, source_name, target_name, public)
SELECT source, relation, target, nullif(source_name, source), nullif(target_name, target), public
  FROM unnest($1::text[], $2::smallint[], $3::text[], $4::text[], $5::text[], $6::boolean[])
    AS edge (source, relation, target, source_name, target_name, public)
    ON CONFLICT (source, relation, target) DO UPDATE
   SET source_name = excluded.source_name, target_name = excluded.target_name,
       public = excluded.public;

-- name: advance
-- The log was read so far.
UPDATE projection SET xid = $1::text::xid8, id = $2 WHERE name = 'relations';

-- name: above
-- What some identifiers point at, by source.
SELECT source, relation, target, coalesce(source_name, source), coalesce(target_name, target),
       public
  FROM relation
 WHERE source = ANY ($1::text[]) AND relation = ANY ($2::smallint[])
 ORDER BY source, relation, target
 LIMIT $3;

-- name: below
-- What points at some identifiers, by target.
SELECT source, relation, target, coalesce(source_name, source), coalesce(target_name, target),
       public
  FROM relation
 WHERE target = ANY ($1::text[]) AND relation = ANY ($2::smallint[])
 ORDER BY target, relation, source
 LIMIT $3;
