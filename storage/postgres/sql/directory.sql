-- name: all
-- The picture of all prefixes.
SELECT prefix, kind, coalesce(enterprise, 0) AS enterprise, enabled, fold_suffix FROM prefix;

-- name: home
-- Allot a prefix, unless it is allotted; caches learn of it.
WITH homed AS (
    INSERT INTO prefix (prefix, kind, enterprise, enabled, fold_suffix)
    VALUES ($1, $2, nullif($3, 0), $4, $5)
        ON CONFLICT (prefix) DO NOTHING
    RETURNING prefix
), told AS (
    INSERT INTO invalidation (packed, directory) SELECT $6, true FROM homed
)
SELECT prefix FROM homed;

-- name: add_enterprise
-- A new enterprise.
INSERT INTO enterprise (name, credit_code, industry) VALUES ($1, $2, $3) RETURNING id;

-- name: enterprises
-- All enterprises.
SELECT id, name, credit_code, industry FROM enterprise ORDER BY id;
