-- Version 1: shows, episodes, chat, hearts and the as-run log. schema.sql explains the words.

PRAGMA application_id = 1097757797;

CREATE TABLE show (
  slug TEXT NOT NULL PRIMARY KEY,
  title TEXT NOT NULL
) STRICT;

CREATE TABLE episode (
  id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 32),
  show TEXT NOT NULL REFERENCES show (slug),
  title TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned', 'on_air', 'whole', 'recovered', 'doomed')),
  planned_at INTEGER NOT NULL,
  started_at INTEGER CHECK (started_at IS NOT NULL OR state IN ('planned', 'doomed')),
  ended_at INTEGER CHECK (ended_at IS NOT NULL OR state IN ('planned', 'on_air', 'doomed')),
  recording BLOB,
  duration_ms INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  peak_viewers INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER
) STRICT;

CREATE INDEX episode_by_show ON episode (show);

CREATE TABLE viewer (
  token_hash BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  hue INTEGER NOT NULL CHECK (hue BETWEEN 0 AND 359),
  badge TEXT
) STRICT;

CREATE INDEX viewer_by_id ON viewer (id);

CREATE TABLE chat (
  episode TEXT NOT NULL REFERENCES episode (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL CHECK (seq >= 0),
  at_ms INTEGER NOT NULL CHECK (at_ms >= 0),
  viewer TEXT NOT NULL,
  name TEXT NOT NULL,
  hue INTEGER NOT NULL CHECK (hue BETWEEN 0 AND 359),
  badge TEXT,
  removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),
  text TEXT NOT NULL CHECK (removed = 0 OR text = ''),
  PRIMARY KEY (episode, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX chat_by_viewer ON chat (viewer);

CREATE TABLE mute (
  episode TEXT NOT NULL REFERENCES episode (id) ON DELETE CASCADE,
  viewer TEXT NOT NULL,
  PRIMARY KEY (episode, viewer)
) STRICT, WITHOUT ROWID;

CREATE TABLE heart (
  episode TEXT NOT NULL REFERENCES episode (id) ON DELETE CASCADE,
  second INTEGER NOT NULL CHECK (second >= 0),
  hue INTEGER NOT NULL CHECK (hue BETWEEN 0 AND 359),
  count INTEGER NOT NULL CHECK (count > 0),
  PRIMARY KEY (episode, second, hue)
) STRICT, WITHOUT ROWID;

CREATE TABLE as_run (
  id INTEGER PRIMARY KEY,
  episode TEXT NOT NULL REFERENCES episode (id) ON DELETE CASCADE,
  at_ms INTEGER NOT NULL CHECK (at_ms >= 0),
  kind TEXT NOT NULL CHECK (kind IN ('layout', 'graphics', 'source', 'destination', 'removal', 'broadcast')),
  detail TEXT NOT NULL
) STRICT;

CREATE INDEX as_run_by_episode ON as_run (episode);
