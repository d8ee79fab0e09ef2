-- Identifiers with their history and change log, audit, stored answers, cache news, prefixes,
-- keys and imports. Nothing here is newer than PostgreSQL 14.

-- Records. A deleted one keeps its row, so that its version goes on rising. Partitioned by the hash
-- of the prefix from day one: that leaves distributed Postgres open (docs/architecture.md).
CREATE TABLE identifier (
    prefix      text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,  -- the canonical handle, prefix included
    name        text,                       -- as registered; NULL: equal to the key
    version     bigint NOT NULL,
    state       smallint NOT NULL,          -- identifiers.records.State
    reason      text NOT NULL DEFAULT '',
    template    text,
    wire_values bytea NOT NULL,             -- finished wire form of all values
    created_at  bigint NOT NULL,            -- epoch seconds, as changed_at
    changed_at  bigint NOT NULL,
    PRIMARY KEY (prefix, key)
) PARTITION BY HASH (prefix);

DO $$
BEGIN
    FOR part IN 0..15 LOOP
        EXECUTE format(
            'CREATE TABLE identifier_%s PARTITION OF identifier '
            'FOR VALUES WITH (MODULUS 16, REMAINDER %s) WITH (fillfactor = 90)', part, part);
    END LOOP;
END
$$;

-- Replaced versions, kept at least 180 days.
CREATE TABLE identifier_history (
    prefix      text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    version     bigint NOT NULL,
    name        text,
    state       smallint NOT NULL,
    reason      text NOT NULL,
    template    text,
    wire_values bytea NOT NULL,
    changed_at  bigint NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (prefix, key, version)
);

-- The change log and outbox: one row per record version. Read in commit order: only rows with
-- xid < pg_snapshot_xmin(pg_current_snapshot()), by (xid, id).
CREATE TABLE change (
    id      bigint GENERATED ALWAYS AS IDENTITY,
    xid     xid8 NOT NULL DEFAULT pg_current_xact_id(),
    change  uuid NOT NULL,                  -- the id in the acknowledgement
    prefix  text COLLATE "C" NOT NULL,
    key     text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    kind    smallint NOT NULL,              -- identifiers.changes.ChangeKind
    at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (xid, id)
);

-- The audit log: append-only.
CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY,
    xid     xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at      bigint NOT NULL,                -- epoch milliseconds
    actor   text NOT NULL,
    action  text NOT NULL,
    subject text NOT NULL,
    request text NOT NULL,
    detail  bytea NOT NULL,                 -- a JSON object, octet by octet as it is hashed
    root    bytea NOT NULL,                 -- RFC 9162 tree hash over the rows of a bulk chunk
    PRIMARY KEY (xid, id)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- First answers to requests with an Idempotency-Key, one partition a day (storage/postgres/
-- upkeep.py). One answer per request is held by the request's lock, not by an index: a unique
-- index cannot span partitions.
CREATE TABLE idempotency (
    principal text COLLATE "C" NOT NULL,
    key       text COLLATE "C" NOT NULL,
    digest    bytea NOT NULL,               -- SHA-256 of what was asked
    status    smallint NOT NULL,
    headers   bytea NOT NULL,               -- msgpack: [[name, value], …]
    body      bytea NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, key, stored_at)
) PARTITION BY RANGE (stored_at);

CREATE TABLE idempotency_default PARTITION OF idempotency DEFAULT;

-- News for caches: one row per transaction.
CREATE TABLE invalidation (
    xid       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    packed    bytea NOT NULL,               -- msgpack: [[key, version], …]
    directory boolean NOT NULL DEFAULT false,
    at        timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX invalidation_xid ON invalidation (xid);

-- One row: no news below `floor` is kept any more.
CREATE TABLE invalidation_kept (floor xid8 NOT NULL);

INSERT INTO invalidation_kept VALUES ('0');

-- The transaction horizon minute by minute: the floor is where it was 15 minutes ago, so that
-- whoever polled since then has missed nothing, however long transactions took.
CREATE TABLE invalidation_horizon (
    at  timestamptz NOT NULL DEFAULT now(),
    xid xid8 NOT NULL
);

CREATE TABLE enterprise (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL,
    credit_code text NOT NULL,              -- unified social credit code, GB 32100
    industry    text NOT NULL,              -- GB/T 4754
    added_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE prefix (
    prefix      text COLLATE "C" PRIMARY KEY,
    kind        smallint NOT NULL,          -- identifiers.directory.PrefixKind
    enterprise  integer REFERENCES enterprise,  -- NULL: the node's own
    enabled     boolean NOT NULL,
    fold_suffix boolean NOT NULL,
    allotted_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_key (
    id         text COLLATE "C" PRIMARY KEY,
    enterprise integer NOT NULL REFERENCES enterprise,
    hashed     bytea NOT NULL,              -- peppered HMAC-SHA-256, never the secret
    scopes     text[] NOT NULL,
    prefixes   text[] NOT NULL,
    networks   cidr[] NOT NULL,
    label      text NOT NULL,
    created_at bigint NOT NULL,             -- epoch seconds, as the next two
    expires_at bigint NOT NULL,
    revoked_at bigint NOT NULL DEFAULT 0
);

CREATE TABLE import (
    id          uuid PRIMARY KEY,
    principal   text COLLATE "C" NOT NULL,
    request_key text COLLATE "C" NOT NULL,
    mode        text NOT NULL,
    media_type  text NOT NULL,
    dry_run     boolean NOT NULL,
    state       smallint NOT NULL,          -- identifiers.changes.ImportState
    epoch       integer NOT NULL,           -- raised by each opening; a chunk commits under it
    started_at  bigint NOT NULL,            -- epoch seconds
    finished_at bigint NOT NULL,
    chunks      integer NOT NULL,
    body_offset bigint NOT NULL,
    digest      bytea NOT NULL,
    created     bigint NOT NULL,
    updated     bigint NOT NULL,
    unchanged   bigint NOT NULL,
    rejected    bigint NOT NULL
);

CREATE INDEX import_newest ON import (principal, started_at, id);

CREATE TABLE import_chunk (
    import_id   uuid NOT NULL REFERENCES import,
    number      integer NOT NULL,
    epoch       integer NOT NULL,
    body_offset bigint NOT NULL,
    digest      bytea NOT NULL,
    created     bigint NOT NULL,
    updated     bigint NOT NULL,
    unchanged   bigint NOT NULL,
    rejected    bigint NOT NULL,
    results     bytea NOT NULL,             -- compressed NDJSON
    PRIMARY KEY (import_id, number)
);

ALTER TABLE import_chunk ALTER COLUMN results SET STORAGE EXTERNAL;
