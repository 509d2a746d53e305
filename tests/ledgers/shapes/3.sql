-- Left by groupchat at commit aeb33b2.
PRAGMA application_id = 1735549800;
PRAGMA user_version = 3;
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
, lag INTEGER NOT NULL DEFAULT 0);
INSERT INTO "epochs" VALUES(1,'9k9pse2t',0);
INSERT INTO "epochs" VALUES(2,'nmAN3BJr',0);
CREATE TABLE messages (
    place  INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,               -- milliseconds since 1970
    sender TEXT NOT NULL,
    text   TEXT NOT NULL,
    act    INTEGER NOT NULL
, speaker INTEGER, n INTEGER, before INTEGER, received INTEGER);
INSERT INTO "messages" VALUES(1099511627777,1795824733225,'alice','hello',0,NULL,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(1099511627778,1795824734027,'alice','good morning',0,NULL,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(1099511627779,1795824734578,'alice','waves',1,NULL,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(1099511627780,1795824735380,'bob','hi alice',0,NULL,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(1099511627781,1795824740765,'alice','third day',0,NULL,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(2199023255553,1795824736182,'bob','in dev',0,NULL,NULL,NULL,NULL);
CREATE TABLE rooms (
    no       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    head     INTEGER NOT NULL DEFAULT 0,   -- the newest id
    first    INTEGER NOT NULL DEFAULT 1,   -- the oldest id kept; head + 1 where none is
    topic    TEXT NOT NULL DEFAULT '',
    topic_by TEXT NOT NULL DEFAULT ''
, aged INTEGER NOT NULL DEFAULT 0);
INSERT INTO "rooms" VALUES(1,'lobby',5,1,'tea','alice',0);
INSERT INTO "rooms" VALUES(2,'dev',1,1,'cake','bob',0);
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
