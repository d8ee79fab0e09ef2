-- name: open
-- A new job, unless there is one of its id. Returns its id when it is new.
INSERT INTO job
    (id, enterprise, owner, principal, request, digest, action, reason, selection, state, total,
     created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10, $11, $12)
    ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: count_open
-- How many jobs of an enterprise run (state 1).
SELECT count(*) FROM job
 WHERE enterprise = $1 AND state = 1;

-- name: keep_parts
-- The handles that a job names, in parts.
INSERT INTO job_part (job, number, handles)
SELECT $1, number, handles FROM unnest($2::bytea[]) WITH ORDINALITY AS part (handles, number);

-- name: job
-- One job.
SELECT *, selection::text AS selected FROM job WHERE id = $1;

-- name: newest
-- An enterprise's jobs (0: all there are), newest first, past one of them.
SELECT *, selection::text AS selected
  FROM job
 WHERE ($1 = 0 OR enterprise = $1) AND (created_at, id) < ($2, $3)
 ORDER BY created_at DESC, id DESC
 LIMIT $4;

-- name: running
-- Jobs that are not finished (state 1), oldest first.
SELECT *, selection::text AS selected FROM job WHERE state = 1 ORDER BY created_at, id LIMIT $1;

-- name: part
-- Some of the handles that a job names.
SELECT handles FROM job_part WHERE job = $1 AND number = $2;

-- name: results
-- What became of the rows of one chunk.
SELECT results FROM job_chunk WHERE job = $1 AND number = $2;

-- name: advance
-- The next chunk of a job and what it adds, unless it was ended meanwhile (states: 1 runs, 2 done).
WITH advanced AS (
    UPDATE job
       SET chunks = $2, cursor = $3, changed = changed + $4, unchanged = unchanged + $5,
           rejected = rejected + $6, finished_at = $8,
           state = CASE WHEN $8::bigint > 0 THEN 2 ELSE 1 END
     WHERE id = $1 AND chunks = $2 - 1 AND state = 1
    RETURNING id
)
INSERT INTO job_chunk (job, number, results) SELECT id, $2, $7 FROM advanced
RETURNING number;

-- name: end
-- The end of a job that still ran, before it was done.
UPDATE job SET state = $2, why = $3, finished_at = $4 WHERE id = $1 AND state = 1 RETURNING id;

-- name: drop_parts
-- The handles that a job named, which nobody needs once it has ended.
DELETE FROM job_part WHERE job = $1;
