-- name: holding
-- One prefix as it is kept.
SELECT p.prefix, p.kind, coalesce(p.enterprise, 0) AS enterprise, coalesce(e.name, '') AS holder,
       CASE WHEN p.enabled THEN 1 ELSE p.standing END AS state,
       CASE WHEN p.delegated AND p.hosting = 4 THEN 1 ELSE p.hosting END AS hosting, p.delegated,
       p.reason, p.quota, (extract(epoch FROM p.allotted_at) * 1000)::bigint AS created_at,
       p.approved_at, p.resolvable_at, p.revision
  FROM prefix p
  LEFT JOIN enterprise e ON e.id = p.enterprise
 WHERE p.prefix = $1;

-- name: several
-- Some prefixes as they are kept.
SELECT p.prefix, p.kind, coalesce(p.enterprise, 0) AS enterprise, coalesce(e.name, '') AS holder,
       CASE WHEN p.enabled THEN 1 ELSE p.standing END AS state,
       CASE WHEN p.delegated AND p.hosting = 4 THEN 1 ELSE p.hosting END AS hosting, p.delegated,
       p.reason, p.quota, (extract(epoch FROM p.allotted_at) * 1000)::bigint AS created_at,
       p.approved_at, p.resolvable_at, p.revision
  FROM prefix p
  LEFT JOIN enterprise e ON e.id = p.enterprise
 WHERE p.prefix = ANY ($1::text[]);

-- name: sought
-- A page of the prefixes that fit, by their text.
SELECT p.prefix, p.kind, coalesce(p.enterprise, 0) AS enterprise, coalesce(e.name, '') AS holder,
       CASE WHEN p.enabled THEN 1 ELSE p.standing END AS state,
       CASE WHEN p.delegated AND p.hosting = 4 THEN 1 ELSE p.hosting END AS hosting, p.delegated,
       p.reason, p.quota, (extract(epoch FROM p.allotted_at) * 1000)::bigint AS created_at,
       p.approved_at, p.resolvable_at, p.revision
  FROM prefix p
  LEFT JOIN enterprise e ON e.id = p.enterprise
 WHERE ($1::integer IS NULL OR coalesce(p.enterprise, 0) = $1)
   AND ($2::integer IS NULL OR CASE WHEN p.enabled THEN 1 ELSE p.standing END = $2)
   AND ($3::integer IS NULL
        OR CASE WHEN p.delegated AND p.hosting = 4 THEN 1 ELSE p.hosting END = $3)
   AND strpos(p.prefix, $4) > 0
   AND strpos(coalesce(e.name, ''), $5) > 0
   AND (extract(epoch FROM p.allotted_at) * 1000)::bigint >= $6
   AND (extract(epoch FROM p.allotted_at) * 1000)::bigint < $7
   AND (coalesce(p.enterprise, 0) <> 0 OR NOT $8)
   AND p.prefix > $9
 ORDER BY p.prefix
 LIMIT $10 OFFSET $11;

-- name: count_sought
-- How many prefixes fit.
SELECT count(*) AS sought
  FROM prefix p
  LEFT JOIN enterprise e ON e.id = p.enterprise
 WHERE ($1::integer IS NULL OR coalesce(p.enterprise, 0) = $1)
   AND ($2::integer IS NULL OR CASE WHEN p.enabled THEN 1 ELSE p.standing END = $2)
   AND ($3::integer IS NULL
        OR CASE WHEN p.delegated AND p.hosting = 4 THEN 1 ELSE p.hosting END = $3)
   AND strpos(p.prefix, $4) > 0
   AND strpos(coalesce(e.name, ''), $5) > 0
   AND (extract(epoch FROM p.allotted_at) * 1000)::bigint >= $6
   AND (extract(epoch FROM p.allotted_at) * 1000)::bigint < $7
   AND (coalesce(p.enterprise, 0) <> 0 OR NOT $8);

-- name: keep
-- A prefix as it stands now; when it is first switched on it is approved. Caches learn of it.
WITH kept AS (
    INSERT INTO prefix AS p (prefix, kind, enterprise, enabled, fold_suffix, standing, hosting,
                             delegated, reason, quota, approved_at, revision)
    VALUES ($1, $2, nullif($3, 0), $4, false, $5, $6, $7, $8, $9,
            CASE WHEN $4 THEN (extract(epoch FROM now()) * 1000)::bigint ELSE 0 END, $10)
        ON CONFLICT (prefix) DO UPDATE
       SET kind = $2, enterprise = nullif($3, 0), enabled = $4, standing = $5, hosting = $6,
           delegated = $7, reason = $8, quota = $9, revision = $10,
           approved_at = CASE WHEN $4 AND p.approved_at = 0
                              THEN (extract(epoch FROM now()) * 1000)::bigint
                              ELSE p.approved_at END
    RETURNING prefix
)
INSERT INTO invalidation (packed, directory) SELECT $11, true FROM kept;

