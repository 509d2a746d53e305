-- Left by groupchat at commit 1fadeb1.
PRAGMA application_id = 1735549800;
PRAGMA user_version = 1;
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
INSERT INTO "epochs" VALUES(1,'I-tHTLui');
INSERT INTO "epochs" VALUES(2,'ZZDW3bEM');
CREATE TABLE messages (
    place  INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,               -- milliseconds since 1970
    sender TEXT NOT NULL,
    text   TEXT NOT NULL,
    act    INTEGER NOT NULL
);
INSERT INTO "messages" VALUES(1099511627777,1795824706792,'alice','hello',0);
INSERT INTO "messages" VALUES(1099511627778,1795824707593,'alice','good morning',0);
INSERT INTO "messages" VALUES(1099511627779,1795824708143,'alice','waves',1);
INSERT INTO "messages" VALUES(1099511627780,1795824708951,'bob','hi alice',0);
INSERT INTO "messages" VALUES(1099511627781,1795824714590,'alice','third day',0);
INSERT INTO "messages" VALUES(2199023255553,1795824709752,'bob','in dev',0);
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
    place INTEGER PRIMARY KEY,
    n     INTEGER NOT NULL,
    id    INTEGER NOT NULL,
    text  BLOB NOT NULL                    -- a digest of text and act
);
CREATE TABLE speakers (
    no     INTEGER PRIMARY KEY,
    client BLOB NOT NULL,
    room   INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    seen   INTEGER NOT NULL,               -- milliseconds since 1970
    UNIQUE (client, room)
);
CREATE INDEX speakers_seen ON speakers (seen);
COMMIT;
