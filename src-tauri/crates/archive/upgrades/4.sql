-- Version 4: a recording that could not be finished is a state of its own; an episode knows its totals; a
-- clock that leaps ahead is not believed at once; people can be ejected; where comments come from is known under
-- a key of the episode's.

CREATE TABLE new_episode (
  id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 32),
  show TEXT NOT NULL REFERENCES show (slug),
  title TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned', 'on_air', 'whole', 'recovered', 'unfinished', 'doomed')),
  planned_at INTEGER NOT NULL,
  started_at INTEGER CHECK (started_at IS NOT NULL OR state IN ('planned', 'doomed')),
  ended_at INTEGER CHECK (ended_at IS NOT NULL OR state IN ('planned', 'on_air', 'doomed')),
  recording BLOB,
  duration_ms INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  peak_viewers INTEGER NOT NULL DEFAULT 0,
  hearts INTEGER NOT NULL DEFAULT 0,
  chat INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER CHECK (expires_at IS NULL OR state <> 'unfinished'),
  place_key BLOB CHECK (length(place_key) = 32)
) STRICT;

INSERT INTO new_episode (rowid, id, show, title, state, planned_at, started_at, ended_at, recording, duration_ms, bytes,
    peak_viewers, hearts, chat, expires_at)
  SELECT rowid, id, show, title, state, planned_at, started_at, ended_at, recording, duration_ms, bytes, peak_viewers,
    (SELECT ifnull(sum(count), 0) FROM heart WHERE heart.episode = id),
    (SELECT count(*) FROM chat WHERE chat.episode = id AND removed = 0),
    expires_at
  FROM episode;

DROP TABLE episode;

ALTER TABLE new_episode RENAME TO episode;

CREATE INDEX episode_by_show ON episode (show);

ALTER TABLE retention_clock ADD COLUMN boot INTEGER;

ALTER TABLE retention_clock ADD COLUMN boot_ms INTEGER;

ALTER TABLE retention_clock ADD COLUMN doubted INTEGER NOT NULL DEFAULT 0;

ALTER TABLE retention_clock ADD COLUMN doubted_wall INTEGER;

ALTER TABLE retention_clock ADD COLUMN doubted_boot INTEGER;

ALTER TABLE retention_clock ADD COLUMN doubted_boot_ms INTEGER;

ALTER TABLE chat ADD COLUMN place BLOB CHECK (length(place) = 16);

ALTER TABLE mute ADD COLUMN ejected INTEGER NOT NULL DEFAULT 0 CHECK (ejected IN (0, 1));
