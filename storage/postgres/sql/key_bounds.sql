-- name: of
-- The bounds of the keys of some records, by name and index.
SELECT * FROM key_bounds WHERE handle = ANY($1::text[]) ORDER BY handle, index;

-- name: handles
-- The records past a name that have keys with bounds, in order.
SELECT DISTINCT handle FROM key_bounds WHERE handle > $1 ORDER BY handle LIMIT $2;

-- name: add
-- Bounds of a key that has none.
INSERT INTO key_bounds (handle, index, expires_at, networks, set_by, set_at)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (handle, index) DO NOTHING
RETURNING index;

-- name: change
-- Bounds of a key, in the place of those that were set then.
UPDATE key_bounds
   SET expires_at = $3, networks = $4, set_by = $5, set_at = $6
 WHERE handle = $1 AND index = $2 AND set_at = $7
RETURNING index;

-- name: drop
-- Forget the bounds of a key that were set then.
DELETE FROM key_bounds WHERE handle = $1 AND index = $2 AND set_at = $3
RETURNING index;

-- name: none
-- Whether a key has no bounds.
SELECT 1 WHERE NOT EXISTS (SELECT FROM key_bounds WHERE handle = $1 AND index = $2);
