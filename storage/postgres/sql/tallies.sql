-- name: claim
-- Let a process add its tally of this number, once; no row: it was added before.
INSERT INTO tally_process AS known (process, number) VALUES ($1, $2)
    ON CONFLICT (process) DO UPDATE SET number = excluded.number, at = now()
 WHERE known.number < excluded.number
RETURNING number;

-- name: open_day
-- Have a row for the day.
INSERT INTO resolved_day (day) VALUES ($1) ON CONFLICT (day) DO NOTHING;

-- name: prefixes
-- Add look-ups by prefix. All rows are locked in one order, here and below.
INSERT INTO resolved_prefix AS kept (day, prefix, queries, found)
SELECT $1, prefix, sum(queries), sum(found)
  FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS given (prefix, queries, found)
 GROUP BY prefix COLLATE "C", prefix
 ORDER BY prefix COLLATE "C"
    ON CONFLICT (day, prefix)
    DO UPDATE SET queries = kept.queries + excluded.queries, found = kept.found + excluded.found;

-- name: sources
-- Add look-ups by prefix and source; where the day has $5 pairs already, new ones are "other".
WITH full_ AS (
    SELECT sources >= $5::bigint AS is FROM resolved_day WHERE day = $1
), fitting AS (
    SELECT given.prefix COLLATE "C" AS prefix,
           CASE WHEN full_.is AND NOT EXISTS (
                    SELECT FROM resolved_source known
                     WHERE known.day = $1 AND known.prefix = given.prefix
                       AND known.source = given.source)
                THEN 'other' ELSE given.source END COLLATE "C" AS source,
           given.queries
      FROM unnest($2::text[], $3::text[], $4::bigint[]) AS given (prefix, source, queries), full_
), added AS (
    INSERT INTO resolved_source AS kept (day, prefix, source, queries)
    SELECT $1, prefix, source, sum(queries) FROM fitting GROUP BY 2, 3 ORDER BY 2, 3
        ON CONFLICT (day, prefix, source) DO UPDATE SET queries = kept.queries + excluded.queries
    RETURNING (xmax = 0) AS new
)
UPDATE resolved_day SET sources = sources + (SELECT count(*) FROM added WHERE new) WHERE day = $1;

-- name: latency
-- Add answers by transport and the bound of their bucket.
INSERT INTO resolved_latency AS kept (day, transport, bound, answers)
SELECT $1, transport, bound, answers
  FROM unnest($2::text[], $3::double precision[], $4::bigint[]) AS given (transport, bound, answers)
 ORDER BY transport COLLATE "C", bound
    ON CONFLICT (day, transport, bound) DO UPDATE SET answers = kept.answers + excluded.answers;

-- name: seconds
-- Add answers by second, and raise the day's peak when the sum over all processes is above it.
WITH added AS (
    INSERT INTO resolved_second AS kept (at, answers)
    SELECT at, answers FROM unnest($2::bigint[], $3::bigint[]) AS given (at, answers) ORDER BY at
        ON CONFLICT (at) DO UPDATE SET answers = kept.answers + excluded.answers
    RETURNING at, answers
), most AS (
    SELECT at, answers FROM added ORDER BY answers DESC, at LIMIT 1
)
UPDATE resolved_day SET peak = most.answers, peak_at = most.at
  FROM most WHERE day = $1 AND most.answers > peak;

-- name: extremes
-- Add the time that answers took, and note the quickest and the slowest.
UPDATE resolved_day
   SET seconds = seconds + $2,
       quickest = least(quickest, $3),
       quickest_at = CASE WHEN $3 < quickest THEN $4 ELSE quickest_at END,
       slowest = greatest(slowest, $5),
       slowest_at = CASE WHEN $5 > slowest THEN $6 ELSE slowest_at END
 WHERE day = $1;

-- name: day
-- What is known of a day as a whole.
SELECT * FROM resolved_day WHERE day = $1;

-- name: by_prefix
-- Look-ups of a day by prefix.
SELECT prefix, queries, found FROM resolved_prefix WHERE day = $1 ORDER BY prefix;

-- name: by_source
-- Look-ups of a day by prefix and source, the most first.
SELECT prefix, source, queries FROM resolved_source
 WHERE day = $1 ORDER BY prefix, queries DESC, source;

-- name: by_latency
-- Answers of a day by transport and bound.
SELECT transport, bound, answers FROM resolved_latency WHERE day = $1 ORDER BY transport, bound;

-- name: prune_seconds
-- Seconds are needed for as long as a process may be late with its tally.
DELETE FROM resolved_second WHERE at < extract(epoch FROM now() - interval '2 days');

-- name: prune_processes
-- Processes that told nothing for days have ended.
DELETE FROM tally_process WHERE at < now() - interval '2 days';

-- name: prune_sources
-- Addresses are kept for as long as reports may be asked for.
DELETE FROM resolved_source WHERE day < (now() AT TIME ZONE 'UTC')::date - 400;
