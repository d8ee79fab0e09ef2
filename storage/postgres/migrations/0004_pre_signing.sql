-- Identifiers under a signed prefix get an HS_SIGNATURE of the node when they are written.
ALTER TABLE prefix ADD COLUMN signed boolean NOT NULL DEFAULT false;
