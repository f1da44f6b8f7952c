//! What is appended while a show runs, row by row.

use std::path::Path;

use domain::room::{Comment, Stored};
use domain::{EpisodeId, ProgramMs, Said, Seq, ShowSlug, UnixMs, ViewerId, Voice};
use rusqlite::{Connection, OptionalExtension, params};

use crate::files::Files;
use crate::hearts::HeartKey;
use crate::retention_clock::RetentionClock;
use crate::{ArchiveError, AsRunKind};

/// A number as SQLite keeps it. Saturates at 2⁶³ − 1, far beyond every time and count.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that SQLite kept. The schema lets no negative one in.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// An accepted comment and where it belongs.
#[derive(Debug)]
pub(crate) struct ChatRow {
    pub(crate) episode: EpisodeId,
    pub(crate) comment: Comment,
}

/// A line of the as-run log.
#[derive(Debug)]
pub(crate) struct AsRunRow {
    pub(crate) episode: EpisodeId,
    pub(crate) at: ProgramMs,
    pub(crate) kind: AsRunKind,
    pub(crate) detail: String,
}

/// Writes a comment and who its writer is; not where the episode is unknown or deleted, or the
/// comment is there already.
pub(crate) fn chat(connection: &Connection, row: &ChatRow) -> rusqlite::Result<Stored> {
    let ChatRow { episode, comment: Comment { said, key, token_hash, place } } = row;
    let viewer = &said.viewer;
    let first: Option<i64> = connection
        .prepare_cached("SELECT seq FROM chat WHERE episode = ?1 AND page = ?2 AND page_id = ?3")?
        .query_row(params![episode.as_str(), key.page.as_str(), key.id], |row| row.get(0))
        .optional()?;
    if let Some(first) = first {
        return Ok(Stored::Repeated(Seq(unsigned(first))));
    }
    let written = connection
        .prepare_cached(
            "INSERT INTO chat (episode, seq, at_ms, viewer, name, hue, badge, text, page, page_id, place, number)
             SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 FROM episode WHERE id = ?1 AND state <> 'doomed'",
        )?
        .execute(params![
            episode.as_str(),
            integer(said.seq.0),
            integer(said.at_ms.0),
            viewer.id.as_str(),
            viewer.name,
            viewer.hue % 360,
            viewer.badge,
            said.text,
            key.page.as_str(),
            key.id,
            place.map(|place| place.0),
            viewer.n.filter(|n| *n >= 2),
        ])?;
    if written == 0 {
        return Ok(Stored::Failed);
    }
    connection
        .prepare_cached(
            "INSERT INTO viewer (token_hash, id, name, hue, badge) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (token_hash) DO UPDATE
             SET id = excluded.id, name = excluded.name, hue = excluded.hue, badge = excluded.badge",
        )?
        .execute(params![token_hash, viewer.id.as_str(), viewer.name, viewer.hue % 360, viewer.badge])?;
    connection.prepare_cached("UPDATE episode SET chat = chat + 1 WHERE id = ?1")?.execute([episode.as_str()])?;
    Ok(Stored::Kept)
}

/// Adds hearts to the sum of their second and colour.
pub(crate) fn hearts(connection: &Connection, key: &HeartKey, count: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO heart (episode, second, hue, count) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (episode, second, hue) DO UPDATE SET count = count + excluded.count",
        )?
        .execute(params![key.episode.as_str(), integer(key.second), key.hue, integer(count)])?;
    connection
        .prepare_cached("UPDATE episode SET hearts = hearts + ?2 WHERE id = ?1")?
        .execute(params![key.episode.as_str(), integer(count)])?;
    Ok(())
}

/// Writes a line of the as-run log.
pub(crate) fn as_run(connection: &Connection, row: &AsRunRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO as_run (episode, at_ms, kind, detail) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![row.episode.as_str(), integer(row.at.0), <&str>::from(row.kind), row.detail])?;
    Ok(())
}

