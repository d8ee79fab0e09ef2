-- name: page
-- What an application told, revision by revision; the last is what it tells now.
SELECT application, revision, wanted, document, sealed
  FROM application_revision WHERE application = $1 AND revision > $2::bigint
 UNION ALL
SELECT id, revision, wanted, document, sealed
  FROM application WHERE id = $1 AND revision > $2::bigint
 ORDER BY revision LIMIT $3;

-- name: keep
-- A revision that another one replaced.
INSERT INTO application_revision (application, revision, wanted, document, sealed)
VALUES ($1, $2, $3, $4, $5);

-- name: purge
-- What the earlier revisions of an application told of persons goes.
UPDATE application_revision SET sealed = '' WHERE application = $1;
