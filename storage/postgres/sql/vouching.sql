-- name: keep_version
-- What an enterprise is from now on, and what made it so.
INSERT INTO enterprise_version (enterprise, identity_type, credit_code, name, industry, state,
                                reason, document, sealed, filing, approved_at, version,
                                at, actor, did, application)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- name: verification
-- What came of the newest verification of an organisation.
SELECT outcome, method, at, actor, note FROM verification
 WHERE identity_number = $2 AND identity_type = $1 ORDER BY id DESC LIMIT 1;

-- name: keep_verification
-- What came of a verification.
INSERT INTO verification (identity_type, identity_number, outcome, method, at, actor, note)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: certificate
-- A certificate.
SELECT serial, enterprise, name, identity_type, identity_number, filing, prefix, token, issued_at,
       expires_at, issued_by, value_index, revoked_at, reason
  FROM certificate WHERE serial = $1;

-- name: in_force
-- The newest certificate of an enterprise that is not revoked.
SELECT serial, enterprise, name, identity_type, identity_number, filing, prefix, token, issued_at,
       expires_at, issued_by, value_index, revoked_at, reason
  FROM certificate WHERE enterprise = $1 AND revoked_at = 0
 ORDER BY issued_at DESC, serial DESC LIMIT 1;

-- name: certificates
-- A page of the certificates of an enterprise (0: of all), by serial number.
SELECT serial, enterprise, name, identity_type, identity_number, filing, prefix, token, issued_at,
       expires_at, issued_by, value_index, revoked_at, reason
  FROM certificate WHERE ($1 = 0 OR enterprise = $1) AND serial > $2 ORDER BY serial LIMIT $3;

-- name: keep_certificate
-- A certificate as it stands now.
INSERT INTO certificate (serial, enterprise, name, identity_type, identity_number, filing, prefix,
                         token, issued_at, expires_at, issued_by, value_index, revoked_at, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (serial) DO UPDATE SET value_index = $12, revoked_at = $13, reason = $14;

-- name: notices
-- What the national node is to be told next.
SELECT id, kind, subject, at FROM national_notice ORDER BY id LIMIT $1;

-- name: keep_notice
-- Something more to tell it.
INSERT INTO national_notice (kind, subject, at) VALUES ($1, $2, $3);

-- name: settle
-- It was told.
DELETE FROM national_notice WHERE id = $1;

-- name: tell
-- Caches learn that prefixes stand otherwise.
INSERT INTO invalidation (packed, directory) VALUES ($1, true);
