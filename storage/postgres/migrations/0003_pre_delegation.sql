-- Names under a delegated prefix live at the enterprise's own node. Where that is stands in the
-- prefix's record 0.NA/<prefix>; this is management state only.
ALTER TABLE prefix ADD COLUMN delegated boolean NOT NULL DEFAULT false;
