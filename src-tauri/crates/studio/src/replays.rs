//! What the archive holds: recovered at the start, listed, expired.

use std::path::Path;

use archive::{Archive, ArchiveError, End, Reader, Show, Unfinished};
use domain::{Input, Refusal, Replay, ReplayState, Severity};
use tokio::sync::mpsc;

use crate::actor::{Message, now};
use crate::episode::problem;
use crate::folder::DataFolder;
use crate::recording;

/// How long a recovered replay is kept, counted from its recovery: the operator must have a chance
/// to see it.
const RECOVERED_KEPT_MS: u64 = 24 * 3_600_000;

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

/// Reads the replays and tells the actor.
pub(crate) fn tell(archive: &Archive, inbox: &mpsc::Sender<Message>) -> Vec<Replay> {
    match archive.replays() {
        Ok(replays) => {
            let _closed = inbox.blocking_send(Message::Input(Input::Library(replays.clone())));
            replays
        }
        Err(error) => {
            let _closed = inbox.blocking_send(problem(Severity::Warning, Refusal::from_coded(&error)));
            Vec::new()
        }
    }
}

/// Finishes, in the background, what a crash left unfinished, and then tells the list.
pub(crate) fn recover(archive: &Archive, inbox: &mpsc::Sender<Message>) {
    let (archive, inbox) = (archive.clone(), inbox.clone());
    tokio::task::spawn_blocking(move || {
        match archive.unfinished() {
            Ok(unfinished) => unfinished.iter().for_each(|one| finish(&archive, &inbox, one)),
            Err(error) => {
                let _closed = inbox.blocking_send(problem(Severity::Alarm, Refusal::from_coded(&error)));
            }
        }
        tell(&archive, &inbox);
    });
}

fn finish(archive: &Archive, inbox: &mpsc::Sender<Message>, unfinished: &Unfinished) {
    let recovered = unfinished.recording.as_deref().map(recording::repair);
    let (duration_ms, bytes, refusal) = match recovered {
        Some(Ok(file)) => {
            make_thumbnail(&file.path);
            let text = "The last show ended without a clean end; its recording was finished and is in the library";
            (file.duration_ms.0, file.bytes, Refusal::new("recording.recovered", text))
        }
        Some(Err(error)) => {
            tracing::warn!(%error, "a recording could not be recovered");
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
    let refusal = match archive.end_episode(&unfinished.episode, end) {
        Ok(()) => refusal,
        Err(error) => Refusal::from_coded(&error),
    };
    let _closed = inbox.blocking_send(problem(Severity::Note, refusal));
}

/// Deletes what is due, in the background.
pub(crate) fn expire(archive: &Archive, inbox: &mpsc::Sender<Message>) {
    change(archive, inbox, |archive| archive.expire(now()).map(|expired| !expired.is_empty()));
}

/// Changes the archive in the background; where something changed, tells the list.
pub(crate) fn change(
    archive: &Archive,
    inbox: &mpsc::Sender<Message>,
    work: impl FnOnce(&Archive) -> Result<bool, ArchiveError> + Send + 'static,
) {
    let (archive, inbox) = (archive.clone(), inbox.clone());
    tokio::task::spawn_blocking(move || match work(&archive) {
        Ok(true) => {
            tell(&archive, &inbox);
        }
        Ok(false) => {}
        Err(error) => {
            let _closed = inbox.blocking_send(problem(Severity::Warning, Refusal::from_coded(&error)));
            // A file that stays is no longer listed all the same.
            tell(&archive, &inbox);
        }
    });
}

/// The picture of a replay, beside its file.
pub(crate) fn make_thumbnail(recording: &Path) {
    if let Err(error) = engine::thumbnail(recording, &recording.with_extension("jpg")) {
        tracing::warn!(%error, "no thumbnail");
    }
}
