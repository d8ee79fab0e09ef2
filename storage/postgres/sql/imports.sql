-- name: open
-- A new import, or the known one with its epoch raised.
INSERT INTO import
    (id, principal, request_key, mode, media_type, dry_run, state, epoch, started_at, finished_at,
     chunks, body_offset, digest, created, updated, unchanged, rejected)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
    ON CONFLICT (id) DO UPDATE SET epoch = import.epoch + 1
RETURNING *;

-- name: finish
-- The end of an import, under its epoch only.
UPDATE import
   SET state = $3, body_offset = $4, digest = $5, finished_at = $6
 WHERE id = $1 AND epoch = $2
RETURNING id;

-- name: advance
-- The next chunk of an import and what it adds, under its epoch only.
WITH advanced AS (
    UPDATE import
       SET chunks = $3, body_offset = $4, digest = $5, created = created + $6,
           updated = updated + $7, unchanged = unchanged + $8, rejected = rejected + $9
     WHERE id = $1 AND epoch = $2 AND chunks = $3 - 1
    RETURNING id
)
INSERT INTO import_chunk
    (import_id, number, epoch, body_offset, digest, created, updated, unchanged, rejected, results)
SELECT id, $3, $2, $4, $5, $6, $7, $8, $9, $10 FROM advanced
RETURNING number;

-- name: find
-- One import.
SELECT * FROM import WHERE id = $1;

-- name: newest
-- A principal's imports, the newest first.
SELECT * FROM import WHERE principal = $1 ORDER BY started_at DESC, id DESC LIMIT $2;

-- name: chunk
-- One committed chunk.
SELECT * FROM import_chunk WHERE import_id = $1 AND number = $2;
