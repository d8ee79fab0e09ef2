-- name: partitions
-- Partitions of stored answers by day, the default one left out.
SELECT c.relname AS name
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'idempotency'::regclass AND c.relname <> 'idempotency_default';

-- name: today
-- The server's day, in UTC.
SELECT (now() AT TIME ZONE 'UTC')::date AS today;

-- name: sweep_default
-- Answers that fell into the default partition and are past their time.
DELETE FROM idempotency_default WHERE stored_at < $1::date::timestamp AT TIME ZONE 'UTC';

-- name: prune_news
-- Note the horizon, and take away the news below where it was 15 minutes ago.
WITH noted AS (
    INSERT INTO invalidation_horizon (xid) VALUES (pg_snapshot_xmin(pg_current_snapshot()))
), past AS (
    DELETE FROM invalidation_horizon WHERE at < now() - interval '15 minutes' RETURNING xid
), raised AS (
    UPDATE invalidation_kept
       SET floor = greatest(floor, (SELECT xid FROM past ORDER BY xid DESC LIMIT 1))
     WHERE EXISTS (SELECT FROM past)
    RETURNING floor
)
DELETE FROM invalidation WHERE xid < (SELECT floor FROM raised);
