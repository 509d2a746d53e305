-- The same tables in the words of the code: `key` is room << 40 | id, and a client is what counts its messages in a room.
ALTER TABLE messages RENAME COLUMN place TO key;
ALTER TABLE messages RENAME COLUMN speaker TO client;
ALTER TABLE messages RENAME COLUMN before TO previous;
ALTER TABLE speakers RENAME TO clients;
ALTER TABLE begun RENAME TO epoch_starts;
ALTER TABLE said RENAME TO digests;
ALTER TABLE digests RENAME COLUMN speaker TO client;
ALTER TABLE digests RENAME COLUMN text TO digest;
