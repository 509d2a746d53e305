-- The tokens with which HTTP requests act as an account.
CREATE TABLE tokens (
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,              -- by which its owner knows it, in lower case
    digest BLOB NOT NULL UNIQUE,     -- of the secret
    made INTEGER NOT NULL,           -- milliseconds since 1970
    PRIMARY KEY (account, name)
) WITHOUT ROWID;
