-- The archive of a studio, as it is now (version 5). A new database is made from this file; an
-- older one is brought here by upgrades/*.sql, and a test proves that both come out equal.
-- Whoever changes this file adds an upgrade.
--
-- Words. "Program time" is milliseconds (or whole seconds) since the first recorded picture of an
-- episode. "Unix time" is milliseconds as the system clock had it. "Retention time" is Unix time
-- corrected for clocks that were set: see retention_clock.
--
-- Settings of the connection, not of the file: foreign_keys and secure_delete are on, so that
-- what is deleted is overwritten; journal_mode is WAL; synchronous is NORMAL: whatever was
-- committed survives the death of the process, while a loss of power may take the last commits
-- since the last checkpoint (never the file's integrity).

-- "Ante": tells an archive from any other SQLite file.
PRAGMA application_id = 1097757797;

-- The series. Shows stay when their episodes are deleted.
CREATE TABLE show (
  -- [a-z0-9-]{1,40}; part of public addresses.
  slug TEXT NOT NULL PRIMARY KEY,
  -- For people.
  title TEXT NOT NULL,
  -- Unix time at which an episode last began, also where that episode is deleted by now.
  last_started_at INTEGER CHECK (last_started_at >= 0)
) STRICT;

-- One broadcast of a show, and its replay.
CREATE TABLE episode (
  -- 128 random bits in hexadecimal: the replay's public address.
  id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 32),
  show TEXT NOT NULL REFERENCES show (slug),
  title TEXT NOT NULL,
  -- planned: the room is open, nothing was recorded. on_air: begun and not ended; found in this
  -- state at a start, the studio died during the show. whole, recovered: there is a replay.
  -- unfinished: ended, but its recording could not be finished yet, which is tried again. doomed: no
  -- longer offered; its file is being removed, which is tried until it succeeds.
  state TEXT NOT NULL CHECK (state IN ('planned', 'on_air', 'whole', 'recovered', 'unfinished', 'doomed')),
  -- Unix times.
  planned_at INTEGER NOT NULL,
  started_at INTEGER CHECK (started_at IS NOT NULL OR state IN ('planned', 'doomed')),
  ended_at INTEGER CHECK (ended_at IS NOT NULL OR state IN ('planned', 'on_air', 'doomed')),
  -- The recording's path, as the bytes that the system uses: relative to this database's folder
  -- where it lies below it, so that the data folder can be moved. NULL: not recorded. The
  -- thumbnail has the same name with the extension jpg.
  recording BLOB,
  -- Length in milliseconds and size in bytes of the recording.
  duration_ms INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  -- The most people at once.
  peak_viewers INTEGER NOT NULL DEFAULT 0,
  -- Hearts, and comments that were not removed: kept with every change of them, never counted.
  hearts INTEGER NOT NULL DEFAULT 0,
  chat INTEGER NOT NULL DEFAULT 0,
  -- Retention time at which the replay is deleted. NULL: kept, not ended, or unfinished.
  expires_at INTEGER CHECK (expires_at IS NULL OR state <> 'unfinished'),
  -- Under this key the addresses in chat.place are written. Random; NULL: none was written.
  place_key BLOB CHECK (length(place_key) = 32)
) STRICT;

CREATE INDEX episode_by_show ON episode (show);

-- Who a token belongs to. Only the token's hash is known here. People whose last comment was
-- deleted with its episode are deleted, too.
CREATE TABLE viewer (
  -- SHA-256 of the token.
  token_hash BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
  -- 128 random bits in hexadecimal: the person as others see them.
  id TEXT NOT NULL,
  -- As they last called themselves.
  name TEXT NOT NULL,
  -- Their colour in degrees.
  hue INTEGER NOT NULL CHECK (hue BETWEEN 0 AND 359),
  badge TEXT
) STRICT;

CREATE INDEX viewer_by_id ON viewer (id);

-- Accepted comments. Their writers were told "accepted" after the row was committed.
CREATE TABLE chat (
  episode TEXT NOT NULL REFERENCES episode (id) ON DELETE CASCADE,
  -- The place in the room's order. Never given twice, therefore the row of a removed comment stays.
  seq INTEGER NOT NULL CHECK (seq >= 0),
  -- Program time that the writer was seeing.
  at_ms INTEGER NOT NULL CHECK (at_ms >= 0),
  -- The writer as they were called at that moment.
  viewer TEXT NOT NULL,
  name TEXT NOT NULL,
  hue INTEGER NOT NULL CHECK (hue BETWEEN 0 AND 359),
  badge TEXT,
  -- 1: the host removed it. Then name and text are overwritten with nothing.
  removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),
  text TEXT NOT NULL CHECK (removed = 0 OR text = ''),
  -- What makes it the same comment, however often it arrives: 128 random bits in hexadecimal of the
  -- page that it was written in, and that page's own id for it. NULL: older than version 3.
  page TEXT CHECK (length(page) = 32),
  page_id TEXT CHECK ((page IS NULL) = (page_id IS NULL)),
  -- The writer's address, as the first half of an HMAC-SHA-256 under the episode's key. NULL: it says
  -- nothing about them (this computer, a proxy), or older than version 4.
  place BLOB CHECK (length(place) = 16),
  -- 2 for the second person of the episode whose name looks like this one, then 3, … NULL: the first, or
  -- older than version 5.
  number INTEGER CHECK (number >= 2),
  PRIMARY KEY (episode, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX chat_by_viewer ON chat (viewer);

-- A comment is accepted once, whatever happens to sockets and processes.
CREATE UNIQUE INDEX chat_once ON chat (episode, page, page_id) WHERE page IS NOT NULL;

-- Who may not speak in an episode. Applies to people without a comment, too.
CREATE TABLE mute (
  episode TEXT NOT NULL REFERENCES episode (id) ON DELETE CASCADE,
  viewer TEXT NOT NULL,
  -- 1: they are not let into the room either.
  ejected INTEGER NOT NULL DEFAULT 0 CHECK (ejected IN (0, 1)),
  PRIMARY KEY (episode, viewer)
) STRICT, WITHOUT ROWID;

-- Accepted hearts: sums for each second of program time and each colour.
CREATE TABLE heart (
  episode TEXT NOT NULL REFERENCES episode (id) ON DELETE CASCADE,
  second INTEGER NOT NULL CHECK (second >= 0),
  hue INTEGER NOT NULL CHECK (hue BETWEEN 0 AND 359),
  count INTEGER NOT NULL CHECK (count > 0),
  PRIMARY KEY (episode, second, hue)
) STRICT, WITHOUT ROWID;

-- What happened on air, in the order in which it was written. Holds no text of viewers.
CREATE TABLE as_run (
  id INTEGER PRIMARY KEY,
  episode TEXT NOT NULL REFERENCES episode (id) ON DELETE CASCADE,
  -- Program time.
  at_ms INTEGER NOT NULL CHECK (at_ms >= 0),
  kind TEXT NOT NULL CHECK (kind IN ('layout', 'graphics', 'source', 'destination', 'removal', 'broadcast')),
  detail TEXT NOT NULL
) STRICT;

CREATE INDEX as_run_by_episode ON as_run (episode);

-- Episodes that are no more, so that their addresses answer "gone". Nothing else of them is left.
CREATE TABLE tombstone (
  episode TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- One row once the archive learnt the time. Retention time is wall + ahead - doubted and never goes back.
CREATE TABLE retention_clock (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  -- The Unix time that was seen last.
  wall INTEGER NOT NULL,
  -- By how much the system clock was set back since, and has not been set right again.
  ahead INTEGER NOT NULL CHECK (ahead >= 0),
  -- Which start of the computer that was, and milliseconds since it. NULL: not known.
  boot INTEGER,
  boot_ms INTEGER,
  -- By how much it leapt ahead since, which is not believed yet; and when that was seen first.
  doubted INTEGER NOT NULL DEFAULT 0,
  doubted_wall INTEGER,
  doubted_boot INTEGER,
  doubted_boot_ms INTEGER
) STRICT;
