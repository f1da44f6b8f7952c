//! What happened in an episode: comments and hearts on program time, in an answer that is bounded.

use std::collections::BTreeMap;

use domain::{EpisodeId, ProgramMs, Said, Seq, Timeline, TimelineSecond};
use rusqlite::{Connection, Row, params};

use crate::files::Files;
use crate::library::{lookup, viewer_row};
use crate::rows::{integer, unsigned};
use crate::{ArchiveError, Lookup};

/// Comments, and sums of hearts, in one answer. More of them nobody reads, and a page cannot hold.
const MOST: u64 = 100_000;

/// Comments and hearts of an episode that was begun and is not deleted.
pub(crate) fn timeline(
    connection: &Connection,
    files: &Files,
    episode: &EpisodeId,
) -> Result<Option<Timeline>, ArchiveError> {
    let Lookup::Found(replay) = lookup(connection, files, episode)? else { return Ok(None) };
    Ok(Some(Timeline {
        title: replay.title,
        started_at: replay.started_at,
        expires_at: replay.expires_at,
        duration_ms: ProgramMs(replay.duration_ms),
        chat: chat(connection, episode, replay.chat, MOST)?,
        hearts: hearts(connection, episode, MOST)?,
    }))
}

/// The last `limit` comments that were not removed, oldest first.
pub(crate) fn last(connection: &Connection, episode: &EpisodeId, limit: usize) -> Result<Vec<Said>, ArchiveError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at_ms, viewer, name, hue, badge, number, text FROM chat WHERE episode = ?1 AND removed = 0
         ORDER BY seq DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let said = statement.query_map(params![episode.as_str(), limit], said)?;
    let mut said: Vec<Said> = said.collect::<rusqlite::Result<_>>()?;
    said.reverse();
    Ok(said)
}

/// Comments that were not removed, oldest first; of more than `most` every n-th, evenly.
fn chat(connection: &Connection, episode: &EpisodeId, all: u64, most: u64) -> Result<Vec<Said>, ArchiveError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at_ms, viewer, name, hue, badge, number, text FROM chat
         WHERE episode = ?1 AND removed = 0 AND seq % ?2 = 0 ORDER BY seq LIMIT ?3",
    )?;
    let each = all.div_ceil(most).max(1);
    // Places of removed comments are taken, and so as many may come a little unevenly.
    let said = statement.query_map(params![episode.as_str(), integer(each), integer(most)], said)?;
    Ok(said.collect::<rusqlite::Result<_>>()?)
}

fn said(row: &Row<'_>) -> rusqlite::Result<Said> {
    Ok(Said {
        seq: Seq(unsigned(row.get(0)?)),
        at_ms: ProgramMs(unsigned(row.get(1)?)),
        viewer: viewer_row(row, 2)?,
        text: row.get(7)?,
    })
}

/// Hearts by second and colour; where those were more than `most` sums, by two seconds, by four, and so
/// on. None is lost.
fn hearts(connection: &Connection, episode: &EpisodeId, most: u64) -> Result<Vec<TimelineSecond>, ArchiveError> {
    let mut span = 1;
    loop {
        if let Some(seconds) = hearts_by(connection, episode, span, most)? {
            return Ok(seconds);
        }
        span *= 2;
    }
}

/// None where there are more than `most` sums, and `span` can still grow.
fn hearts_by(
    connection: &Connection,
    episode: &EpisodeId,
    span: u64,
    most: u64,
) -> Result<Option<Vec<TimelineSecond>>, ArchiveError> {
    let mut statement =
        connection.prepare_cached("SELECT second, hue, count FROM heart WHERE episode = ?1 ORDER BY second, hue")?;
    let mut rows = statement.query([episode.as_str()])?;
    let (mut seconds, mut sums) = (Vec::<TimelineSecond>::new(), 0_u64);
    while let Some(row) = rows.next()? {
        let second = unsigned(row.get(0)?);
        let at_ms = ProgramMs((second - second % span).saturating_mul(1000));
        let count = u32::try_from(unsigned(row.get(2)?)).unwrap_or(u32::MAX);
        if seconds.last().is_none_or(|last| last.at_ms != at_ms) {
            seconds.push(TimelineSecond { at_ms, by_hue: BTreeMap::new() });
        }
        if let Some(second) = seconds.last_mut() {
            let sum = second.by_hue.entry(row.get(1)?).or_insert_with(|| {
                sums += 1;
                0
            });
            *sum = sum.saturating_add(count);
        }
        // A second of program time in a day of seconds is fine enough in the end.
        if sums > most && span < 86_400 {
            return Ok(None);
        }
    }
    Ok(Some(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{connection, rows};
    use domain::{ShowSlug, UnixMs};

    #[test]
    fn a_timeline_that_would_be_too_long_is_thinned_evenly_and_its_hearts_are_all_there() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connection::to_write(&folder.path().join("archive.db")).unwrap();
        let episode = EpisodeId::from_random([1; 16]);
        let show = &ShowSlug::default();
        rows::plan(&connection, rows::Planning { episode: &episode, show, title: "", now: UnixMs(0) }).unwrap();
        let sql = "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
             INSERT INTO chat (episode, seq, at_ms, viewer, name, hue, text)
             SELECT ?1, n, n * 100, '01010101010101010101010101010101', 'Ada', 1, 'hello' FROM n";
        connection.execute(sql, [episode.as_str()]).unwrap();
        let sql = "WITH RECURSIVE n (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM n WHERE n < 999)
             INSERT INTO heart (episode, second, hue, count) SELECT ?1, n / 2, n % 2, 3 FROM n";
        connection.execute(sql, [episode.as_str()]).unwrap();
        let seqs = |most| -> Vec<u64> {
            chat(&connection, &episode, 1000, most).unwrap().into_iter().map(|said| said.seq.0).collect()
        };
        assert_eq!(seqs(1000), (1..=1000).collect::<Vec<_>>());
        assert_eq!(seqs(300), (1..=250).map(|n| n * 4).collect::<Vec<_>>());
        for (most, spans) in [(1000, 500), (999, 250), (100, 32)] {
            let seconds = hearts(&connection, &episode, most).unwrap();
            let sums: usize = seconds.iter().map(|second| second.by_hue.len()).sum();
            assert!(sums as u64 <= most && seconds.len() == spans, "{sums} in {}", seconds.len());
            let all: u32 = seconds.iter().flat_map(|second| second.by_hue.values()).sum();
            assert_eq!(all, 3000, "none is lost");
        }
    }
}
