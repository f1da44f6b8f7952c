//! The data folder: one owner at a time.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::error::StudioError;

/// The data folder, held by a lock until it is dropped. The lock is taken before anything in it
/// is looked at, so that a second instance can never "finish" a running recording.
#[derive(Debug)]
pub struct DataFolder {
    root: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder if there is none, and takes its lock.
    ///
    /// # Errors
    ///
    /// [`StudioError::FolderIsFile`], [`StudioError::FolderUnusable`] or [`StudioError::FolderInUse`].
    pub fn open(root: &Path) -> Result<Self, StudioError> {
        let unusable =
            |error: std::io::Error| StudioError::FolderUnusable { path: root.to_owned(), problem: error.to_string() };
        let absolute = std::path::absolute(root).map_err(unusable)?;
        let root = absolute.as_path();
        let unusable =
            |error: std::io::Error| StudioError::FolderUnusable { path: root.to_owned(), problem: error.to_string() };
        if root.exists() && !root.is_dir() {
            return Err(StudioError::FolderIsFile(root.to_owned()));
        }
        for folder in [root.to_owned(), root.join("recordings"), root.join("graphs")] {
            fs::create_dir_all(&folder).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists | ErrorKind::NotADirectory => StudioError::FolderIsFile(folder.clone()),
                _ => unusable(error),
            })?;
        }
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(root.join("lock")).map_err(unusable)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            rustix::io::Errno::WOULDBLOCK => StudioError::FolderInUse(root.to_owned()),
            other => unusable(other.into()),
        })?;
        Ok(Self { root: root.to_owned(), _lock: lock })
    }

    /// The database's file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        Self::database_in(&self.root)
    }

    /// The database's file in a folder that somebody else may own.
    #[must_use]
    pub fn database_in(root: &Path) -> PathBuf {
        root.join("archive.db")
    }

    /// Where recordings are written.
    #[must_use]
    pub fn recordings(&self) -> PathBuf {
        self.root.join("recordings")
    }

    /// Where the graphs of failed pipelines are saved.
    #[must_use]
    pub fn graphs(&self) -> PathBuf {
        self.root.join("graphs")
    }

    /// The file that remembers the setup.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.root.join("settings.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_and_is_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(folder.path()).unwrap();
        assert!(matches!(DataFolder::open(folder.path()), Err(StudioError::FolderInUse(_))));
        drop(first);
        assert!(DataFolder::open(folder.path()).is_ok());
    }

    #[test]
    fn a_file_in_its_place_is_left_alone_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data");
        fs::write(&file, "mine").unwrap();
        let error = DataFolder::open(&file).unwrap_err();
        assert!(matches!(error, StudioError::FolderIsFile(_)) && error.to_string().contains("--data-dir"));
        assert!(matches!(
            DataFolder::open(&file.join("deeper")),
            Err(StudioError::FolderIsFile(_) | StudioError::FolderUnusable { .. })
        ));
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    }
}
