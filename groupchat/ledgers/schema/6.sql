-- From here on the file has auto_vacuum = INCREMENTAL, so that it can get smaller: upgrade.py makes it so.

-- The first ledgers of version 5 lack this table.
CREATE TABLE IF NOT EXISTS erasures (
    no    INTEGER PRIMARY KEY AUTOINCREMENT,
    trace TEXT NOT NULL
);

-- The progress of imports into rooms, by the beginnings of their files.
CREATE TABLE imports (
    room  INTEGER NOT NULL,
    file  BLOB NOT NULL,                   -- a digest of the file's first message
    done  INTEGER NOT NULL,                -- messages of it that are stored
    chain BLOB NOT NULL,                   -- a digest of these
    PRIMARY KEY (room, file)
) WITHOUT ROWID;
