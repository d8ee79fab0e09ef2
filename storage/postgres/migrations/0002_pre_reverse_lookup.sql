-- Reverse look-up: a projection of the change log. Nothing here is newer than PostgreSQL 14.

-- How far each projection has read the change log, which is read by (xid, id). Moved on in the
-- transaction that writes what was read, so that a projection survives any end of its process.
CREATE TABLE projection (
    name text PRIMARY KEY,
    xid  xid8 NOT NULL,
    id   bigint NOT NULL
);

INSERT INTO projection VALUES ('reverse_lookup', '0', 0);

-- What anybody may read of active identifiers and is a short text (identifiers.reverse).
CREATE TABLE reverse_lookup (
    type  text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,        -- at most 1,024 octets: the key must fit a page
    key   text COLLATE "C" NOT NULL,        -- the canonical handle
    name  text,                             -- as registered; NULL: equal to the key
    PRIMARY KEY (type, value, key)
);

CREATE INDEX reverse_lookup_key ON reverse_lookup (key);

-- Patterns that begin with a wildcard need trigrams. Without the extension, or the right to make it,
-- or when it is in a schema that is not on the search path, such searches look through a bounded
-- number of values (docs/protocol.md).
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX reverse_lookup_trigram ON reverse_lookup USING gin (value gin_trgm_ops);
EXCEPTION
    WHEN undefined_file OR undefined_object OR feature_not_supported OR insufficient_privilege THEN
        RAISE NOTICE 'reverse look-up does without trigrams: %', SQLERRM;
END
$$;
