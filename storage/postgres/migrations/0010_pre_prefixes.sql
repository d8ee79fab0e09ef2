-- Prefixes as they are managed: states, hosting, quotas, when they came to be resolvable.
-- `enabled` stays what it was; `standing` is where a prefix is while it is not enabled.
ALTER TABLE prefix
    ADD COLUMN standing      smallint NOT NULL DEFAULT 0,  -- identifiers.standings.PrefixState
    ADD COLUMN hosting       smallint NOT NULL DEFAULT 4,  -- identifiers.standings.Hosting
    ADD COLUMN reason        text NOT NULL DEFAULT '',
    ADD COLUMN quota         bigint,                       -- identifiers under it; NULL: no matter
    ADD COLUMN approved_at   bigint NOT NULL DEFAULT 0,    -- epoch milliseconds, as the next one
    ADD COLUMN resolvable_at bigint NOT NULL DEFAULT 0,
    ADD COLUMN revision      bigint NOT NULL DEFAULT 1;

UPDATE prefix SET hosting = 1 WHERE delegated;

-- Whoever homes a prefix approves it: the last review passed into the database just then.
ALTER TABLE prefix
    ALTER COLUMN approved_at SET DEFAULT (extract(epoch FROM now()) * 1000)::bigint;

CREATE INDEX prefix_enterprise ON prefix (enterprise, prefix);
CREATE INDEX prefix_unproven ON prefix (prefix) WHERE resolvable_at = 0;

CREATE TABLE prefix_application (
    id           uuid PRIMARY KEY,
    enterprise   integer NOT NULL REFERENCES enterprise,
    prefix       text COLLATE "C" NOT NULL,
    purpose      text NOT NULL,
    hosted       boolean NOT NULL,
    stage        text NOT NULL,          -- identifiers.enterprises.review.Stage
    revision     integer NOT NULL,
    reasons      text[] NOT NULL,
    digest       bytea NOT NULL,
    submitted_at bigint NOT NULL,        -- epoch seconds, as changed_at
    changed_at   bigint NOT NULL,
    version      bigint NOT NULL
);

CREATE UNIQUE INDEX prefix_application_open ON prefix_application (prefix)
    WHERE stage IN ('submitted', 'passed', 'rejected');
CREATE INDEX prefix_application_enterprise ON prefix_application (enterprise, id);

-- How labels are given below a secondary prefix; without a row: by the rule that needs no row.
CREATE TABLE allotment_rule (
    root        text COLLATE "C" PRIMARY KEY,
    first       bigint NOT NULL,
    digits      smallint NOT NULL,
    reserved    text[] NOT NULL,         -- ranges, such as 1-99
    keep_vanity boolean NOT NULL
);

-- The history of a prefix is read from the audit log. Entries about identifiers are not indexed.
CREATE INDEX audit_prefix ON audit (subject, xid, id) WHERE action LIKE 'prefix.%';
