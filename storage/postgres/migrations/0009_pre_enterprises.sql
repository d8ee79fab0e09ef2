-- What follows an application: documents, what enterprises were before, who was verified,
-- certificates, and what the national node is to be told.
ALTER TABLE application ADD COLUMN purged_at bigint NOT NULL DEFAULT 0;  -- epoch seconds

CREATE INDEX application_enterprise ON application (enterprise, id);

-- Documents (附件). Sealed octets are of no use to a compressor.
CREATE TABLE document (
    id              uuid PRIMARY KEY,
    owner           text COLLATE "C" NOT NULL,  -- enterprise:NUMBER, or node
    media           text NOT NULL,
    size            bigint NOT NULL,
    sha256          bytea NOT NULL,         -- of what was sent, not of what is sealed
    uploaded_at     bigint NOT NULL,        -- epoch seconds
    application     uuid,                   -- bound: which application named it last
    identity_type   smallint,
    identity_number text COLLATE "C",
    field           text NOT NULL DEFAULT '',
    sealed          bytea NOT NULL
);

ALTER TABLE document ALTER COLUMN sealed SET STORAGE EXTERNAL;

CREATE INDEX document_application ON document (application) WHERE application IS NOT NULL;
CREATE INDEX document_unbound ON document (owner, sha256, uploaded_at) WHERE application IS NULL;

-- Enterprises as they were after each thing that happened to them.
CREATE TABLE enterprise_version (
    enterprise  integer NOT NULL REFERENCES enterprise,
    version     bigint NOT NULL,
    at          bigint NOT NULL,            -- epoch milliseconds
    actor       text NOT NULL,
    did         text NOT NULL,
    application uuid,
    identity_type smallint NOT NULL,
    credit_code text NOT NULL,
    name        text NOT NULL,
    industry    text NOT NULL,
    state       text NOT NULL,
    reason      text NOT NULL,
    document    bytea NOT NULL,
    sealed      bytea NOT NULL,
    filing      text NOT NULL,
    approved_at bigint NOT NULL,
    PRIMARY KEY (enterprise, version)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON enterprise_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

INSERT INTO enterprise_version
SELECT id, version, approved_at * 1000, '', 'approved', NULL, identity_type, credit_code, name,
       industry, state, reason, document, sealed, filing, approved_at
  FROM enterprise WHERE document IS NOT NULL;

-- Real names verified (实名核验), apart from reviews.
CREATE TABLE verification (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identity_type   smallint NOT NULL,
    identity_number text COLLATE "C" NOT NULL,
    outcome         text NOT NULL,          -- identifiers.enterprises.ledger.Outcome
    method          text NOT NULL,
    at              bigint NOT NULL,        -- epoch milliseconds
    actor           text NOT NULL,
    note            text NOT NULL
);

CREATE INDEX verification_identity ON verification (identity_number, identity_type, id);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON verification
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Enterprise certificates (认证证书).
CREATE TABLE certificate (
    serial          text COLLATE "C" PRIMARY KEY,
    enterprise      integer NOT NULL REFERENCES enterprise,
    name            text NOT NULL,
    identity_type   smallint NOT NULL,
    identity_number text NOT NULL,
    filing          text NOT NULL,
    prefix          text COLLATE "C" NOT NULL,
    token           bytea NOT NULL,         -- a JWS
    issued_at       bigint NOT NULL,        -- epoch seconds, as the other two
    expires_at      bigint NOT NULL,
    issued_by       text NOT NULL,
    value_index     bigint NOT NULL,        -- in the record of the prefix; 0: not there
    revoked_at      bigint NOT NULL,
    reason          text NOT NULL
);

CREATE INDEX certificate_enterprise ON certificate (enterprise, issued_at, serial);

-- What the national node is to be told and has not been.
CREATE TABLE national_notice (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind    text NOT NULL,
    subject text NOT NULL,
    at      bigint NOT NULL                 -- epoch milliseconds
);
