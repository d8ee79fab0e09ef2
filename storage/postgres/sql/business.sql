-- name: lock
-- One decision about enterprises after the other.
SELECT pg_advisory_xact_lock(x'69646e5f62697a'::bigint);

-- name: application
-- An application.
SELECT id, kind, identity_type, identity_number, name, stage, revision, document, sealed, digest,
       wanted, coalesce(enterprise, 0) AS enterprise, submitted_at, changed_at, purged_at, version
  FROM application WHERE id = $1;

-- name: pending
-- The open application of some kind of an organisation.
SELECT id, kind, identity_type, identity_number, name, stage, revision, document, sealed, digest,
       wanted, coalesce(enterprise, 0) AS enterprise, submitted_at, changed_at, purged_at, version
  FROM application
 WHERE identity_number = $2 AND identity_type = $1 AND kind = $3
   AND stage IN ('submitted', 'passed', 'rejected')
 LIMIT 1;

-- name: applications
-- A page of applications: at some stages, of some kinds, of an enterprise (0: of all).
SELECT id, kind, identity_type, identity_number, name, stage, revision, document, sealed, digest,
       wanted, coalesce(enterprise, 0) AS enterprise, submitted_at, changed_at, purged_at, version
  FROM application
 WHERE stage = ANY ($1) AND kind = ANY ($2) AND ($3 = 0 OR enterprise = $3) AND id > $4
 ORDER BY id LIMIT $5;

-- name: lapsed
-- Applications that came to nothing and have not changed since, with personal data.
SELECT id FROM application
 WHERE stage = ANY ($1) AND changed_at < $2 AND purged_at = 0 ORDER BY id LIMIT $3;

-- name: steps
-- What was done to an application.
SELECT application, revision, at, actor, did, reasons
  FROM review_step WHERE application = $1 ORDER BY id;

-- name: member
-- An enterprise that was filed, by its number or by that of the organisation.
SELECT id, identity_type, credit_code, name, industry, state, reason, document, sealed, filing,
       approved_at, version
  FROM enterprise
 WHERE document IS NOT NULL AND (id = $1 OR (credit_code = $3 AND identity_type = $2))
 LIMIT 1;

-- name: added
-- An enterprise of which nothing was filed: of this number, or (0) added with this credit code,
-- one that was not closed before others.
SELECT id, identity_type, credit_code, name, industry, state, reason, document, sealed, filing,
       approved_at, version
  FROM enterprise
 WHERE document IS NULL
   AND (id = $1 OR ($1 = 0 AND $2 = 1 AND credit_code = $3 AND $3 <> ''))
 ORDER BY state = 'closed', id LIMIT 1;

-- name: enterprise
-- An enterprise, filed or not.
SELECT id, identity_type, credit_code, name, industry, state, reason, document, sealed, filing,
       approved_at, version
  FROM enterprise WHERE id = $1;

-- name: enterprises
-- A page of the enterprises, filed or not.
SELECT id, identity_type, credit_code, name, industry, state, reason, document, sealed, filing,
       approved_at, version
  FROM enterprise WHERE id > $1 ORDER BY id LIMIT $2;

-- name: listed
-- Some of the enterprises that were filed, by number: by a part of the name and days of approval.
SELECT id, identity_type, credit_code, name, industry, state, reason, document, sealed, filing,
       approved_at, version
  FROM enterprise
 WHERE document IS NOT NULL AND strpos(name, $1) > 0 AND approved_at >= $2 AND approved_at < $3
 ORDER BY id LIMIT $4 OFFSET $5;

-- name: count_listed
-- How many these are.
SELECT count(*) AS listed
  FROM enterprise
 WHERE document IS NOT NULL AND strpos(name, $1) > 0 AND approved_at >= $2 AND approved_at < $3;

-- name: versions
-- A page of what an enterprise was, oldest first.
SELECT enterprise AS id, identity_type, credit_code, name, industry, state, reason, document,
       sealed, filing, approved_at, version, at, actor, did, application
  FROM enterprise_version WHERE enterprise = $1 AND version > $2 ORDER BY version LIMIT $3;

-- name: changed
-- When the newest versions of some enterprises began.
SELECT DISTINCT ON (enterprise) enterprise, at
  FROM enterprise_version WHERE enterprise = ANY ($1) ORDER BY enterprise, version DESC;

-- name: filed
-- How many filing numbers a year has.
SELECT given FROM filing_year WHERE year = $1;

-- name: fresh
-- The number of the next enterprise.
SELECT nextval(pg_get_serial_sequence('enterprise', 'id'));

-- name: keep_application
-- An application as it stands now.
INSERT INTO application (id, kind, identity_type, identity_number, name, stage, revision, document,
                         sealed, digest, wanted, enterprise, submitted_at, changed_at, purged_at,
                         version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, nullif($12, 0), $13, $14, $15, $16)
    ON CONFLICT (id) DO UPDATE SET
       name = $5, stage = $6, revision = $7, document = $8, sealed = $9, digest = $10, wanted = $11,
       enterprise = nullif($12, 0), changed_at = $14, purged_at = $15, version = $16;

-- name: keep_step
-- What was done to it.
INSERT INTO review_step (application, revision, at, actor, did, reasons)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: keep_member
-- An enterprise as it stands now; whether it has particulars is whether it was filed.
INSERT INTO enterprise (id, identity_type, credit_code, name, industry, state, reason, document,
                        sealed, filing, approved_at, version)
OVERRIDING SYSTEM VALUE
VALUES ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''::bytea), nullif($9, ''::bytea), nullif($10, ''),
        $11, $12)
    ON CONFLICT (id) DO UPDATE SET
       identity_type = $2, credit_code = $3, name = $4, industry = $5, state = $6, reason = $7,
       document = excluded.document, sealed = excluded.sealed, filing = excluded.filing,
       approved_at = $11, version = $12;

-- name: count_filing
-- One filing number more.
INSERT INTO filing_year (year, given) VALUES ($1, 1)
    ON CONFLICT (year) DO UPDATE SET given = filing_year.given + 1;
