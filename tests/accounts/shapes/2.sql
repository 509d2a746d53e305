-- Left by groupchat at commit a2bdefe.
PRAGMA application_id = 1735549793;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE accounts (
    key TEXT PRIMARY KEY,            -- the name, as names are compared
    name TEXT NOT NULL,              -- as it was registered
    operator INTEGER NOT NULL,
    password TEXT NOT NULL           -- an argon2id hash (RFC 9106); empty where another keeps the password
, id TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
INSERT INTO "accounts" VALUES('alice','alice',1,'$argon2id$v=19$m=19456,t=2,p=1$xAayTxBc+NnVuAgvf7orIw$j5DCxsJ5cDoQxKu3KGAtNlZuTCp2lTpT/xbe9isyIOA','5XsfSe_ypmEc');
INSERT INTO "accounts" VALUES('bob','bob',0,'$argon2id$v=19$m=19456,t=2,p=1$laH1hlDlml9rSntbF5WOfw$V4kmMQIesHuGeiR0AiAMlpsWE0gAQWIwzQRzhuze40U','fZKKdnbUr-_e');
CREATE TABLE "audit_log" (                 -- who did what: only ever appended
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    verb TEXT NOT NULL,
    target TEXT NOT NULL,
    until INTEGER,
    text TEXT NOT NULL
);
INSERT INTO "audit_log" VALUES(1795824776945,'alice','register','alice',NULL,'');
INSERT INTO "audit_log" VALUES(1795824780704,'bob','register','bob',NULL,'');
INSERT INTO "audit_log" VALUES(1795824787032,'!root','op','alice',NULL,'');
INSERT INTO "audit_log" VALUES(1795824788757,'alice','ban','mallory',1796429588756,'spam');
INSERT INTO "audit_log" VALUES(1795824789007,'alice','ban','192.0.2.0/24',NULL,'flood');
CREATE TABLE clients (
    account TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    client BLOB NOT NULL,            -- the digest of a client secret that logs in without a password
    position INTEGER NOT NULL,          -- the newest last
    PRIMARY KEY (account, client)
) WITHOUT ROWID;
CREATE TABLE "restrictions" (
    kind TEXT NOT NULL,              -- ban or mute
    target TEXT NOT NULL,            -- the key of a name, or a network
    by TEXT NOT NULL,
    client BLOB NOT NULL,
    until INTEGER,                   -- milliseconds since 1970
    text TEXT NOT NULL,
    PRIMARY KEY (kind, target)
) WITHOUT ROWID;
INSERT INTO "restrictions" VALUES('ban','192.0.2.0/24','alice',X'',NULL,'flood');
INSERT INTO "restrictions" VALUES('ban','mallory','alice',X'',1796429588756,'spam');
CREATE UNIQUE INDEX accounts_by_id ON accounts (id);
COMMIT;
