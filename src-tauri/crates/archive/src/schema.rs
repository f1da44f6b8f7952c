//! Which version a file has, and how it is brought to the newest one.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite_migration::{M, Migrations};

use crate::{ArchiveError, backup};

/// The newest version, as a new file is made. Documented.
const NEWEST: &str = include_str!("../schema.sql");
/// From nothing to version 1, from 1 to 2, …
const UPGRADES: &[M<'static>] = &[
    M::up(include_str!("../upgrades/1.sql")),
    M::up(include_str!("../upgrades/2.sql")).foreign_key_check(),
    M::up(include_str!("../upgrades/3.sql")),
    M::up(include_str!("../upgrades/4.sql")).foreign_key_check(),
    M::up(include_str!("../upgrades/5.sql")),
];
/// The version that [`NEWEST`] is.
pub(crate) const VERSION: u32 = 5;
/// "Ante", as in `schema.sql`.
const APPLICATION_ID: u32 = 0x416e_7465;

/// What stands at the place of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing, or an empty file.
    Nothing,
    /// An archive of this version, not newer than [`VERSION`].
    Archive(u32),
}

/// Looks at the file's first hundred bytes (SQLite's file format, §1.3) without SQLite, which would
/// leave its `-wal` and `-shm` beside a file that is none of our business.
///
/// # Errors
///
/// [`ArchiveError::NewerVersion`], [`ArchiveError::NotAnArchive`] or [`ArchiveError::Unusable`].
pub(crate) fn look_at(path: &Path) -> Result<Found, ArchiveError> {
    let unusable = |problem: String| ArchiveError::Unusable { path: path.to_owned(), problem };
    let mut header = Vec::with_capacity(100);
    let read = File::open(path).and_then(|file| file.take(100).read_to_end(&mut header));
    match read {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound && path.parent().is_some_and(Path::is_dir) => {
            return Ok(Found::Nothing);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(unusable("its folder does not exist".into())),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(unusable("what should be its folder is a file".into()));
        }
        Err(error) if error.kind() == ErrorKind::IsADirectory => {
            return Err(unusable("a folder stands in its place".into()));
        }
        Err(error) => return Err(unusable(error.to_string())),
    }
    if header.is_empty() {
        return Ok(Found::Nothing);
    }
    let number = |at: usize| header.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes);
    match (header.starts_with(b"SQLite format 3\0"), number(68), number(60)) {
        (true, Some(APPLICATION_ID), Some(version @ 1..)) => known(path, version).map(Found::Archive),
        _ => Err(ArchiveError::NotAnArchive(path.to_owned())),
    }
}

/// Makes the tables, or upgrades them. Each upgrade is a transaction: a crash leaves the file at
/// one version or the next.
///
/// # Errors
///
/// [`ArchiveError::NewerVersion`] where a write-ahead log hid the true version from [`look_at`]; the
/// file is left as it is. Else what SQLite reports.
pub(crate) fn bring_up_to_date(connection: &mut Connection, path: &Path) -> Result<(), ArchiveError> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if let Err(error) = known(path, version) {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        return Err(error);
    }
    match version {
        0 => {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            transaction.execute_batch(NEWEST)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
        }
        VERSION => {}
        older => {
            tracing::info!(from = older, to = VERSION, "the archive is brought up to date");
            backup::before(connection, path, VERSION)?;
            upgrade(connection)?;
            // The header must say the truth to whoever looks at it without SQLite.
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
        }
    }
    Ok(())
}

/// A table that is made anew takes the place of the old one: to references, nothing was deleted.
fn upgrade(connection: &mut Connection) -> Result<(), ArchiveError> {
    connection.pragma_update(None, "foreign_keys", false)?;
    let upgraded = Migrations::from_slice(UPGRADES).to_latest(connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err,
        other => rusqlite::Error::ToSqlConversionFailure(Box::new(other)),
    });
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(upgraded?)
}

fn known(path: &Path, version: u32) -> Result<u32, ArchiveError> {
    if version <= VERSION {
        Ok(version)
    } else {
        Err(ArchiveError::NewerVersion { path: path.to_owned(), found: version, known: VERSION })
    }
}

#[cfg(test)]
mod tests;
