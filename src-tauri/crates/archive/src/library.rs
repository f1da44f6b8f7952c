//! What is read: replays, shows, timelines, the room's backlog.

use std::collections::BTreeSet;
use std::path::PathBuf;

use domain::room::Place;
use domain::room::limits::BACKLOG;
use domain::{EpisodeId, ProgramMs, PublicViewer, Replay, ReplayState, Said, Seq, ShowSlug, UnixMs, ViewerId, Voice};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::files::Files;
use crate::retention_clock::RetentionClock;
use crate::rows::unsigned;
use crate::timeline;
use crate::{ArchiveError, AsRunEntry, AsRunKind, Lookup, Show, Unfinished};

const REPLAYS: &str =
    "SELECT id, show, title, started_at, ended_at, duration_ms, bytes, recording, peak_viewers, state,
    expires_at, hearts, chat
    FROM episode WHERE state IN ('on_air', 'whole', 'recovered', 'unfinished')";

/// Replays, newest first; what is on air, too.
pub(crate) fn replays(connection: &Connection, files: &Files) -> Result<Vec<Replay>, ArchiveError> {
    let clock = RetentionClock::load(connection)?;
    let mut statement = connection.prepare_cached(&format!("{REPLAYS} ORDER BY started_at DESC, rowid DESC"))?;
    let replays = statement.query_map((), |row| replay_row(row, files, clock))?;
    Ok(replays.collect::<rusqlite::Result<_>>()?)
}

/// The newest episode of `show` that ended, is whole, and has its file.
pub(crate) fn last_replay(
    connection: &Connection,
    files: &Files,
    show: &ShowSlug,
) -> Result<Option<Replay>, ArchiveError> {
    let clock = RetentionClock::load(connection)?;
    let mut statement = connection.prepare_cached(&format!(
        "{REPLAYS} AND show = ?1 AND state IN ('whole', 'recovered') ORDER BY started_at DESC, rowid DESC"
    ))?;
    let mut replays = statement.query_map([show.as_str()], |row| replay_row(row, files, clock))?;
    let whole = replays.find(|replay| replay.as_ref().map_or(true, |replay| replay.path.is_some()));
    Ok(whole.transpose()?)
}

/// What is known about the address of a replay.
pub(crate) fn lookup(connection: &Connection, files: &Files, episode: &EpisodeId) -> Result<Lookup, ArchiveError> {
    let clock = RetentionClock::load(connection)?;
    let found = connection
        .prepare_cached(&format!("{REPLAYS} AND id = ?1"))?
        .query_row([episode.as_str()], |row| replay_row(row, files, clock))
        .optional()?;
    if let Some(replay) = found {
        return Ok(Lookup::Found(replay));
    }
    let is_gone = connection
        .prepare_cached(
            "SELECT 1 FROM tombstone WHERE episode = ?1
             UNION ALL SELECT 1 FROM episode WHERE id = ?1 AND state = 'doomed'",
        )?
        .exists([episode.as_str()])?;
    Ok(if is_gone { Lookup::Gone } else { Lookup::Unknown })
}

fn replay_row(row: &Row<'_>, files: &Files, clock: Option<RetentionClock>) -> rusqlite::Result<Replay> {
    let recording: Option<Vec<u8>> = row.get(7)?;
    let path = recording.map(|stored| files.path_of(&stored)).filter(|path| path.is_file());
    let state: String = row.get(9)?;
    let expires_at: Option<i64> = row.get(10)?;
    Ok(Replay {
        episode: episode_id(row, 0)?,
        show: slug(row, 1)?,
        title: row.get(2)?,
        started_at: UnixMs(unsigned(row.get(3)?)),
        ended_at: row.get::<_, Option<i64>>(4)?.map(|at| UnixMs(unsigned(at))),
        duration_ms: unsigned(row.get(5)?),
        bytes: unsigned(row.get(6)?),
        path: path.map(|path| path.to_string_lossy().into_owned()),
        hearts: unsigned(row.get(11)?),
        chat: unsigned(row.get(12)?),
        viewers: row.get(8)?,
        state: match state.as_str() {
            "on_air" => ReplayState::OnAir,
            "recovered" => ReplayState::Recovered,
            "unfinished" => ReplayState::Unfinished,
            _ => ReplayState::Whole,
        },
        expires_at: expires_at.map(unsigned).map(|at| clock.map_or(UnixMs(at), |clock| clock.shown(at))),
    })
}

