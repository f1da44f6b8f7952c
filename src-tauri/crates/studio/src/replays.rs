//! What the archive holds: recovered at the start, listed, expired.

use std::path::Path;

use archive::{Archive, ArchiveError, End, Reader, Show, Unfinished};
use domain::{Input, Refusal, Replay, ReplayState, Severity};

use crate::actor::{Actor, Message, failure, now, problem};
use crate::folder::DataFolder;
use crate::recording;

/// How long a recovered replay is kept, counted from its recovery: the operator must have a chance
/// to see it.
const RECOVERED_KEPT_MS: u64 = 24 * 3_600_000;

/// The task that deletes them when they are due.
const EXPIRY: &str = "deleting what is due";

/// What `antenne shows` and `antenne replays` print.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// Every show that ever had an episode.
    pub shows: Vec<Show>,
    /// Replays, newest first.
    pub replays: Vec<Replay>,
}

/// Reads the archive in `data_dir`, also while another instance is on air. Empty where there is
/// none yet.
///
/// # Errors
///
/// [`ArchiveError`] where there is one that cannot be read.
pub fn read_library(data_dir: &Path) -> Result<Library, ArchiveError> {
    let reader = Reader::open(&DataFolder::database_in(data_dir))?;
    Ok(Library { shows: reader.shows()?, replays: reader.replays()? })
}

/// Reads the list of replays. The message that brings it, or says why there is none.
pub(crate) fn list(archive: &Archive) -> (Vec<Replay>, Message) {
    match archive.replays() {
        Ok(replays) => (replays.clone(), Message::Input(Input::Library(replays))),
        Err(error) => (Vec::new(), failure(&error)),
    }
}

/// Finishes, in the background, what a crash left unfinished, and then brings the list.
pub(crate) fn recover(actor: &mut Actor) {
    let archive = actor.archive.clone();
    actor.tasks.blocking("finishing recordings", None, move || {
        let mut answers = match archive.unfinished() {
            Ok(unfinished) => unfinished.iter().map(|one| finish(&archive, one)).collect(),
            Err(error) => vec![failure(&error)],
        };
        answers.push(list(&archive).1);
        answers
    });
}

fn finish(archive: &Archive, unfinished: &Unfinished) -> Message {
    let recovered = unfinished.recording.as_deref().map(recording::repair);
    let (duration_ms, bytes, refusal) = match recovered {
        Some(Ok(file)) => {
            make_thumbnail(&file.path);
            let text = "The last show ended without a clean end; its recording was finished and is in the library";
            (file.duration_ms.0, file.bytes, Refusal::new("recording.recovered", text))
        }
        Some(Err(error)) => {
            let text =
                format!("The last show ended without a clean end, and its recording could not be finished: {error}");
            (0, 0, Refusal::new("recording.not_recovered", text))
        }
        None => (0, 0, Refusal::new("recording.none", "The last show ended without a clean end and was not recorded")),
    };
    let ended_at = now();
    let end = End {
        ended_at: unfinished.started_at.plus(duration_ms),
        duration_ms,
        bytes,
        state: ReplayState::Recovered,
        peak_viewers: 0,
        expires_at: Some(ended_at.plus(RECOVERED_KEPT_MS)),
    };
    match archive.end_episode(&unfinished.episode, end) {
        Ok(()) => problem(Severity::Note, refusal),
        Err(error) => failure(&error),
    }
}

/// Deletes what is due, in the background, unless the last time is not over.
pub(crate) fn expire(actor: &mut Actor) {
    if !actor.tasks.is_running(EXPIRY) {
        run(actor, EXPIRY, |archive| archive.expire(now()).map(|expired| !expired.is_empty()));
    }
}

/// Changes the archive in the background; where `work` says that the list changed, brings it.
pub(crate) fn change(actor: &mut Actor, work: impl FnOnce(&Archive) -> Result<bool, ArchiveError> + Send + 'static) {
    run(actor, "changing the archive", work);
}

fn run(
    actor: &mut Actor,
    name: &'static str,
    work: impl FnOnce(&Archive) -> Result<bool, ArchiveError> + Send + 'static,
) {
    let archive = actor.archive.clone();
    actor.tasks.blocking(name, None, move || match work(&archive) {
        Ok(true) => vec![list(&archive).1],
        Ok(false) => Vec::new(),
        // A file that stays is no longer listed all the same.
        Err(error) => vec![failure(&error), list(&archive).1],
    });
}

/// The picture of a replay, beside its file.
pub(crate) fn make_thumbnail(recording: &Path) {
    if let Err(error) = engine::thumbnail(recording, &recording.with_extension("jpg")) {
        tracing::warn!(%error, "no thumbnail");
    }
}
