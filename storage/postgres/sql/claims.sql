-- name: holders
-- Who has which of some unique values.
SELECT claim, holder FROM template_unique WHERE claim = ANY ($1);

-- name: let_go
-- What some identifiers had for themselves alone is free.
DELETE FROM template_unique WHERE holder = ANY ($1);

-- name: hold
-- What identifiers have for themselves alone.
INSERT INTO template_unique (claim, holder) SELECT * FROM unnest($1::bytea[], $2::text[]);