-- name: remove
-- Forget a prefix, unless something is stored under it or of it (state 5: deleted), or replaced
-- versions are still kept: whoever gets the prefix next would read them. Caches learn.
WITH gone AS (
    DELETE FROM prefix
     WHERE prefix = $1
       AND NOT EXISTS (SELECT FROM identifier WHERE prefix = $1 AND state <> 5)
       AND NOT EXISTS (SELECT FROM identifier
                        WHERE prefix = '0.NA' AND key = $2 AND state <> 5)
       AND NOT EXISTS (SELECT FROM identifier_history WHERE prefix = $1)
    RETURNING prefix
), told AS (
    INSERT INTO invalidation (packed, directory) SELECT $3, true FROM gone
)
SELECT prefix FROM gone;

-- name: used
-- Which prefixes have something stored under them or of them (state 5: deleted), or versions kept.
SELECT a.prefix
  FROM unnest($1::text[], $2::text[]) AS a (prefix, record)
 WHERE EXISTS (SELECT FROM identifier i WHERE i.prefix = a.prefix AND i.state <> 5)
    OR EXISTS (SELECT FROM identifier i
                WHERE i.prefix = '0.NA' AND i.key = a.record AND i.state <> 5)
    OR EXISTS (SELECT FROM identifier_history h WHERE h.prefix = a.prefix);

-- name: owners
-- Where some enterprises stand, and what they are called.
SELECT id, name, state FROM enterprise WHERE id = ANY ($1::integer[]);

-- name: application
-- An application for a prefix.
SELECT id, enterprise, prefix, purpose, hosted, stage, revision, reasons, digest, submitted_at,
       changed_at, version
  FROM prefix_application WHERE id = $1;

-- name: twin
-- The open application of an enterprise that says the same.
SELECT id, enterprise, prefix, purpose, hosted, stage, revision, reasons, digest, submitted_at,
       changed_at, version
  FROM prefix_application
 WHERE enterprise = $1 AND digest = $2 AND stage IN ('submitted', 'passed', 'rejected')
 ORDER BY id
 LIMIT 1;

-- name: applications
-- A page of the applications, of an enterprise or of all, open ones only or all.
SELECT id, enterprise, prefix, purpose, hosted, stage, revision, reasons, digest, submitted_at,
       changed_at, version
  FROM prefix_application
 WHERE id > $2 AND ($1::integer IS NULL OR enterprise = $1)
   AND (NOT $3::boolean OR stage IN ('submitted', 'passed', 'rejected'))
 ORDER BY id
 LIMIT $4;

-- name: keep_application
-- An application as it stands now.
INSERT INTO prefix_application (id, enterprise, prefix, purpose, hosted, stage, revision, reasons,
                                digest, submitted_at, changed_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT (id) DO UPDATE SET
       purpose = $4, hosted = $5, stage = $6, revision = $7, reasons = $8, digest = $9,
       changed_at = $11, version = $12;

-- name: rule
-- How labels are given below a secondary prefix.
SELECT first, digits, reserved, keep_vanity FROM allotment_rule WHERE root = $1;

-- name: keep_rule
-- The same, as it is from now on.
INSERT INTO allotment_rule (root, first, digits, reserved, keep_vanity)
VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (root) DO UPDATE SET first = $2, digits = $3, reserved = $4, keep_vanity = $5;

-- name: history
-- What was done to a prefix, newest first, before the entry ($2, $3).
SELECT xid::text::bigint AS xid, id, at, actor, action, subject, request, detail, root
  FROM audit
 WHERE action LIKE 'prefix.%' AND subject = $1 AND (xid, id) < ($2::text::xid8, $3)
 ORDER BY audit.xid DESC, id DESC
 LIMIT $4;

-- name: unproven
-- Enterprises' prefixes (kind 2) that are switched on and were not seen to resolve yet.
SELECT prefix FROM prefix
 WHERE resolvable_at = 0 AND kind = 2 AND enabled AND approved_at > 0
 ORDER BY prefix
 LIMIT $1;

-- name: prove
-- Every worker answers for these by now.
UPDATE prefix
   SET resolvable_at = greatest(approved_at, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
 WHERE prefix = ANY ($1::text[]) AND resolvable_at = 0 AND approved_at > 0
RETURNING prefix;
