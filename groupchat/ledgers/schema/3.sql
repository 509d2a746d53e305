-- When a message was received, where `at` does not tell: milliseconds since 1970, or 0 where the clock was not believed.
ALTER TABLE messages ADD COLUMN received INTEGER;
-- The time of the newest message that was let go for its age.
ALTER TABLE rooms ADD COLUMN aged INTEGER NOT NULL DEFAULT 0;
-- By how many milliseconds the clock was set forward while the server ran, in this epoch or before.
ALTER TABLE epochs ADD COLUMN lag INTEGER NOT NULL DEFAULT 0;
