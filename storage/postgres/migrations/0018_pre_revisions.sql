-- What applications told before they were mended: a row for each revision that another one replaced.
-- When and by whom it was sent, and why it was rejected, is in review_step.

CREATE TABLE application_revision (
    application uuid NOT NULL REFERENCES application,
    revision    integer NOT NULL,
    wanted      text NOT NULL,
    document    bytea NOT NULL,
    sealed      bytea NOT NULL,             -- as it was sealed; empty: purged
    PRIMARY KEY (application, revision)
);

CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON application_revision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A purge empties what is sealed. Nothing else of a row ever changes.
CREATE TRIGGER purged_only BEFORE UPDATE ON application_revision FOR EACH ROW
    WHEN ((new.application, new.revision, new.wanted, new.document, new.sealed)
          IS DISTINCT FROM (old.application, old.revision, old.wanted, old.document, ''::bytea))
    EXECUTE FUNCTION refuse_change();
