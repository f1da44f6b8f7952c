-- Version 2: deleted episodes answer "gone"; retention survives a clock that is set back; a show
-- remembers when it was last on air after its episodes are deleted.

ALTER TABLE show ADD COLUMN last_started_at INTEGER CHECK (last_started_at >= 0);

UPDATE show SET last_started_at = (SELECT max(started_at) FROM episode WHERE episode.show = show.slug);

CREATE TABLE tombstone (
  episode TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE retention_clock (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  wall INTEGER NOT NULL,
  ahead INTEGER NOT NULL CHECK (ahead >= 0)
) STRICT;
