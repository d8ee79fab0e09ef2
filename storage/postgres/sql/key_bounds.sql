-- name: of
-- The bounds of the keys of a record, by index.
SELECT * FROM key_bounds WHERE handle = $1 ORDER BY index;

-- name: handles
-- The records that have keys with bounds.
SELECT DISTINCT handle FROM key_bounds ORDER BY handle;

-- name: keep
-- Bounds of a key, in the place of those that it had.
INSERT INTO key_bounds (handle, index, expires_at, networks, set_by, set_at)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (handle, index)
    DO UPDATE SET expires_at = $3, networks = $4, set_by = $5, set_at = $6;

-- name: drop
-- Forget the bounds of a key.
DELETE FROM key_bounds WHERE handle = $1 AND index = $2;
