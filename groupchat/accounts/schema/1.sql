-- The accounts file: what it holds when it is new.
CREATE TABLE accounts (
    key TEXT PRIMARY KEY,            -- the name, as names are compared
    name TEXT NOT NULL,              -- as it was registered
    operator INTEGER NOT NULL,
    password TEXT NOT NULL           -- an argon2id hash (RFC 9106); empty where another keeps the password
) WITHOUT ROWID;

CREATE TABLE clients (
    account TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    client BLOB NOT NULL,            -- the digest of a client secret that logs in without a password
    place INTEGER NOT NULL,          -- the newest last
    PRIMARY KEY (account, client)
) WITHOUT ROWID;

CREATE TABLE measures (
    kind TEXT NOT NULL,              -- ban or mute
    target TEXT NOT NULL,            -- the key of a name, or a network
    by TEXT NOT NULL,
    client BLOB NOT NULL,
    until INTEGER,                   -- milliseconds since 1970
    text TEXT NOT NULL,
    PRIMARY KEY (kind, target)
) WITHOUT ROWID;

CREATE TABLE deeds (                 -- who did what: only ever appended
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    verb TEXT NOT NULL,
    target TEXT NOT NULL,
    until INTEGER,
    text TEXT NOT NULL
);
