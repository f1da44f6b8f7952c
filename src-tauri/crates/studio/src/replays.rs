//! What the archive holds: listed, changed, expired.

use std::path::Path;

use archive::{Archive, ArchiveError, Reader, Show};
use domain::{Input, Replay};

use crate::actor::{Actor, Message, failure};
use hosting::DataFolder;
use hosting::clock::moment;

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

/// Deletes what is due, in the background, unless the last time is not over.
pub(crate) fn expire(actor: &mut Actor) {
    if !actor.tasks.is_running(EXPIRY) {
        run(actor, EXPIRY, |archive| archive.expire(moment()).map(|expired| !expired.is_empty()));
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
