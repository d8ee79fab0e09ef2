-- name: keep
-- A document that was sent.
INSERT INTO document (id, owner, media, size, sha256, uploaded_at, sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING;

-- name: same
-- The same document of the same owner, unbound yet.
SELECT id, owner, media, size, sha256, uploaded_at, application, identity_type, identity_number,
       field
  FROM document WHERE owner = $1 AND sha256 = $2 AND application IS NULL LIMIT 1;

-- name: waiting
-- How many documents of an owner are unbound, and how many octets.
SELECT count(*), coalesce(sum(size), 0)::bigint
  FROM document WHERE owner = $1 AND application IS NULL;

-- name: some
-- Documents, without their octets.
SELECT id, owner, media, size, sha256, uploaded_at, application, identity_type, identity_number,
       field
  FROM document WHERE id = ANY ($1);

-- name: sealed
-- The octets of a document, sealed.
SELECT sealed FROM document WHERE id = $1;

-- name: bind
-- A document belongs to a field of an application.
UPDATE document SET application = $2, identity_type = $3, identity_number = $4, field = $5
 WHERE id = $1;

-- name: purge
-- Documents of an application go, but some.
DELETE FROM document WHERE application = $1 AND NOT id = ANY ($2);

-- name: sweep
-- Documents that nobody bound in time.
DELETE FROM document WHERE application IS NULL AND uploaded_at < $1;
