-- name: create
-- The list of what was applied.
CREATE TABLE IF NOT EXISTS migration (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   bytea NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: exists
-- Whether there is a list.
SELECT to_regclass('migration') IS NOT NULL;

-- name: applied
-- What was applied.
SELECT number, name, checksum FROM migration ORDER BY number;

-- name: record
-- One more was applied.
INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3);

-- name: server
-- What must be right before anything is made here.
SELECT current_setting('server_version_num')::int AS version,
       current_setting('server_encoding') AS encoding,
       pg_is_in_recovery() AS standby;
