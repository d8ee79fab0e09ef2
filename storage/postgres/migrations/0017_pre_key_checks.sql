-- Which secrets this database was made with: a check value of each, from which none can be told.

CREATE TABLE key_check (
    secret text COLLATE "C" PRIMARY KEY,    -- the name of its file
    value  bytea                            -- NULL: in use since before values were kept
);

-- What is in use already must be there at the next start, which keeps the value; it is not made anew.
INSERT INTO key_check (secret) SELECT 'api-key-pepper' WHERE EXISTS (SELECT FROM api_key);
INSERT INTO key_check (secret) SELECT 'secret-key-seal'
 WHERE EXISTS (SELECT FROM application) OR EXISTS (SELECT FROM account)
    OR EXISTS (SELECT FROM document) OR EXISTS (SELECT FROM webhook);
