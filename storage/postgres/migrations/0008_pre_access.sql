-- Who may come in, and how much of the node an enterprise may use.
CREATE TABLE account (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text COLLATE "C" NOT NULL UNIQUE,
    role       text NOT NULL,               -- identifiers.principals.Role
    enterprise integer REFERENCES enterprise,  -- NULL: the node's
    kind       text NOT NULL,               -- identifiers.accounts.AccountKind
    proof      bytea NOT NULL,              -- a slow hash of a password, or a sealed secret
    state      text NOT NULL,               -- identifiers.accounts.AccountState
    failed     integer NOT NULL,            -- log-ins since the last that succeeded
    failed_at  bigint NOT NULL,             -- epoch seconds, as the next two
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    version    bigint NOT NULL
);

CREATE INDEX account_enterprise ON account (enterprise, id);

CREATE TABLE login (
    id         text COLLATE "C" PRIMARY KEY,
    account    integer NOT NULL REFERENCES account,
    hashed     bytea NOT NULL,              -- peppered HMAC-SHA-256, never the token
    created_at bigint NOT NULL,             -- epoch seconds, as the next two
    expires_at bigint NOT NULL,
    revoked_at bigint NOT NULL DEFAULT 0
);

CREATE INDEX login_account ON login (account);

-- A key that was replaced goes on for a while beside the one that replaces it.
ALTER TABLE api_key ADD COLUMN replaces text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX api_key_enterprise ON api_key (enterprise, id);

-- How many identifiers an enterprise may have: under one prefix, or ('') under all of its own.
CREATE TABLE quota (
    enterprise integer NOT NULL REFERENCES enterprise,
    prefix     text COLLATE "C" NOT NULL,
    most       bigint NOT NULL,
    PRIMARY KEY (enterprise, prefix)
);

-- How many requests an enterprise may make in a window of seconds, where it is not as the others.
CREATE TABLE request_rate (
    enterprise integer PRIMARY KEY REFERENCES enterprise,
    requests   integer NOT NULL,
    seconds    integer NOT NULL
);
