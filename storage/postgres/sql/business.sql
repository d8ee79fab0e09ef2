-- name: lock
-- One decision about enterprises after the other.
SELECT pg_advisory_xact_lock(x'69646e5f62697a'::bigint);

-- name: application
-- An application.
SELECT id, kind, identity_type, identity_number, name, stage, revision, document, sealed, digest,
       wanted, coalesce(enterprise, 0) AS enterprise, submitted_at, changed_at, version
  FROM application WHERE id = $1;

-- name: pending
-- The open application of an organisation to be admitted.
SELECT id, kind, identity_type, identity_number, name, stage, revision, document, sealed, digest,
       wanted, coalesce(enterprise, 0) AS enterprise, submitted_at, changed_at, version
  FROM application
 WHERE identity_number = $2 AND identity_type = $1 AND kind = 'admission'
   AND stage IN ('submitted', 'passed', 'rejected')
 LIMIT 1;

-- name: applications
-- A page of the applications at some stages.
SELECT id, kind, identity_type, identity_number, name, stage, revision, document, sealed, digest,
       wanted, coalesce(enterprise, 0) AS enterprise, submitted_at, changed_at, version
  FROM application WHERE stage = ANY ($1) AND id > $2 ORDER BY id LIMIT $3;

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

-- name: filed
-- How many filing numbers a year has.
SELECT given FROM filing_year WHERE year = $1;

-- name: fresh
-- The number of the next enterprise.
SELECT nextval(pg_get_serial_sequence('enterprise', 'id'));

-- name: keep_application
-- An application as it stands now.
INSERT INTO application (id, kind, identity_type, identity_number, name, stage, revision, document,
                         sealed, digest, wanted, enterprise, submitted_at, changed_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, nullif($12, 0), $13, $14, $15)
    ON CONFLICT (id) DO UPDATE SET
       name = $5, stage = $6, revision = $7, document = $8, sealed = $9, digest = $10, wanted = $11,
       enterprise = nullif($12, 0), changed_at = $14, version = $15;

-- name: keep_step
-- What was done to it.
INSERT INTO review_step (application, revision, at, actor, did, reasons)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: keep_member
-- An enterprise as it was approved.
INSERT INTO enterprise (id, identity_type, credit_code, name, industry, state, reason, document,
                        sealed, filing, approved_at, version)
OVERRIDING SYSTEM VALUE
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT (id) DO UPDATE SET
       name = $4, industry = $5, state = $6, reason = $7, document = $8, sealed = $9, version = $12;

-- name: count_filing
-- One filing number more.
INSERT INTO filing_year (year, given) VALUES ($1, 1)
    ON CONFLICT (year) DO UPDATE SET given = filing_year.given + 1;
