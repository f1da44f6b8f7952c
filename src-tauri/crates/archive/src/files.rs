//! Where recordings lie: paths as they are stored, and the files behind them.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::ArchiveError;

/// The folder that stored paths are relative to: the database's own.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    root: PathBuf,
}

impl Files {
    pub(crate) fn beside(database: &Path) -> Self {
        Self { root: database.parent().unwrap_or(Path::new("/")).to_owned() }
    }

    /// The bytes to store for `recording`: relative where it lies below the database's folder.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Unusable`] where `recording` is empty or the working directory is gone.
    pub(crate) fn to_stored(&self, recording: &Path) -> Result<Vec<u8>, ArchiveError> {
        let absolute = std::path::absolute(recording)
            .map_err(|error| ArchiveError::Unusable { path: recording.to_owned(), problem: error.to_string() })?;
        Ok(absolute.strip_prefix(&self.root).unwrap_or(&absolute).as_os_str().as_bytes().to_vec())
    }

    /// The path that was stored.
    pub(crate) fn path_of(&self, stored: &[u8]) -> PathBuf {
        self.root.join(OsStr::from_bytes(stored))
    }
}

/// Removes a recording and its thumbnail. What is not there is fine, whoever removed it.
///
/// # Errors
///
/// [`ArchiveError::FileStays`] for the first file that is there and stays.
pub(crate) fn remove_with_thumbnail(recording: &Path) -> Result<(), ArchiveError> {
    // Both are tried, also where the first fails: less of the replay stays behind.
    let outcomes = [remove(recording), remove(&recording.with_extension("jpg"))];
    outcomes.into_iter().collect()
}

fn remove(path: &Path) -> Result<(), ArchiveError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(()),
        Err(error) => Err(ArchiveError::FileStays { path: path.to_owned(), problem: error.to_string() }),
    }
}
