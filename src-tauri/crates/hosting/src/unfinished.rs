//! Recordings that are not finished: found at the start, before anything can begin, and finished.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use archive::{Archive, ArchiveError, End, Unfinished};
use domain::{EpisodeId, Refusal, ReplayState};

use crate::planned::random;
use crate::recording::{self, Repaired};
use crate::recording_name::{RecordingName, date_and_time};

/// What was found before anything could begin: none of it is on air in this process.
#[derive(Debug, Default)]
pub struct Found {
    /// Shows that never ended.
    pub shows: Vec<Unfinished>,
    /// Those of which the archive knew nothing at all: they are kept until the operator says otherwise.
    pub strangers: BTreeSet<EpisodeId>,
}

/// Looks for shows that never ended, and files recordings that no row names: their show could not be
/// filed before the process died. Call it before anything can begin.
///
/// # Errors
///
/// What the archive reports.
pub fn find(archive: &Archive, recordings: &Path) -> Result<Found, ArchiveError> {
    let mut strangers = BTreeSet::new();
    for (path, name) in orphans(recordings, &archive.recordings()?) {
        let planned = archive.planned_like(&name.short)?;
        let episode = planned.clone().unwrap_or_else(|| EpisodeId::from_random(random()));
        archive.adopt_episode(&episode, &name.show, &date_and_time(name.began), &path, name.began)?;
        tracing::info!(%episode, path = %path.display(), "a recording that no show named is filed");
        if planned.is_none() {
            strangers.insert(episode);
        }
    }
    Ok(Found { shows: archive.unfinished()?, strangers })
}

/// Files that are called like a recording and that no row names.
fn orphans(folder: &Path, known: &BTreeSet<PathBuf>) -> Vec<(PathBuf, RecordingName)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = entries.filter(|path| !known.contains(path) && path.is_file());
    files.filter_map(|path| RecordingName::of(&path).map(|name| (path, name))).collect()
}

/// What became of one show.
#[derive(Debug)]
pub enum Outcome {
    /// Its recording is whole.
    Finished,
    /// There never was one: what to say.
    Nothing(Refusal),
    /// It may work later: why not now.
    NotYet(String),
}

/// Finishes the recording of `show`, files its end, and gives what is whole to `finished`. Blocks.
///
/// # Errors
///
/// What the archive reports; the file may be whole by then.
pub fn finish(
    archive: &Archive,
    show: &Unfinished,
    expires_at: Option<domain::UnixMs>,
    finished: impl Fn(&Path),
) -> Result<Outcome, ArchiveError> {
    tracing::info!(episode = %show.episode, "finishing a recording");
    let repaired = show.recording.as_deref().map(recording::repair);
    let (state, duration_ms, bytes, outcome) = match repaired {
        Some(Repaired::Finished(file)) => {
            finished(&file.path);
            (ReplayState::Recovered, file.duration_ms.0, file.bytes, Outcome::Finished)
        }
        Some(Repaired::NotYet { reason, bytes, duration_ms }) => {
            (ReplayState::Unfinished, duration_ms.0, bytes, Outcome::NotYet(reason))
        }
        Some(Repaired::Nothing { reason }) => {
            let text = format!("“{}” ended without a clean end, and nothing of it was recorded: {reason}", show.title);
            (ReplayState::Recovered, 0, 0, Outcome::Nothing(Refusal::new("recording.none", text)))
        }
        None => {
            let text = format!("“{}” ended without a clean end and was not recorded", show.title);
            (ReplayState::Recovered, 0, 0, Outcome::Nothing(Refusal::new("recording.none", text)))
        }
    };
    let ended_at = show.started_at.plus(duration_ms);
    let peak_viewers = show.peak_viewers;
    archive.end_episode(&show.episode, End { ended_at, duration_ms, bytes, state, peak_viewers, expires_at })?;
    Ok(outcome)
}