/// Overwrites a comment's text and name. Its place stays taken.
pub(crate) fn remove_message(connection: &Connection, episode: &EpisodeId, seq: u64) -> Result<(), ArchiveError> {
    let removed = connection
        .prepare_cached(
            "UPDATE chat SET removed = 1, text = '', name = '' WHERE episode = ?1 AND seq = ?2 AND removed = 0",
        )?
        .execute(params![episode.as_str(), integer(seq)])?;
    connection
        .prepare_cached("UPDATE episode SET chat = chat - ?2 WHERE id = ?1")?
        .execute(params![episode.as_str(), integer(removed as u64)])?;
    Ok(())
}

/// Gives a removed comment its text and name again, at the place that stayed taken.
pub(crate) fn restore_message(connection: &Connection, episode: &EpisodeId, said: &Said) -> Result<(), ArchiveError> {
    let restored = connection
        .prepare_cached(
            "UPDATE chat SET removed = 0, text = ?3, name = ?4 WHERE episode = ?1 AND seq = ?2 AND removed = 1",
        )?
        .execute(params![episode.as_str(), integer(said.seq.0), said.text, said.viewer.name])?;
    connection
        .prepare_cached("UPDATE episode SET chat = chat + ?2 WHERE id = ?1")?
        .execute(params![episode.as_str(), integer(restored as u64)])?;
    Ok(())
}

/// Silences somebody in an episode, or lets them speak again.
pub(crate) fn set_voice(
    connection: &Connection,
    episode: &EpisodeId,
    viewer: &ViewerId,
    voice: Voice,
) -> Result<(), ArchiveError> {
    state(connection, episode)?;
    let (episode, viewer) = (episode.as_str(), viewer.as_str());
    if voice.is_silenced() {
        connection
            .prepare_cached(
                "INSERT INTO mute (episode, viewer, ejected) VALUES (?1, ?2, ?3)
                 ON CONFLICT (episode, viewer) DO UPDATE SET ejected = excluded.ejected",
            )?
            .execute(params![episode, viewer, voice == Voice::Ejected])?;
    } else {
        connection
            .prepare_cached("DELETE FROM mute WHERE episode = ?1 AND viewer = ?2")?
            .execute(params![episode, viewer])?;
    }
    Ok(())
}

/// The key under which an episode's addresses are written: `fresh`, where it had none.
pub(crate) fn place_key(
    connection: &Connection,
    episode: &EpisodeId,
    fresh: &[u8; 32],
) -> Result<[u8; 32], ArchiveError> {
    state(connection, episode)?;
    let key = connection
        .prepare_cached("UPDATE episode SET place_key = ifnull(place_key, ?2) WHERE id = ?1 RETURNING place_key")?
        .query_row(params![episode.as_str(), fresh], |row| row.get(0))?;
    Ok(key)
}

/// What is needed to plan an episode.
#[derive(Clone, Copy)]
pub(crate) struct Planning<'a> {
    pub(crate) episode: &'a EpisodeId,
    pub(crate) show: &'a ShowSlug,
    pub(crate) title: &'a str,
    pub(crate) now: UnixMs,
}

/// Plans an episode: its show exists from now on.
pub(crate) fn plan(connection: &Connection, planning: Planning<'_>) -> Result<(), ArchiveError> {
    let episode = planning.episode;
    if is_known(connection, episode)? {
        let needed = "an episode is planned once";
        return Err(ArchiveError::WrongState { episode: episode.clone(), state: "known already".into(), needed });
    }
    RetentionClock::observe_wall(connection, planning.now)?;
    insert(connection, planning)
}

fn insert(connection: &Connection, planning: Planning<'_>) -> Result<(), ArchiveError> {
    let Planning { episode, show, title, now } = planning;
    connection
        .prepare_cached("INSERT INTO show (slug, title) VALUES (?1, ?1) ON CONFLICT DO NOTHING")?
        .execute([show.as_str()])?;
    connection
        .prepare_cached("INSERT INTO episode (id, show, title, state, planned_at) VALUES (?1, ?2, ?3, 'planned', ?4)")?
        .execute(params![episode.as_str(), show.as_str(), title, integer(now.0)])?;
    Ok(())
}

