-- name: add
-- A new webhook, unless its enterprise has one of the name. Returns its name when it is new.
INSERT INTO webhook (enterprise, name, url, sealed, xid, id, next_at, created_at)
VALUES ($1, $2, $3, $4, $5::text::xid8, $6, $7, $8)
    ON CONFLICT (enterprise, name) DO NOTHING
RETURNING name;

-- name: count
-- How many webhooks an enterprise has.
SELECT count(*) FROM webhook WHERE enterprise = $1;

-- name: list
-- An enterprise's webhooks by name.
SELECT *, xid::text AS "transaction" FROM webhook WHERE enterprise = $1 ORDER BY name;

-- name: find
-- One webhook.
SELECT *, xid::text AS "transaction" FROM webhook WHERE enterprise = $1 AND name = $2;

-- name: due
-- Webhooks that may be told of something by now, those first that have waited longest.
SELECT *, xid::text AS "transaction" FROM webhook
 WHERE NOT parked AND next_at <= $1
 ORDER BY next_at
 LIMIT $2;

-- name: keep
-- A webhook as it is after an attempt, unless somebody else made one meanwhile ($3, $4: from where).
UPDATE webhook
   SET xid = $5::text::xid8, id = $6, attempts = $7, failing_since = $8, next_at = $9, parked = $10
 WHERE enterprise = $1 AND name = $2 AND xid = $3::text::xid8 AND id = $4
RETURNING name;

-- name: renew
-- What signs for a webhook from now on, unless somebody else changed it meanwhile ($3).
UPDATE webhook SET sealed = $4 WHERE enterprise = $1 AND name = $2 AND sealed = $3 RETURNING name;

-- name: remove
-- No such webhook any more.
DELETE FROM webhook WHERE enterprise = $1 AND name = $2 RETURNING name;

-- name: note
-- What came of an attempt.
INSERT INTO webhook_delivery
    (enterprise, name, delivery, at, attempt, changes, status, error, milliseconds)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: forget
-- Attempts of a webhook but the newest.
DELETE FROM webhook_delivery
 WHERE enterprise = $1 AND name = $2
   AND id <= (SELECT id FROM webhook_delivery WHERE enterprise = $1 AND name = $2
               ORDER BY id DESC OFFSET $3 LIMIT 1);

-- name: deliveries
-- Attempts of a webhook, newest first.
SELECT delivery, at, attempt, changes, status, error, milliseconds FROM webhook_delivery
 WHERE enterprise = $1 AND name = $2
 ORDER BY id DESC
 LIMIT $3;
