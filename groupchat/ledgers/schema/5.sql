-- An author or reader: the id of an account (TEXT), or the client of a guest (BLOB). No number is used again.
CREATE TABLE identities (
    no       INTEGER PRIMARY KEY AUTOINCREMENT,
    identity NOT NULL UNIQUE,
    seen     INTEGER NOT NULL              -- milliseconds since 1970, to the day
);

ALTER TABLE messages ADD COLUMN author INTEGER;      -- an identity; NULL in older messages
ALTER TABLE messages ADD COLUMN replaces INTEGER;    -- the key of the message that this one replaces
ALTER TABLE messages ADD COLUMN redacts INTEGER;     -- the key of the message that this one redacts
ALTER TABLE messages ADD COLUMN redacted INTEGER;    -- 1: its text is gone
-- In place of an index on messages (replaces), which would take long to make in a big ledger.
CREATE TABLE replacements (
    key    INTEGER PRIMARY KEY,
    target INTEGER NOT NULL
);
CREATE INDEX replacements_by_target ON replacements (target);

-- The id up to which an identity has read in a room.
CREATE TABLE marks (
    identity INTEGER NOT NULL,
    room     INTEGER NOT NULL,
    id       INTEGER NOT NULL,
    PRIMARY KEY (identity, room)
) WITHOUT ROWID;

-- Private rooms: owner and account are ids of accounts.
ALTER TABLE rooms ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE rooms ADD COLUMN private INTEGER NOT NULL DEFAULT 0;
CREATE TABLE invitations (
    room    INTEGER NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (room, account)
) WITHOUT ROWID;

-- The direct rooms of each account.
CREATE TABLE direct_rooms (
    account TEXT NOT NULL,
    room    INTEGER NOT NULL,
    PRIMARY KEY (account, room)
) WITHOUT ROWID;

-- Texts that still have to leave the file, until that is done.
CREATE TABLE erasures (
    no    INTEGER PRIMARY KEY AUTOINCREMENT,
    trace TEXT NOT NULL
);
