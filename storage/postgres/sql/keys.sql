-- name: add
-- A new API key.
INSERT INTO api_key
    (id, enterprise, hashed, scopes, prefixes, networks, label, created_at, expires_at, revoked_at,
     replaces)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: find
-- One API key, revoked and expired ones too.
SELECT * FROM api_key WHERE id = $1;

-- name: every
-- All API keys, revoked and expired ones too.
SELECT * FROM api_key ORDER BY enterprise, created_at, id COLLATE "C";

-- name: page
-- API keys past an id: of one enterprise, or (NULL) of all.
SELECT * FROM api_key
 WHERE id > $2 AND ($1::integer IS NULL OR enterprise = $1)
 ORDER BY id LIMIT $3;

-- name: shorten
-- Let a key that is in force end sooner; it is not made to live longer.
UPDATE api_key SET expires_at = least(expires_at, $2) WHERE id = $1 AND revoked_at = 0
RETURNING id;

-- name: revoke
-- End a key that is in force.
UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0 RETURNING id;
