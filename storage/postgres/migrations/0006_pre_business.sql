-- Enterprises as they are filed: applications, what reviewers did, and what was approved.
-- Particulars are JSON; what is personal in them stands apart, sealed.
ALTER TABLE enterprise
    ADD COLUMN identity_type smallint NOT NULL DEFAULT 1,
    ADD COLUMN state         text NOT NULL DEFAULT 'active',
    ADD COLUMN reason        text NOT NULL DEFAULT '',
    ADD COLUMN document      bytea,         -- NULL: an operator added it, nothing was filed
    ADD COLUMN sealed        bytea,
    ADD COLUMN filing        text UNIQUE,
    ADD COLUMN approved_at   bigint NOT NULL DEFAULT 0,
    ADD COLUMN version       bigint NOT NULL DEFAULT 1;

CREATE TABLE application (
    id              uuid PRIMARY KEY,
    kind            text NOT NULL,          -- identifiers.enterprises.review.Kind
    identity_type   smallint NOT NULL,
    identity_number text COLLATE "C" NOT NULL,
    name            text NOT NULL,
    stage           text NOT NULL,          -- identifiers.enterprises.review.Stage
    revision        integer NOT NULL,
    document        bytea NOT NULL,
    sealed          bytea NOT NULL,
    digest          bytea NOT NULL,
    wanted          text NOT NULL,
    enterprise      integer REFERENCES enterprise,
    submitted_at    bigint NOT NULL,        -- epoch seconds, as changed_at
    changed_at      bigint NOT NULL,
    version         bigint NOT NULL
);

CREATE INDEX application_stage ON application (stage, id);
CREATE INDEX application_identity ON application (identity_number, identity_type);

CREATE TABLE review_step (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application uuid NOT NULL REFERENCES application,
    revision    integer NOT NULL,
    at          bigint NOT NULL,            -- epoch milliseconds
    actor       text NOT NULL,
    did         text NOT NULL,
    reasons     text[] NOT NULL
);

CREATE INDEX review_step_application ON review_step (application, id);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON review_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Filing numbers by year.
CREATE TABLE filing_year (
    year  integer PRIMARY KEY,
    given bigint NOT NULL
);