/// Shows, the one that was on air last first.
pub(crate) fn shows(connection: &Connection) -> Result<Vec<Show>, ArchiveError> {
    let mut statement = connection.prepare_cached(
        "SELECT slug, title, last_started_at, (SELECT count(*) FROM episode
         WHERE show = slug AND state IN ('on_air', 'whole', 'recovered', 'unfinished'))
         FROM show ORDER BY last_started_at DESC NULLS LAST, slug",
    )?;
    let shows = statement.query_map((), |row| {
        let last: Option<i64> = row.get(2)?;
        Ok(Show {
            slug: slug(row, 0)?,
            title: row.get(1)?,
            episodes: unsigned(row.get(3)?),
            last_started_at: last.map(|at| UnixMs(unsigned(at))),
        })
    })?;
    Ok(shows.collect::<rusqlite::Result<_>>()?)
}

/// The next place in the room's order, and the last comments.
pub(crate) fn last_said(connection: &Connection, episode: &EpisodeId) -> Result<(Seq, Vec<Said>), ArchiveError> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT max(seq) FROM chat WHERE episode = ?1")?
        .query_row([episode.as_str()], |row| row.get(0))?;
    let next = last.map_or(1, |last| unsigned(last).saturating_add(1));
    Ok((Seq(next), timeline::last(connection, episode, BACKLOG)?))
}

/// Who may not speak in an episode.
pub(crate) fn silenced(connection: &Connection, episode: &EpisodeId) -> Result<Vec<(ViewerId, Voice)>, ArchiveError> {
    let mut statement = connection.prepare_cached("SELECT viewer, ejected FROM mute WHERE episode = ?1")?;
    let silenced = statement.query_map([episode.as_str()], |row| {
        let voice = if row.get(1)? { Voice::Ejected } else { Voice::Muted };
        Ok((viewer_id(row, 0)?, voice))
    })?;
    Ok(silenced.collect::<rusqlite::Result<_>>()?)
}

/// Who spoke in an episode, and from where.
pub(crate) fn who_spoke(
    connection: &Connection,
    episode: &EpisodeId,
) -> Result<Vec<(ViewerId, Option<Place>)>, ArchiveError> {
    let mut statement = connection
        .prepare_cached("SELECT viewer, place FROM chat WHERE episode = ?1 GROUP BY viewer, place ORDER BY min(seq)")?;
    let spoke = statement.query_map([episode.as_str()], |row| {
        let place: Option<[u8; 16]> = row.get(1)?;
        Ok((viewer_id(row, 0)?, place.map(Place)))
    })?;
    Ok(spoke.collect::<rusqlite::Result<_>>()?)
}

/// Who was called what in an episode, in the order in which they first spoke under it. Not what was
/// removed, and not the host.
pub(crate) fn who_was_called(connection: &Connection, episode: &EpisodeId) -> Result<Vec<PublicViewer>, ArchiveError> {
    let mut statement = connection.prepare_cached(
        "SELECT viewer, name, hue, NULL, max(number) FROM chat
         WHERE episode = ?1 AND removed = 0 AND badge IS NULL GROUP BY viewer, name ORDER BY min(seq)",
    )?;
    let called = statement.query_map([episode.as_str()], |row| viewer_row(row, 0))?;
    Ok(called.collect::<rusqlite::Result<_>>()?)
}

/// Who a token belongs to.
pub(crate) fn identity(connection: &Connection, hash: &[u8; 32]) -> Result<Option<PublicViewer>, ArchiveError> {
    let viewer = connection
        .prepare_cached("SELECT id, name, hue, badge, NULL FROM viewer WHERE token_hash = ?1")?
        .query_row([&hash[..]], |row| viewer_row(row, 0))
        .optional()?;
    Ok(viewer)
}

