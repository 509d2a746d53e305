-- Left by groupchat at commit b410703.
PRAGMA application_id = 1735549793;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE accounts (
    key TEXT PRIMARY KEY,            -- the name, as names are compared
    name TEXT NOT NULL,              -- as it was registered
    operator INTEGER NOT NULL,
    password TEXT NOT NULL           -- an argon2id hash (RFC 9106); empty where another keeps the password
) WITHOUT ROWID;
INSERT INTO "accounts" VALUES('alice','alice',1,'$argon2id$v=19$m=19456,t=2,p=1$hZUW4pB6EeTAHQnx/vK1JA$yik6wnJ9i+/aVaUw2Qa4MiyZy0Tk8j3BVsbpnhfhLC8');
INSERT INTO "accounts" VALUES('bob','bob',0,'$argon2id$v=19$m=19456,t=2,p=1$1+AZASMEpOg7fw9X9hVKxQ$eK1hGdGvmwC/66Dzj+LutWRtV8Xre6F3giXDvCtONQg');
CREATE TABLE clients (
    account TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    client BLOB NOT NULL,            -- the digest of a client's secret that comes in without a password
    place INTEGER NOT NULL,          -- the newest last
    PRIMARY KEY (account, client)
) WITHOUT ROWID;
CREATE TABLE deeds (                 -- who did what: only ever appended
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    verb TEXT NOT NULL,
    target TEXT NOT NULL,
    until INTEGER,
    text TEXT NOT NULL
);
INSERT INTO "deeds" VALUES(1795824720192,'alice','register','alice',NULL,'');
INSERT INTO "deeds" VALUES(1795824723967,'bob','register','bob',NULL,'');
INSERT INTO "deeds" VALUES(1795824727236,'!root','op','alice',NULL,'');
INSERT INTO "deeds" VALUES(1795824728858,'alice','ban','mallory',1796429528857,'spam');
INSERT INTO "deeds" VALUES(1795824729110,'alice','ban','192.0.2.0/24',NULL,'forever flood');
CREATE TABLE measures (
    kind TEXT NOT NULL,              -- ban or mute
    target TEXT NOT NULL,            -- the key of a name, or a network
    by TEXT NOT NULL,
    client BLOB NOT NULL,
    until INTEGER,                   -- milliseconds since 1970
    text TEXT NOT NULL,
    PRIMARY KEY (kind, target)
) WITHOUT ROWID;
INSERT INTO "measures" VALUES('ban','192.0.2.0/24','alice',X'',NULL,'forever flood');
INSERT INTO "measures" VALUES('ban','mallory','alice',X'',1796429528857,'spam');
COMMIT;
