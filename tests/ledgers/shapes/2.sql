-- Left by groupchat at commit b410703.
PRAGMA application_id = 1735549800;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE begun (
    room  INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    head  INTEGER NOT NULL,
    PRIMARY KEY (room, epoch)
) WITHOUT ROWID;
INSERT INTO "begun" VALUES(1,1,0);
INSERT INTO "begun" VALUES(1,2,4);
INSERT INTO "begun" VALUES(2,1,0);
CREATE TABLE epochs (
    no    INTEGER PRIMARY KEY,
    token TEXT NOT NULL UNIQUE
);
INSERT INTO "epochs" VALUES(1,'SOs2GHWa');
INSERT INTO "epochs" VALUES(2,'1X__Q4IA');
CREATE TABLE messages (
    place  INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,               -- milliseconds since 1970
    sender TEXT NOT NULL,
    text   TEXT NOT NULL,
    act    INTEGER NOT NULL
, speaker INTEGER, n INTEGER, before INTEGER);
INSERT INTO "messages" VALUES(1099511627777,1795824720454,'alice','hello',0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(1099511627778,1795824721256,'alice','good morning',0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(1099511627779,1795824721807,'alice','waves',1,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(1099511627780,1795824722611,'bob','hi alice',0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(1099511627781,1795824728306,'alice','third day',0,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(2199023255553,1795824723413,'bob','in dev',0,NULL,NULL,NULL);
CREATE TABLE rooms (
    no       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    head     INTEGER NOT NULL DEFAULT 0,   -- the newest id
    first    INTEGER NOT NULL DEFAULT 1,   -- the oldest id kept; head + 1 where none is
    topic    TEXT NOT NULL DEFAULT '',
    topic_by TEXT NOT NULL DEFAULT ''
);
INSERT INTO "rooms" VALUES(1,'lobby',5,1,'tea','alice');
INSERT INTO "rooms" VALUES(2,'dev',1,1,'cake','bob');
CREATE TABLE said (
    speaker INTEGER NOT NULL,
    n       INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    text    BLOB NOT NULL,                 -- a digest of text and act
    PRIMARY KEY (speaker, n)
) WITHOUT ROWID;
CREATE TABLE speakers (
    no     INTEGER PRIMARY KEY,
    client BLOB NOT NULL,
    room   INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    seen   INTEGER NOT NULL, id INTEGER NOT NULL DEFAULT 0,               -- milliseconds since 1970
    UNIQUE (client, room)
);
COMMIT;
