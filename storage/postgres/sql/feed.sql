-- name: now
-- The cursor of now: timeline and snapshot. Fails on a standby, whose news may be late.
SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '/' || pg_current_snapshot()::text;

-- name: poll
-- News that was not visible to the snapshot $1, at most $2 octets of it, and the cursor of now; at least one row.
WITH news AS MATERIALIZED (
    SELECT packed, directory
      FROM invalidation
     WHERE xid >= pg_snapshot_xmin($1::text::pg_snapshot)
       AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot)
), now AS (
    SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline,
           pg_current_snapshot() AS snapshot,
           kept.floor > pg_snapshot_xmin($1::text::pg_snapshot)
           OR pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax($1::text::pg_snapshot)
           OR (SELECT sum(octet_length(packed)) FROM news) > $2::bigint
           AS lost
      FROM invalidation_kept kept
)
SELECT now.timeline, now.snapshot::text AS snapshot, coalesce(now.lost, false) AS lost,
       news.packed, news.directory
  FROM now
  LEFT JOIN news ON now.lost IS NOT TRUE;
