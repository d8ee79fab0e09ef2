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
