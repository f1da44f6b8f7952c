//! When a replay goes, and how: by rows, in an order that a crash cannot break.
//!
//! 1. In one transaction the episode is doomed: from now on nobody is offered it.
//! 2. Its file and thumbnail are removed, outside of any transaction and not on the writer's thread.
//! 3. In one transaction its rows go, and a tombstone stays.
//!
//! After a crash between two steps the next [`expire`](crate::Archive::expire) finds the doomed row
//! and goes on: a file that is already gone is fine. Where a file cannot be removed, the row stays
//! doomed with nothing but the path; what people wrote does not wait for it.

use std::path::PathBuf;

use domain::{EpisodeId, ReplayState, UnixMs};
use rusqlite::{Connection, params};

use crate::files::Files;
use crate::library::episode_id;
use crate::retention_clock::RetentionClock;
use crate::rows::{integer, require};
use crate::{ArchiveError, End};

const HOUR_MS: u64 = 3_600_000;

/// An episode whose file is to be removed.
#[derive(Debug, Clone)]
pub(crate) struct Doomed {
    pub(crate) episode: EpisodeId,
    pub(crate) recording: Option<PathBuf>,
}

/// From on air to a replay.
pub(crate) fn end(connection: &Connection, episode: &EpisodeId, end: &End) -> Result<(), ArchiveError> {
    require(connection, episode, &["on_air"], "only an episode that is on air can end")?;
    let state = match end.state {
        ReplayState::Whole => "whole",
        ReplayState::Recovered => "recovered",
        ReplayState::OnAir => {
            let needed = "an end leaves it whole or recovered";
            return Err(ArchiveError::WrongState { episode: episode.clone(), state: "on air".into(), needed });
        }
    };
    // The end of a recovered one may be long ago: it says nothing about the present.
    let clock = match (end.state, RetentionClock::load(connection)?) {
        (ReplayState::Whole, _) | (_, None) => RetentionClock::observe(connection, end.ended_at)?,
        (_, Some(clock)) => clock,
    };
    connection
        .prepare_cached(
            "UPDATE episode SET state = ?2, ended_at = ?3, duration_ms = ?4, bytes = ?5, peak_viewers = ?6,
             expires_at = ?7 WHERE id = ?1",
        )?
        .execute(params![
            episode.as_str(),
            state,
            integer(end.ended_at.0),
            integer(end.duration_ms),
            integer(end.bytes),
            end.peak_viewers,
            end.expires_at.map(|at| integer(clock.at(at))),
        ])?;
    Ok(())
}

/// Keeps a replay, or lets it expire `hours` from now.
pub(crate) fn keep(
    connection: &Connection,
    episode: &EpisodeId,
    is_kept: bool,
    now: UnixMs,
    hours: u32,
) -> Result<(), ArchiveError> {
    require(connection, episode, &["whole", "recovered"], "a replay can be kept after the show ended")?;
    let clock = RetentionClock::observe(connection, now)?;
    let expires_at = (!is_kept).then(|| integer(clock.at(now).saturating_add(u64::from(hours) * HOUR_MS)));
    connection
        .prepare_cached("UPDATE episode SET expires_at = ?2 WHERE id = ?1")?
        .execute(params![episode.as_str(), expires_at])?;
    Ok(())
}

/// Step 1 for one episode. None where it is deleted already.
pub(crate) fn doom(
    connection: &Connection,
    files: &Files,
    episode: &EpisodeId,
) -> Result<Option<Doomed>, ArchiveError> {
    if is_buried(connection, episode)? {
        return Ok(None);
    }
    let is_doomed = |doomed: &Doomed| doomed.episode == *episode;
    if let Some(doomed) = doomed(connection, files)?.into_iter().find(is_doomed) {
        return Ok(Some(doomed));
    }
    require(connection, episode, &["planned", "whole", "recovered"], "end the show first, then delete its replay")?;
    connection.prepare_cached("UPDATE episode SET state = 'doomed' WHERE id = ?1")?.execute([episode.as_str()])?;
    Ok(doomed(connection, files)?.into_iter().find(is_doomed))
}

/// Step 1 for everything that is due `now`: the newly doomed ones.
pub(crate) fn doom_what_is_due(connection: &Connection, now: UnixMs) -> Result<Vec<EpisodeId>, ArchiveError> {
    let clock = RetentionClock::observe(connection, now)?;
    let mut statement = connection.prepare_cached(
        "UPDATE episode SET state = 'doomed' WHERE state IN ('whole', 'recovered') AND expires_at <= ?1 RETURNING id",
    )?;
    let due = statement.query_map([integer(clock.now())], |row| episode_id(row, 0))?;
    Ok(due.collect::<rusqlite::Result<_>>()?)
}

/// All that is doomed, new or left over.
pub(crate) fn doomed(connection: &Connection, files: &Files) -> Result<Vec<Doomed>, ArchiveError> {
    let mut statement = connection.prepare_cached("SELECT id, recording FROM episode WHERE state = 'doomed'")?;
    let doomed = statement.query_map((), |row| {
        let stored: Option<Vec<u8>> = row.get(1)?;
        Ok(Doomed { episode: episode_id(row, 0)?, recording: stored.map(|bytes| files.path_of(&bytes)) })
    })?;
    Ok(doomed.collect::<rusqlite::Result<_>>()?)
}

/// Step 3: what people wrote goes in any case; the row only where the file is gone.
pub(crate) fn bury(connection: &Connection, episode: &EpisodeId, is_file_gone: bool) -> Result<(), ArchiveError> {
    let id = episode.as_str();
    // Whoever spoke nowhere else is forgotten, too.
    connection
        .prepare_cached(
            "DELETE FROM viewer WHERE id IN (SELECT viewer FROM chat WHERE episode = ?1)
             AND NOT EXISTS (SELECT 1 FROM chat WHERE chat.viewer = viewer.id AND chat.episode <> ?1)",
        )?
        .execute([id])?;
    for sql in [
        "DELETE FROM chat WHERE episode = ?1",
        "DELETE FROM heart WHERE episode = ?1",
        "DELETE FROM as_run WHERE episode = ?1",
        "DELETE FROM mute WHERE episode = ?1",
        "UPDATE episode SET title = '', place_key = NULL WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([id])?;
    }
    if is_file_gone {
        connection.prepare_cached("DELETE FROM episode WHERE id = ?1 AND state = 'doomed'")?.execute([id])?;
        connection
            .prepare_cached("INSERT INTO tombstone (episode) VALUES (?1) ON CONFLICT DO NOTHING")?
            .execute([id])?;
    }
    Ok(())
}

/// Whether a tombstone stands for it.
pub(crate) fn is_buried(connection: &Connection, episode: &EpisodeId) -> Result<bool, ArchiveError> {
    Ok(connection.prepare_cached("SELECT 1 FROM tombstone WHERE episode = ?1")?.exists([episode.as_str()])?)
}
