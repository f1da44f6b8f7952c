-- Version 4: people can be ejected; where comments come from is known under a key of the episode's.

ALTER TABLE episode ADD COLUMN place_key BLOB CHECK (length(place_key) = 32);

ALTER TABLE chat ADD COLUMN place BLOB CHECK (length(place) = 16);

ALTER TABLE mute ADD COLUMN ejected INTEGER NOT NULL DEFAULT 0 CHECK (ejected IN (0, 1));
