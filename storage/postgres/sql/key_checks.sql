-- name: exists
-- Whether there is a table of them: not before migration 17.
SELECT to_regclass('key_check') IS NOT NULL;

-- name: kept
-- What is kept.
SELECT secret, value FROM key_check;

-- name: lock
-- Of several nodes that start one decides; the others see what it kept.
LOCK TABLE key_check IN SHARE ROW EXCLUSIVE MODE;

-- name: forget
-- Forget the value of a secret.
DELETE FROM key_check WHERE secret = $1 RETURNING secret;

-- name: keep
-- Keep a value where there is none.
INSERT INTO key_check (secret, value) VALUES ($1, $2)
    ON CONFLICT (secret) DO UPDATE SET value = excluded.value WHERE key_check.value IS NULL;
