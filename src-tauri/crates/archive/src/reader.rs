//! Looks into an archive without being its owner.

use std::path::Path;

use domain::{EpisodeId, Replay, Timeline};
use rusqlite::Connection;

use crate::files::Files;
use crate::{ArchiveError, AsRunEntry, Lookup, Show, connection, library, timeline};

/// A look into an archive that cannot write, also while another process does. Where there is no
/// archive yet, everything is empty.
#[derive(Debug)]
pub struct Reader {
    connection: Option<Connection>,
    files: Files,
}

impl Reader {
    /// Opens the archive in `file`.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NewerVersion`], [`ArchiveError::OlderVersion`], [`ArchiveError::NotAnArchive`] or
    /// [`ArchiveError::Unusable`]; the file is not touched.
    pub fn open(file: &Path) -> Result<Self, ArchiveError> {
        let file = connection::absolute(file)?;
        // No archive, because its folder was never made, is no error for somebody who only looks.
        let is_there = std::fs::symlink_metadata(&file).is_ok() || file.parent().is_some_and(Path::exists);
        let connection = if is_there { connection::to_read(&file)? } else { None };
        Ok(Self { connection, files: Files::beside(&file) })
    }

    /// Replays, newest first; what is on air, too.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn replays(&self) -> Result<Vec<Replay>, ArchiveError> {
        self.look(|connection| library::replays(connection, &self.files)).map(Option::unwrap_or_default)
    }

    /// Shows, the one that was on air last first.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn shows(&self) -> Result<Vec<Show>, ArchiveError> {
        self.look(library::shows).map(Option::unwrap_or_default)
    }

    /// What is known about the address of a replay.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn replay(&self, episode: &EpisodeId) -> Result<Lookup, ArchiveError> {
        let found = self.look(|connection| library::lookup(connection, &self.files, episode))?;
        Ok(found.unwrap_or(Lookup::Unknown))
    }

    /// Comments and hearts of an episode; none where it was not begun or is deleted.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn timeline(&self, episode: &EpisodeId) -> Result<Option<Timeline>, ArchiveError> {
        self.look(|connection| timeline::timeline(connection, &self.files, episode)).map(Option::flatten)
    }

    /// The as-run log of an episode, in the order in which it was written.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn as_run(&self, episode: &EpisodeId) -> Result<Vec<AsRunEntry>, ArchiveError> {
        self.look(|connection| library::as_run(connection, episode)).map(Option::unwrap_or_default)
    }

    /// What `look` sees in one state of the database; none where there is no archive.
    fn look<T>(&self, look: impl FnOnce(&Connection) -> Result<T, ArchiveError>) -> Result<Option<T>, ArchiveError> {
        self.connection.as_ref().map(|connection| connection::consistently(connection, look)).transpose()
    }
}
