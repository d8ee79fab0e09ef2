-- Search: a projection of the change log, read by reverse look-up and by search alike
-- (docs/decisions/0014). Nothing here is newer than PostgreSQL 14. `reverse_lookup` (0002) is left
-- to programs of the release before, until they are gone (0015).

-- The log is read from its beginning, so what there is already becomes findable without more ado.
INSERT INTO projection VALUES ('search', '0', 0);

-- Up to 128 versions of identifiers each, in the order of the change log. Blocks are written once
-- and never changed. What they hold is a hint: whoever finds a version in one looks at the record,
-- which counts only if that version is still its newest.
CREATE TABLE search_block (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entries      integer NOT NULL,          -- how many versions it holds
    changed_from bigint NOT NULL,           -- epoch seconds: the oldest of them, and the newest
    changed_to   bigint NOT NULL,
    created_from bigint NOT NULL,
    created_to   bigint NOT NULL,
    terms        integer[] NOT NULL,        -- what may be looked for in it (storage/postgres/blocks)
    head         bytea NOT NULL,            -- msgpack: what is known of each version
    body         bytea NOT NULL             -- zlib: its name and public texts
) WITH (toast_tuple_target = 128);

-- A look at all blocks reads some 60 octets of each; the rest lies aside.
ALTER TABLE search_block
    ALTER terms SET STORAGE EXTERNAL,
    ALTER head SET STORAGE EXTERNAL,
    ALTER body SET STORAGE EXTERNAL;

-- What comes in waits in a list until there is much of it: ten times cheaper than one by one, and a
-- search reads the list too.
CREATE INDEX search_block_terms ON search_block USING gin (terms)
    WITH (fastupdate = on, gin_pending_list_limit = 8192);

-- The next blocks past $1 that hold all terms of $2 and, if there are any, one of $3, and whose
-- times touch the ranges. Always along the index of terms if there are terms: the planner does not
-- know that reading `terms` of the rows themselves would be reading everything.
CREATE FUNCTION search_candidates(
    past bigint, needed integer[], one_of integer[],
    changed_since bigint, changed_until bigint, created_since bigint, created_until bigint,
    most bigint
) RETURNS TABLE (block bigint) LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
    IF cardinality(needed) = 0 AND cardinality(one_of) = 0 THEN
        RETURN QUERY SELECT b.id FROM search_block b
         WHERE b.id > past
           AND b.changed_to >= changed_since AND b.changed_from <= changed_until
           AND b.created_to >= created_since AND b.created_from <= created_until
         ORDER BY b.id LIMIT most;
    ELSIF cardinality(one_of) = 0 THEN
        RETURN QUERY SELECT f.id FROM (
            SELECT * FROM search_block b WHERE b.terms @> needed OFFSET 0
        ) f
         WHERE f.id > past
           AND f.changed_to >= changed_since AND f.changed_from <= changed_until
           AND f.created_to >= created_since AND f.created_from <= created_until
         ORDER BY f.id LIMIT most;
    ELSIF cardinality(needed) = 0 THEN
        RETURN QUERY SELECT f.id FROM (
            SELECT * FROM search_block b WHERE b.terms && one_of OFFSET 0
        ) f
         WHERE f.id > past
           AND f.changed_to >= changed_since AND f.changed_from <= changed_until
           AND f.created_to >= created_since AND f.created_from <= created_until
         ORDER BY f.id LIMIT most;
    ELSE
        RETURN QUERY SELECT f.id FROM (
            SELECT * FROM search_block b WHERE b.terms @> needed AND b.terms && one_of OFFSET 0
        ) f
         WHERE f.id > past
           AND f.changed_to >= changed_since AND f.changed_from <= changed_until
           AND f.created_to >= created_since AND f.created_from <= created_until
         ORDER BY f.id LIMIT most;
    END IF;
END
$$;
