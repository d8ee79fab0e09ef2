-- name: waiting
-- Whether the change log goes on past what was read. (LATERAL: straight to that place of the log.)
SELECT EXISTS (
    SELECT FROM projection p
     CROSS JOIN LATERAL (
        SELECT FROM change WHERE (xid, id) > (p.xid, p.id) ORDER BY xid, id LIMIT 1
     ) c
     WHERE p.name = $1
);

-- name: claim
-- How far the log was read. Only one at a time reads on.
SELECT xid::text AS xid, id FROM projection WHERE name = $1 FOR UPDATE;

-- name: window
-- The next changes past what was read: how many, up to where, and how old the first of all is. What is not settled yet may still get rows before it.
SELECT count(*) AS read, max(w.xid)::text AS xid,
       (array_agg(w.id ORDER BY w.xid DESC, w.id DESC))[1] AS id,
       coalesce((
        SELECT extract(epoch FROM clock_timestamp() - c.at)::float8
          FROM change c
         WHERE (c.xid, c.id) > ($1::text::xid8, $2::bigint)
         ORDER BY c.xid, c.id
         LIMIT 1
       ), 0) AS age
  FROM (
    SELECT xid, id FROM change
     WHERE (xid, id) > ($1::text::xid8, $2::bigint)
       AND xid < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY xid, id
     LIMIT $3
  ) w;

-- name: advance
-- The log was read so far.
UPDATE projection SET xid = $1::text::xid8, id = $2 WHERE name = $3;
