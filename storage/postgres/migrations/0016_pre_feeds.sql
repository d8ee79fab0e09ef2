-- Relations, a projection of the change log, and what enterprises follow the change log by.

INSERT INTO projection VALUES ('relations', '0', 0);

-- What identifiers say they are to others (identifiers.relations), each at one end only.
CREATE TABLE relation (
    source      text COLLATE "C" NOT NULL,  -- canonical handles
    relation    smallint NOT NULL,          -- identifiers.relations.Relation
    target      text COLLATE "C" NOT NULL,
    source_name text,                       -- as registered; NULL: equal to the key
    target_name text,                       -- as the value has it; NULL: equal to the key
    public      boolean NOT NULL,
    PRIMARY KEY (source, relation, target)
);

CREATE INDEX relation_target ON relation (target, relation, source);

-- How far a consumer of an enterprise says it has read the change log.
CREATE TABLE feed_cursor (
    enterprise integer NOT NULL,            -- 0: the node's
    consumer   text COLLATE "C" NOT NULL,
    xid        xid8 NOT NULL,
    id         bigint NOT NULL,
    at         bigint NOT NULL,             -- epoch milliseconds
    PRIMARY KEY (enterprise, consumer)
);
