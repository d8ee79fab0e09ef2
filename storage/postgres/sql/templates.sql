-- name: lock
-- One decision about templates after the other, so that serials rise in the order of commits.
SELECT pg_advisory_xact_lock(x'69646e5f746d70'::bigint);

-- name: newest
-- A template in its newest revision.
SELECT r.document, t.stage
  FROM template t JOIN template_revision r USING (prefix, version, revision)
 WHERE t.prefix = $1 AND t.version = $2;

-- name: revision
-- A template in one of its revisions.
SELECT r.document, t.stage
  FROM template t JOIN template_revision r USING (prefix, version)
 WHERE t.prefix = $1 AND t.version = $2 AND r.revision = $3;

-- name: page
-- Templates under some prefixes at some stages, by name, from the first past another.
SELECT r.document, t.stage
  FROM template t JOIN template_revision r USING (prefix, version, revision)
 WHERE t.prefix = ANY ($1) AND t.stage = ANY ($2) AND (t.prefix, t.version) > ($3, $4)
 ORDER BY t.prefix, t.version LIMIT $5;

-- name: keep
-- A template as it stands now.
INSERT INTO template (prefix, version, stage, revision, serial)
VALUES ($1, $2, $3, $4, nextval('template_serial'))
    ON CONFLICT (prefix, version) DO UPDATE
       SET stage = $3, revision = $4, serial = nextval('template_serial');

-- name: keep_revision
-- One of its revisions; a draft is written over.
INSERT INTO template_revision (prefix, version, revision, document) VALUES ($1, $2, $3, $4)
    ON CONFLICT (prefix, version, revision) DO UPDATE SET document = $4
       WHERE template_revision.document <> $4;

-- name: demand
-- Whether identifiers under a prefix need a template.
INSERT INTO template_demand (prefix, demanded, serial)
VALUES ($1, $2, nextval('template_serial'))
    ON CONFLICT (prefix) DO UPDATE SET demanded = $2, serial = nextval('template_serial')
       WHERE template_demand.demanded <> $2
RETURNING 1;

-- name: serial
-- The serial of the newest change.
SELECT greatest(
    (SELECT max(serial) FROM template), (SELECT max(serial) FROM template_demand), 0
);

-- name: since
-- Templates that changed after a serial.
SELECT r.document, t.stage, t.serial
  FROM template t JOIN template_revision r USING (prefix, version, revision)
 WHERE t.serial > $1 AND t.serial <= $2 AND t.stage <> 'draft';

-- name: demands_since
-- Demands that changed after a serial.
SELECT prefix, demanded FROM template_demand WHERE serial > $1 AND serial <= $2;
