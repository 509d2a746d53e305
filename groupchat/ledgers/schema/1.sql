-- The first shape of the ledger. A later one is a file of its own that leads from the one before it.

-- Each start of the daemon begins a new epoch of the log.
CREATE TABLE epochs (
    no    INTEGER PRIMARY KEY,
    token TEXT NOT NULL UNIQUE
);

CREATE TABLE rooms (
    no       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    head     INTEGER NOT NULL DEFAULT 0,   -- the newest id
    first    INTEGER NOT NULL DEFAULT 1,   -- the oldest id kept; head + 1 where none is
    topic    TEXT NOT NULL DEFAULT '',
    topic_by TEXT NOT NULL DEFAULT ''
);

-- Where a room stood when the first message of an epoch came: so far reached all epochs before it.
CREATE TABLE begun (
    room  INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    head  INTEGER NOT NULL,
    PRIMARY KEY (room, epoch)
) WITHOUT ROWID;

-- A room is one range of places: place = room << 40 | id.
CREATE TABLE messages (
    place  INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,               -- milliseconds since 1970
    sender TEXT NOT NULL,
    text   TEXT NOT NULL,
    act    INTEGER NOT NULL
);

-- Each client (a digest of its secret) in each room, and the last n that it has said there.
CREATE TABLE speakers (
    no     INTEGER PRIMARY KEY,
    client BLOB NOT NULL,
    room   INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    seen   INTEGER NOT NULL,               -- milliseconds since 1970
    UNIQUE (client, room)
);
CREATE INDEX speakers_seen ON speakers (seen);

-- The ids of the last 1000 n of a speaker, in a ring: place = speaker * 1000 + n % 1000.
CREATE TABLE said (
    place INTEGER PRIMARY KEY,
    n     INTEGER NOT NULL,
    id    INTEGER NOT NULL,
    text  BLOB NOT NULL                    -- a digest of text and act
);
