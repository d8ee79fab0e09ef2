-- name: add
-- A new API key.
INSERT INTO api_key
    (id, enterprise, hashed, scopes, prefixes, networks, label, created_at, expires_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: find
-- One API key, revoked and expired ones too.
SELECT * FROM api_key WHERE id = $1;

-- name: every
-- All API keys, revoked and expired ones too.
SELECT * FROM api_key ORDER BY enterprise, created_at, id COLLATE "C";

-- name: revoke
-- End a key that is in force.
UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0 RETURNING id;
