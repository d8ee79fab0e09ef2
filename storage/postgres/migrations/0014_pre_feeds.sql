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

-- Whom an enterprise has told of what changes.
CREATE TABLE webhook (
    enterprise    integer NOT NULL,         -- 0: the node's
    name          text COLLATE "C" NOT NULL,
    url           text NOT NULL,
    sealed        bytea NOT NULL,           -- the secret that signs
    parked        boolean NOT NULL DEFAULT false,
    xid           xid8 NOT NULL,            -- told of up to here
    id            bigint NOT NULL,
    attempts      integer NOT NULL DEFAULT 0,
    failing_since bigint NOT NULL DEFAULT 0, -- epoch milliseconds, as the others; 0: it is not
    next_at       bigint NOT NULL,
    created_at    bigint NOT NULL,
    PRIMARY KEY (enterprise, name)
);

-- What came of telling them; the newest of each.
CREATE TABLE webhook_delivery (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enterprise   integer NOT NULL,
    name         text COLLATE "C" NOT NULL,
    delivery     uuid NOT NULL,
    at           bigint NOT NULL,           -- epoch milliseconds
    attempt      integer NOT NULL,
    changes      integer NOT NULL,
    status       smallint NOT NULL,         -- of HTTP; 0: there was no answer
    error        text NOT NULL,
    milliseconds integer NOT NULL,
    FOREIGN KEY (enterprise, name) REFERENCES webhook ON DELETE CASCADE
);

CREATE INDEX webhook_delivery_newest ON webhook_delivery (enterprise, name, id);
