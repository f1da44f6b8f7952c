//! Before an archive is brought to another version it is copied; the copy goes when it is of no use.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::ArchiveError;

/// What stands between the archive's name and the version that came after the copy.
const BEFORE: &str = ".before-";

/// Copies the archive in `file` to `FILE.before-VERSION`, whole or not at all, before it is brought
/// to `version`. A copy of an earlier attempt is replaced: the archive is still what it was.
///
/// # Errors
///
/// What SQLite or the system reports, mostly that the disk is full. The archive is untouched.
pub(crate) fn before(connection: &Connection, file: &Path, version: u32) -> Result<(), ArchiveError> {
    let unusable = |error: std::io::Error| ArchiveError::Unusable { path: file.to_owned(), problem: error.to_string() };
    let copy = named(file, &version.to_string());
    let fresh = named(file, &format!("{version}.new"));
    remove(&fresh).map_err(unusable)?;
    // A path in bytes that are no UTF-8 cannot be said in SQL.
    let name = fresh.to_str().ok_or_else(|| ArchiveError::Unusable {
        path: file.to_owned(),
        problem: "its path is not in UTF-8, so that it cannot be copied before it is upgraded".to_owned(),
    })?;
    connection.execute("VACUUM INTO ?1", [name])?;
    fs::File::open(&fresh).and_then(|copied| copied.sync_all()).map_err(unusable)?;
    fs::rename(&fresh, &copy).map_err(unusable)?;
    tracing::info!(copy = %copy.display(), "the archive was copied before it is brought up to date");
    Ok(())
}

/// Removes the copies beside `file`. What cannot be removed is logged, and stays until the next time.
pub(crate) fn remove_all(file: &Path) {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name().and_then(|name| name.to_str())) else { return };
    let start = format!("{name}{BEFORE}");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(&start))) {
        if let Err(error) = remove(&entry.path()) {
            tracing::warn!(%error, file = %entry.path().display(), "an old copy of the archive stays");
        }
    }
}

fn named(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!("{BEFORE}{end}"));
    name.into()
}

fn remove(file: &Path) -> std::io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
