-- The life of identifiers: who wrote which version, names that stay taken, bulk changes of state.

-- The transaction that wrote a version: change log and audit log are read by it. NULL: written
-- before there was this column. Set beside the column, so that no table is written anew.
ALTER TABLE identifier ADD COLUMN xid xid8;
ALTER TABLE identifier ALTER COLUMN xid SET DEFAULT pg_current_xact_id();
ALTER TABLE identifier_history ADD COLUMN xid xid8;

-- Versions that were replaced long ago are dropped: they lie in the order of that time.
CREATE INDEX identifier_history_replaced ON identifier_history USING brin (replaced_at);

-- Identifiers under such a prefix that were active may not be deleted.
ALTER TABLE prefix ADD COLUMN keeps boolean NOT NULL DEFAULT false;

-- Bulk changes of state, as far as they are committed.
CREATE TABLE job (
    id          uuid PRIMARY KEY,
    enterprise  integer NOT NULL,           -- 0: the node's
    owner       text COLLATE "C" NOT NULL,  -- for whom it is done: key:ID or account:NUMBER
    principal   text COLLATE "C" NOT NULL,  -- how the audit log names him
    request     text NOT NULL,
    digest      bytea NOT NULL,             -- of what was asked
    action      text NOT NULL,
    reason      text NOT NULL,
    selection   jsonb NOT NULL,             -- a prefix with a filter, or how many parts
    state       smallint NOT NULL,          -- identifiers.jobs.JobState
    why         text NOT NULL DEFAULT '',   -- why it was stopped: the code of a problem
    chunks      integer NOT NULL DEFAULT 0,
    cursor      text COLLATE "C" NOT NULL DEFAULT '',
    total       bigint NOT NULL,
    changed     bigint NOT NULL DEFAULT 0,
    unchanged   bigint NOT NULL DEFAULT 0,
    rejected    bigint NOT NULL DEFAULT 0,
    created_at  bigint NOT NULL,            -- epoch milliseconds
    finished_at bigint NOT NULL DEFAULT 0   -- epoch milliseconds; 0: not yet
);

CREATE INDEX job_newest ON job (enterprise, created_at, id);
CREATE INDEX job_open ON job (created_at, id) WHERE state = 1;

-- What a job is about when it names handles, in the parts in which it is done.
CREATE TABLE job_part (
    job     uuid NOT NULL REFERENCES job,
    number  integer NOT NULL,               -- from 1
    handles bytea NOT NULL,                 -- compressed JSON
    PRIMARY KEY (job, number)
);

ALTER TABLE job_part ALTER COLUMN handles SET STORAGE EXTERNAL;

-- What became of the rows of each chunk.
CREATE TABLE job_chunk (
    job     uuid NOT NULL REFERENCES job,
    number  integer NOT NULL,               -- from 1
    results bytea NOT NULL,                 -- compressed NDJSON
    PRIMARY KEY (job, number)
);

ALTER TABLE job_chunk ALTER COLUMN results SET STORAGE EXTERNAL;
