-- Metadata templates: what is published never changes, it only gets further revisions.
CREATE SEQUENCE template_serial;

CREATE TABLE template (
    prefix     text COLLATE "C" NOT NULL,
    version    text COLLATE "C" NOT NULL,
    stage      text NOT NULL,               -- identifiers.metadata.templates.Stage
    revision   integer NOT NULL,            -- the newest
    serial     bigint NOT NULL UNIQUE,      -- of the last change, in the order of commits
    PRIMARY KEY (prefix, version)
);

CREATE TABLE template_revision (
    prefix   text COLLATE "C" NOT NULL,
    version  text COLLATE "C" NOT NULL,
    revision integer NOT NULL,
    document bytea NOT NULL,                -- identifiers.metadata.templates.Template as JSON
    PRIMARY KEY (prefix, version, revision),
    FOREIGN KEY (prefix, version) REFERENCES template
);

-- Records say which revision they were checked against: only drafts may change.
CREATE FUNCTION refuse_change_of_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT stage FROM template t WHERE t.prefix = OLD.prefix AND t.version = OLD.version)
       IS DISTINCT FROM 'draft'
    THEN
        RAISE EXCEPTION '%/% is published: % refused', OLD.prefix, OLD.version, TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;

CREATE TRIGGER only_drafts_change BEFORE UPDATE OR DELETE ON template_revision
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_published();

-- Prefixes under which nothing is registered without a template.
CREATE TABLE template_demand (
    prefix   text COLLATE "C" PRIMARY KEY,
    demanded boolean NOT NULL,
    serial   bigint NOT NULL UNIQUE
);

-- Values that no two identifiers of a template may share, by digest of prefix, template, entry and
-- value; `holder` is the canonical name of the identifier that has it.
CREATE TABLE template_unique (
    claim  bytea PRIMARY KEY,
    holder text COLLATE "C" NOT NULL
);

CREATE INDEX template_unique_holder ON template_unique (holder);
