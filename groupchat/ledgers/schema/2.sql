-- A message knows who said it as what number, and its speaker's one before it: so to store it is to append, and what a client
-- said is found by going back from its last message. Messages from before have none of that; what they were is in said.
ALTER TABLE messages ADD COLUMN speaker INTEGER;
ALTER TABLE messages ADD COLUMN n INTEGER;
ALTER TABLE messages ADD COLUMN before INTEGER;                      -- an id in the same room
ALTER TABLE speakers ADD COLUMN id INTEGER NOT NULL DEFAULT 0;       -- of its last message here

-- Which would have to be changed by each message; those who look for the long unseen look at all.
DROP INDEX speakers_seen;

-- What a speaker said whose message is no longer there: the last 1000 n have to be known longer than messages are kept.
ALTER TABLE said RENAME TO ring;
CREATE TABLE said (
    speaker INTEGER NOT NULL,
    n       INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    text    BLOB NOT NULL,                 -- a digest of text and act
    PRIMARY KEY (speaker, n)
) WITHOUT ROWID;
INSERT INTO said SELECT place / 1000, n, id, text FROM ring;
DROP TABLE ring;
