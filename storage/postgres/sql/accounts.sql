-- name: add
-- A new account, unless its name is taken.
INSERT INTO account (name, role, enterprise, kind, proof, state, failed, failed_at,
                     created_at, changed_at, version)
VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8, $9)
    ON CONFLICT (name) DO NOTHING
RETURNING id;

-- name: find
-- One account by its number.
SELECT * FROM account WHERE id = $1;

-- name: named
-- One account by its name.
SELECT * FROM account WHERE name = $1;

-- name: page
-- Accounts past a number: of one enterprise, or (NULL) of all.
SELECT * FROM account
 WHERE id > $2 AND ($1::integer IS NULL OR enterprise = $1)
 ORDER BY id LIMIT $3;

-- name: change
-- Role, proof and state, of the version before.
UPDATE account
   SET role = $2, proof = $3, state = $4, changed_at = $5, version = $6, failed = 0
 WHERE id = $1 AND version = $6 - 1
RETURNING id;

-- name: refused
-- One more log-in that failed.
UPDATE account SET failed = failed + 1, failed_at = $2 WHERE id = $1;

-- name: entered
-- Forget the failures of an active account that has a version.
UPDATE account SET failed = 0 WHERE id = $1 AND state = 'active' AND version = $2 RETURNING id;

-- name: drop_logins
-- Log-ins of an account that expired long ago.
DELETE FROM login WHERE account = $1 AND expires_at < $2;

-- name: add_login
-- A new log-in.
INSERT INTO login (id, account, hashed, created_at, expires_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: login
-- One log-in, revoked and expired ones too.
SELECT * FROM login WHERE id = $1;

-- name: end_login
-- End a log-in that is in force.
UPDATE login SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0 RETURNING id;

-- name: end_logins
-- End all log-ins of an account.
UPDATE login SET revoked_at = $2 WHERE account = $1 AND revoked_at = 0;
