//! The data folder: one owner at a time.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use domain::{Blame, Class, Code, Coded};
use rustix::fs::{FlockOperation, flock};

/// Why a data folder cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another instance uses it.
    #[error("another Antenne uses the data folder {}; close it, or choose another folder with --data-dir", .0.display())]
    InUse(PathBuf),
    /// Something that is no folder stands in its place.
    #[error("the data folder {} is a file; move it away, or choose another folder with --data-dir", .0.display())]
    IsFile(PathBuf),
    /// It cannot be written.
    #[error("the data folder {} cannot be used ({problem}); make it writable, or choose another with --data-dir", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
}

impl Coded for FolderError {
    fn code(&self) -> Code {
        match self {
            Self::InUse(_) => Code::new("folder.in_use", Class::Conflict, Blame::Operator),
            Self::IsFile(_) => Code::new("folder.is_file", Class::Conflict, Blame::Operator),
            Self::Unusable { .. } => Code::new("folder.unusable", Class::Unavailable, Blame::System),
        }
    }
}

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
    /// [`FolderError::IsFile`], [`FolderError::Unusable`] or [`FolderError::InUse`].
    pub fn open(root: &Path) -> Result<Self, FolderError> {
        let unusable =
            |error: std::io::Error| FolderError::Unusable { path: root.to_owned(), problem: error.to_string() };
        let absolute = std::path::absolute(root).map_err(unusable)?;
        let root = absolute.as_path();
        let unusable =
            |error: std::io::Error| FolderError::Unusable { path: root.to_owned(), problem: error.to_string() };
        if root.exists() && !root.is_dir() {
            return Err(FolderError::IsFile(root.to_owned()));
        }
        for folder in [root.to_owned(), root.join("recordings"), root.join("graphs")] {
            fs::create_dir_all(&folder).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists | ErrorKind::NotADirectory => FolderError::IsFile(folder.clone()),
                _ => unusable(error),
            })?;
        }
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(root.join("lock")).map_err(unusable)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            rustix::io::Errno::WOULDBLOCK => FolderError::InUse(root.to_owned()),
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

    /// A file of its owner's in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
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
        assert!(matches!(DataFolder::open(folder.path()), Err(FolderError::InUse(_))));
        drop(first);
        assert!(DataFolder::open(folder.path()).is_ok());
    }

    #[test]
    fn a_file_in_its_place_is_left_alone_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data");
        fs::write(&file, "mine").unwrap();
        let error = DataFolder::open(&file).unwrap_err();
        assert!(matches!(error, FolderError::IsFile(_)) && error.to_string().contains("--data-dir"));
        assert!(matches!(
            DataFolder::open(&file.join("deeper")),
            Err(FolderError::IsFile(_) | FolderError::Unusable { .. })
        ));
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    }
}
