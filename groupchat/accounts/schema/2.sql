-- Each account has an id of its own, which no later account of the same name has.
ALTER TABLE accounts ADD COLUMN id TEXT NOT NULL DEFAULT '';
UPDATE accounts SET id = lower(hex(randomblob(9)));
CREATE UNIQUE INDEX accounts_by_id ON accounts (id);

-- The tables in the words of the code.
ALTER TABLE clients RENAME COLUMN place TO position;
ALTER TABLE measures RENAME TO restrictions;
ALTER TABLE deeds RENAME TO audit_log;
