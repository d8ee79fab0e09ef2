-- name: quotas
-- How many identifiers enterprises may have: by their own limits, and by the quotas of prefixes.
SELECT enterprise, prefix, min(most) AS most
  FROM (SELECT enterprise, prefix, most FROM quota
         UNION ALL
        SELECT enterprise, prefix, quota FROM prefix WHERE quota IS NOT NULL) AS said
 WHERE enterprise IS NOT NULL
 GROUP BY enterprise, prefix;

-- name: rates
-- How many requests enterprises may make.
SELECT enterprise, requests, seconds FROM request_rate;

-- name: lock
-- One change of an enterprise's limits after the other; nothing when there is no such enterprise.
SELECT id FROM enterprise WHERE id = $1 FOR NO KEY UPDATE;

-- name: drop_quotas
-- Forget an enterprise's quotas.
DELETE FROM quota WHERE enterprise = $1;

-- name: drop_rate
-- Forget an enterprise's rate.
DELETE FROM request_rate WHERE enterprise = $1;

-- name: add_quota
-- A quota below a prefix, or ('') of all.
INSERT INTO quota (enterprise, prefix, most) VALUES ($1, $2, $3);

-- name: add_rate
-- A rate of its own.
INSERT INTO request_rate (enterprise, requests, seconds) VALUES ($1, $2, $3);