/// The newest episode of `show` that was planned and not begun.
pub(crate) fn planned(connection: &Connection, show: &ShowSlug) -> Result<Option<EpisodeId>, ArchiveError> {
    let planned = connection
        .prepare_cached(
            "SELECT id FROM episode WHERE show = ?1 AND state = 'planned' ORDER BY planned_at DESC, rowid DESC",
        )?
        .query_row([show.as_str()], |row| episode_id(row, 0))
        .optional()?;
    Ok(planned)
}

/// Episodes begun and never ended, and those that ended unfinished, oldest first.
pub(crate) fn unfinished(connection: &Connection, files: &Files) -> Result<Vec<Unfinished>, ArchiveError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, recording, started_at, title, state = 'unfinished', peak_viewers FROM episode
         WHERE state IN ('on_air', 'unfinished') ORDER BY started_at",
    )?;
    let unfinished = statement.query_map((), |row| {
        let stored: Option<Vec<u8>> = row.get(1)?;
        Ok(Unfinished {
            episode: episode_id(row, 0)?,
            recording: stored.map(|bytes| files.path_of(&bytes)),
            started_at: UnixMs(unsigned(row.get(2)?)),
            title: row.get(3)?,
            has_ended: row.get(4)?,
            peak_viewers: row.get(5)?,
        })
    })?;
    Ok(unfinished.collect::<rusqlite::Result<_>>()?)
}

/// Every file that a row names as its recording, deleted replays whose file stays included.
pub(crate) fn recordings(connection: &Connection, files: &Files) -> Result<BTreeSet<PathBuf>, ArchiveError> {
    let mut statement = connection.prepare_cached("SELECT recording FROM episode WHERE recording IS NOT NULL")?;
    let paths = statement.query_map((), |row| Ok(files.path_of(&row.get::<_, Vec<u8>>(0)?)))?;
    Ok(paths.collect::<rusqlite::Result<_>>()?)
}

/// The planned episode whose id begins so.
pub(crate) fn planned_like(connection: &Connection, beginning: &str) -> Result<Option<EpisodeId>, ArchiveError> {
    let planned = connection
        .prepare_cached("SELECT id FROM episode WHERE state = 'planned' AND substr(id, 1, length(?1)) = ?1")?
        .query_row([beginning], |row| episode_id(row, 0))
        .optional()?;
    Ok(planned)
}

/// The as-run log of an episode, in the order in which it was written.
pub(crate) fn as_run(connection: &Connection, episode: &EpisodeId) -> Result<Vec<AsRunEntry>, ArchiveError> {
    let mut statement =
        connection.prepare_cached("SELECT at_ms, kind, detail FROM as_run WHERE episode = ?1 ORDER BY id")?;
    let entries = statement.query_map([episode.as_str()], |row| {
        let kind: String = row.get(1)?;
        let kind = kind.parse::<AsRunKind>().map_err(|_| strange(1))?;
        Ok(AsRunEntry { at: ProgramMs(unsigned(row.get(0)?)), kind, detail: row.get(2)? })
    })?;
    Ok(entries.collect::<rusqlite::Result<_>>()?)
}

pub(crate) fn viewer_row(row: &Row<'_>, first: usize) -> rusqlite::Result<PublicViewer> {
    Ok(PublicViewer {
        id: viewer_id(row, first)?,
        name: row.get(first + 1)?,
        hue: row.get(first + 2)?,
        badge: row.get(first + 3)?,
        n: row.get(first + 4)?,
    })
}

pub(crate) fn episode_id(row: &Row<'_>, column: usize) -> rusqlite::Result<EpisodeId> {
    EpisodeId::parse(row.get_ref(column)?.as_str()?).ok_or_else(|| strange(column))
}

fn viewer_id(row: &Row<'_>, column: usize) -> rusqlite::Result<ViewerId> {
    ViewerId::parse(row.get_ref(column)?.as_str()?).ok_or_else(|| strange(column))
}

fn slug(row: &Row<'_>, column: usize) -> rusqlite::Result<ShowSlug> {
    ShowSlug::parse(row.get_ref(column)?.as_str()?).map_err(|_| strange(column))
}

/// A value that this archive never wrote.
fn strange(column: usize) -> rusqlite::Error {
    let problem = std::io::Error::other("a value that Antenne does not write");
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(problem))
}