/// What is needed to begin an episode.
pub(crate) struct Beginning<'a> {
    pub(crate) episode: &'a EpisodeId,
    pub(crate) title: &'a str,
    pub(crate) recording: Option<&'a Path>,
    pub(crate) started_at: UnixMs,
}

/// From planned to on air.
pub(crate) fn begin(connection: &Connection, files: &Files, beginning: &Beginning<'_>) -> Result<(), ArchiveError> {
    require(connection, beginning.episode, &["planned"], "only a planned episode can begin")?;
    RetentionClock::observe_wall(connection, beginning.started_at)?;
    put_on_air(connection, files, beginning)
}

fn put_on_air(connection: &Connection, files: &Files, beginning: &Beginning<'_>) -> Result<(), ArchiveError> {
    let Beginning { episode, title, recording, started_at } = *beginning;
    let recording = recording.map(|path| files.to_stored(path)).transpose()?;
    let started_at = integer(started_at.0);
    connection
        .prepare_cached(
            "UPDATE episode SET state = 'on_air', title = ?2, recording = ?3, started_at = ?4 WHERE id = ?1",
        )?
        .execute(params![episode.as_str(), title, recording, started_at])?;
    connection
        .prepare_cached(
            "UPDATE show SET last_started_at = max(ifnull(last_started_at, 0), ?2)
             WHERE slug = (SELECT show FROM episode WHERE id = ?1)",
        )?
        .execute(params![episode.as_str(), started_at])?;
    Ok(())
}

/// Another title, for what is there.
pub(crate) fn retitle(connection: &Connection, episode: &EpisodeId, title: &str) -> Result<(), ArchiveError> {
    let changed = connection
        .prepare_cached("UPDATE episode SET title = ?2 WHERE id = ?1 AND state <> 'doomed'")?
        .execute(params![episode.as_str(), title])?;
    if changed == 0 { Err(ArchiveError::NoSuchEpisode(episode.clone())) } else { Ok(()) }
}

/// Files a show that was recorded and whose beginning was not filed: from planned, or from nothing, to
/// on air. Says nothing about the present.
pub(crate) fn adopt(
    connection: &Connection,
    files: &Files,
    show: &ShowSlug,
    beginning: &Beginning<'_>,
) -> Result<(), ArchiveError> {
    let Beginning { episode, started_at, .. } = *beginning;
    if !is_known(connection, episode)? {
        insert(connection, Planning { episode, show, title: "", now: started_at })?;
    }
    require(connection, episode, &["planned"], "only a show that was not filed can be adopted")?;
    put_on_air(connection, files, beginning)
}

/// Whether there is, or ever was, an episode with this id.
fn is_known(connection: &Connection, episode: &EpisodeId) -> Result<bool, ArchiveError> {
    let sql = "SELECT 1 FROM episode WHERE id = ?1 UNION ALL SELECT 1 FROM tombstone WHERE episode = ?1";
    Ok(connection.prepare_cached(sql)?.exists([episode.as_str()])?)
}

/// The state of an episode that was not deleted.
pub(crate) fn state(connection: &Connection, episode: &EpisodeId) -> Result<String, ArchiveError> {
    let state: Option<String> = connection
        .prepare_cached("SELECT state FROM episode WHERE id = ?1 AND state <> 'doomed'")?
        .query_row([episode.as_str()], |row| row.get(0))
        .optional()?;
    state.ok_or_else(|| ArchiveError::NoSuchEpisode(episode.clone()))
}

/// Refuses unless the episode is in one of `states`.
pub(crate) fn require(
    connection: &Connection,
    episode: &EpisodeId,
    states: &[&str],
    needed: &'static str,
) -> Result<(), ArchiveError> {
    let state = state(connection, episode)?;
    if states.contains(&state.as_str()) {
        Ok(())
    } else {
        Err(ArchiveError::WrongState { episode: episode.clone(), state: state.replace('_', " "), needed })
    }
}

/// Some comment, for tests: said once.
#[cfg(test)]
pub(crate) fn comment(said: domain::Said) -> Comment {
    let key = domain::room::CommentKey { page: domain::PageId::from_random([1; 16]), id: format!("c{}", said.seq) };
    Comment { said, key, token_hash: [0; 32], place: None }
}
