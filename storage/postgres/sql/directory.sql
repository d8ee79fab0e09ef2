-- name: all
-- The picture of all prefixes; with the values of a prefix's active record where they matter: its
-- routes when it is delegated, its namespace (the type's name stands in the blob as it is).
-- Those of an enterprise that is suspended or closed are off, whatever each is by itself.
SELECT p.prefix, p.kind, coalesce(p.enterprise, 0) AS enterprise,
       p.enabled AND coalesce(e.state NOT IN ('suspended', 'closed'), true) AS enabled,
       p.fold_suffix, p.delegated, p.signed, p.keeps, i.wire_values,
       NOT p.enabled AND p.standing IN (3, 4, 5) AS applied,
       NOT p.delegated AND p.hosting <> 4 AS unhosted, p.quota,
       CASE WHEN e.state IN ('suspended', 'closed') THEN 'enterprise_' || e.state
            WHEN p.standing = 2 THEN 'to_be_deleted' ELSE 'disabled' END AS off_as,
       CASE WHEN e.state IN ('suspended', 'closed') THEN e.reason
            WHEN p.enabled THEN '' ELSE p.reason END AS off_reason
  FROM prefix p
  LEFT JOIN enterprise e ON e.id = p.enterprise
  LEFT JOIN identifier i
    ON i.prefix = '0.NA' AND i.key = '0.NA/' || p.prefix AND i.state = 1
   AND (p.delegated OR position('HS_NAMESPACE'::bytea IN i.wire_values) > 0);

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

-- name: hand_over
-- Make a prefix of the node's own an enterprise's, unless something is stored under it or of it
-- (state 5: deleted). Caches learn of it.
WITH handed AS (
    UPDATE prefix
       SET kind = $2, enterprise = $3, enabled = true, standing = 0, fold_suffix = $4,
           approved_at = (extract(epoch FROM now()) * 1000)::bigint, resolvable_at = 0
     WHERE prefix = $1 AND enterprise IS NULL
       AND NOT EXISTS (SELECT FROM identifier WHERE prefix = $1 AND state <> 5)
       AND NOT EXISTS (SELECT FROM identifier
                        WHERE prefix = '0.NA' AND key = $5 AND state <> 5)
    RETURNING prefix
), told AS (
    INSERT INTO invalidation (packed, directory) SELECT $6, true FROM handed
)
SELECT prefix FROM handed;

-- name: delegate
-- Say where names under a prefix live: at another node (hosting 1: not hosted), or here (4: hosted).
-- Caches learn of it.
WITH moved AS (
    UPDATE prefix SET delegated = $2, hosting = CASE WHEN $2 THEN 1 ELSE 4 END
     WHERE prefix = $1
    RETURNING prefix
), told AS (
    INSERT INTO invalidation (packed, directory) SELECT $3, true FROM moved
)
SELECT prefix FROM moved;

-- name: sign
-- Say whether the node signs what is written under a prefix. Caches learn of it.
WITH marked AS (
    UPDATE prefix SET signed = $2 WHERE prefix = $1 RETURNING prefix
), told AS (
    INSERT INTO invalidation (packed, directory) SELECT $3, true FROM marked
)
SELECT prefix FROM marked;

-- name: keep
-- Say whether names under a prefix that were active stay taken. Caches learn of it.
WITH marked AS (
    UPDATE prefix SET keeps = $2 WHERE prefix = $1 RETURNING prefix
), told AS (
    INSERT INTO invalidation (packed, directory) SELECT $3, true FROM marked
)
SELECT prefix FROM marked;

-- name: enable
-- Switch a prefix on or off, unless it is so already or is applied for (standing 3 to 5). Caches
-- learn of it.
WITH switched AS (
    UPDATE prefix SET enabled = $2, standing = 0, reason = ''
     WHERE prefix = $1 AND enabled <> $2 AND standing NOT IN (3, 4, 5)
    RETURNING prefix
), told AS (
    INSERT INTO invalidation (packed, directory) SELECT $3, true FROM switched
)
SELECT prefix FROM switched;

-- name: add_enterprise
-- A new enterprise.
INSERT INTO enterprise (name, credit_code, industry) VALUES ($1, $2, $3) RETURNING id;

-- name: enterprises
-- All enterprises.
SELECT id, name, credit_code, industry FROM enterprise ORDER BY id;
