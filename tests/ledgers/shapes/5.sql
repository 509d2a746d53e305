-- Left by groupchat at commit a2bdefe.
PRAGMA application_id = 1735549800;
PRAGMA user_version = 5;
BEGIN TRANSACTION;
CREATE TABLE "clients" (
    no     INTEGER PRIMARY KEY,
    client BLOB NOT NULL,
    room   INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    seen   INTEGER NOT NULL, id INTEGER NOT NULL DEFAULT 0,               -- milliseconds since 1970
    UNIQUE (client, room)
);
CREATE TABLE "digests" (
    client INTEGER NOT NULL,
    n       INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    digest    BLOB NOT NULL,                 -- a digest of text and act
    PRIMARY KEY (client, n)
) WITHOUT ROWID;
CREATE TABLE direct_rooms (
    account TEXT NOT NULL,
    room    INTEGER NOT NULL,
    PRIMARY KEY (account, room)
) WITHOUT ROWID;
INSERT INTO "direct_rooms" VALUES('5XsfSe_ypmEc',4);
INSERT INTO "direct_rooms" VALUES('fZKKdnbUr-_e',4);
CREATE TABLE "epoch_starts" (
    room  INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    head  INTEGER NOT NULL,
    PRIMARY KEY (room, epoch)
) WITHOUT ROWID;
INSERT INTO "epoch_starts" VALUES(1,1,0);
INSERT INTO "epoch_starts" VALUES(1,2,7);
INSERT INTO "epoch_starts" VALUES(2,1,0);
INSERT INTO "epoch_starts" VALUES(3,1,0);
INSERT INTO "epoch_starts" VALUES(4,1,0);
CREATE TABLE epochs (
    no    INTEGER PRIMARY KEY,
    token TEXT NOT NULL UNIQUE
, lag INTEGER NOT NULL DEFAULT 0);
INSERT INTO "epochs" VALUES(1,'Wc9zicwp',0);
INSERT INTO "epochs" VALUES(2,'uNGU19tn',0);
CREATE TABLE erasures (
    no    INTEGER PRIMARY KEY AUTOINCREMENT,
    trace TEXT NOT NULL
);
INSERT INTO "erasures" VALUES(1,'a mistake');
CREATE TABLE identities (
    no       INTEGER PRIMARY KEY AUTOINCREMENT,
    identity NOT NULL UNIQUE,
    seen     INTEGER NOT NULL              -- milliseconds since 1970, to the day
);
INSERT INTO "identities" VALUES(1,'5XsfSe_ypmEc',1795824788206);
INSERT INTO "identities" VALUES(2,X'DB6065D789997B2F86EB8DC251306B30',1795824779351);
INSERT INTO "identities" VALUES(3,'fZKKdnbUr-_e',1795824784510);
CREATE TABLE invitations (
    room    INTEGER NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (room, account)
) WITHOUT ROWID;
INSERT INTO "invitations" VALUES(3,'fZKKdnbUr-_e');
CREATE TABLE marks (
    identity INTEGER NOT NULL,
    room     INTEGER NOT NULL,
    id       INTEGER NOT NULL,
    PRIMARY KEY (identity, room)
) WITHOUT ROWID;
CREATE TABLE messages (
    key  INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,               -- milliseconds since 1970
    sender TEXT NOT NULL,
    text   TEXT NOT NULL,
    act    INTEGER NOT NULL
, client INTEGER, n INTEGER, previous INTEGER, received INTEGER, author INTEGER, replaces INTEGER, redacts INTEGER, redacted INTEGER);
INSERT INTO "messages" VALUES(1099511627777,1795824777195,'alice','hello',0,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(1099511627778,1795824777996,'alice','good morning',0,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(1099511627779,1795824778549,'alice','waves',1,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(1099511627780,1795824779351,'bob','hi alice',0,NULL,NULL,NULL,NULL,2,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(1099511627781,1795824783309,'alice','waved',0,NULL,NULL,NULL,NULL,1,1099511627779,NULL,NULL);
INSERT INTO "messages" VALUES(1099511627782,1795824783609,'alice','',0,NULL,NULL,NULL,NULL,1,NULL,NULL,1);
INSERT INTO "messages" VALUES(1099511627783,1795824783909,'alice','',0,NULL,NULL,NULL,NULL,1,NULL,1099511627782,NULL);
INSERT INTO "messages" VALUES(1099511627784,1795824788206,'alice','third day',0,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(2199023255553,1795824780153,'bob','in dev',0,NULL,NULL,NULL,NULL,2,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(3298534883329,1795824781505,'alice','secret plan',0,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(3298534883330,1795824784510,'bob','read',0,NULL,NULL,NULL,NULL,3,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(4398046511105,1795824782708,'alice','just us',0,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL);
CREATE TABLE replacements (
    key    INTEGER PRIMARY KEY,
    target INTEGER NOT NULL
);
INSERT INTO "replacements" VALUES(1099511627781,1099511627779);
CREATE TABLE rooms (
    no       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    head     INTEGER NOT NULL DEFAULT 0,   -- the newest id
    first    INTEGER NOT NULL DEFAULT 1,   -- the oldest id kept; head + 1 where none is
    topic    TEXT NOT NULL DEFAULT '',
    topic_by TEXT NOT NULL DEFAULT ''
, aged INTEGER NOT NULL DEFAULT 0, owner TEXT NOT NULL DEFAULT '', private INTEGER NOT NULL DEFAULT 0);
INSERT INTO "rooms" VALUES(1,'lobby',8,1,'tea','alice',0,'',0);
INSERT INTO "rooms" VALUES(2,'dev',1,1,'cake','bob',0,'',0);
INSERT INTO "rooms" VALUES(3,'plan',2,1,'','',0,'5XsfSe_ypmEc',1);
INSERT INTO "rooms" VALUES(4,'@5XsfSe_ypmEc+fZKKdnbUr-_e',1,1,'','',0,'',0);
CREATE INDEX replacements_by_target ON replacements (target);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('identities',3);
INSERT INTO "sqlite_sequence" VALUES('erasures',1);
COMMIT;
