//! How connections are opened: one that writes, others that only read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::ArchiveError;
use crate::schema::{self, Found};

/// How long a connection waits for another program that holds the file.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// `file` as an absolute path: names with a meaning for SQLite (`:memory:`, `file:…`) are files.
pub(crate) fn absolute(file: &Path) -> Result<PathBuf, ArchiveError> {
    std::path::absolute(file).map_err(|error| unusable(file, error.to_string()))
}

/// The writing connection, on an archive that is up to date.
pub(crate) fn to_write(file: &Path) -> Result<Connection, ArchiveError> {
    schema::look_at(file)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags).map_err(|error| opening(file, error))?;
    prepare(&mut connection, file).map_err(|error| match error {
        ArchiveError::Storage(error) => unusable(file, error.to_string()),
        other => other,
    })?;
    Ok(connection)
}

fn prepare(connection: &mut Connection, file: &Path) -> Result<(), ArchiveError> {
    connection.busy_timeout(BUSY)?;
    if connection.is_readonly("main")? {
        return Err(unusable(file, "it is read-only".into()));
    }
    connection.pragma_update(None, "foreign_keys", true)?;
    // A removed comment is overwritten, not only unlinked.
    connection.pragma_update(None, "secure_delete", true)?;
    // Before WAL: while the file is being made, there is no log in which its version could hide.
    schema::bring_up_to_date(connection, file)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(unusable(file, format!("its file system allows only journal mode {mode}")));
    }
    // What was committed has been handed to the system: it survives kill -9, not a loss of power.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// A connection that cannot write, on an archive of this version; none where there is no archive.
pub(crate) fn to_read(file: &Path) -> Result<Option<Connection>, ArchiveError> {
    let Found::Archive(found) = schema::look_at(file)? else { return Ok(None) };
    if found < schema::VERSION {
        return Err(ArchiveError::OlderVersion { path: file.to_owned(), found, known: schema::VERSION });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(|error| opening(file, error))?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(Some(connection))
}

/// Lets `look` see one state of the database, whatever is committed meanwhile.
pub(crate) fn consistently<T>(
    connection: &Connection,
    look: impl FnOnce(&Connection) -> Result<T, ArchiveError>,
) -> Result<T, ArchiveError> {
    let snapshot = connection.unchecked_transaction()?;
    let seen = look(&snapshot)?;
    snapshot.commit()?;
    Ok(seen)
}

/// The error of an archive that could not be opened, with the file's name.
fn opening(file: &Path, error: rusqlite::Error) -> ArchiveError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => error.into(),
        _ => unusable(file, error.to_string()),
    }
}

fn unusable(file: &Path, problem: String) -> ArchiveError {
    ArchiveError::Unusable { path: file.to_owned(), problem }
}
