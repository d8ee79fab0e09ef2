-- Until when and from where the keys of identities count: HS_PUBKEY and HS_SECKEY values.

CREATE TABLE key_bounds (
    handle     text COLLATE "C" NOT NULL,   -- canonical
    index      bigint NOT NULL,
    expires_at bigint,                      -- epoch second; NULL: until the key is removed
    networks   cidr[] NOT NULL,             -- none: from everywhere
    set_by     text NOT NULL,
    set_at     bigint NOT NULL,             -- epoch milliseconds
    PRIMARY KEY (handle, index)
);
