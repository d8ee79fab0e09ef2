-- name: changes
-- The log past a place in the order of commits; only what is settled, as before the rest rows may still come. (Of the table: a text of digits has another order, and no index.)
SELECT xid::text AS xid, id, change, key, version, kind,
       floor(extract(epoch FROM at) * 1000)::bigint AS at
  FROM change
 WHERE (xid, id) > ($1::text::xid8, $2::bigint)
   AND xid < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY change.xid, id
 LIMIT $3;

-- name: end
-- The place behind all that is settled.
SELECT xid::text AS xid, id FROM change
 WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY change.xid DESC, id DESC
 LIMIT 1;

-- name: acknowledged
-- How far a consumer says it has read.
SELECT xid::text AS xid, id FROM feed_cursor WHERE enterprise = $1 AND consumer = $2;

-- name: acknowledge
-- A consumer has read so far; never backwards.
INSERT INTO feed_cursor AS known (enterprise, consumer, xid, id, at)
VALUES ($1, $2, $3::text::xid8, $4, $5)
    ON CONFLICT (enterprise, consumer) DO UPDATE
   SET xid = excluded.xid, id = excluded.id, at = excluded.at
 WHERE (known.xid, known.id) < (excluded.xid, excluded.id);
