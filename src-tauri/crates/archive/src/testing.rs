//! What tests of other crates do to an archive: another program that holds its file, rows that are
//! gone, defects on order. Nothing of it is in a program that is released.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

/// Archives whose next transaction panics.
static DEFECTIVE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Another program that writes into an archive and is not done before it is dropped.
#[derive(Debug)]
pub struct Held {
    _connection: Connection,
}

/// Holds the archive in `file`; waits for it at most `patience`.
///
/// # Panics
///
/// If it does not get it.
#[must_use]
pub fn hold(file: &Path, patience: Duration) -> Held {
    let connection = open(file);
    connection.busy_timeout(patience).expect("a timeout can be set");
    connection.execute_batch("BEGIN IMMEDIATE").expect("nobody else holds the archive for so long");
    Held { _connection: connection }
}

/// How many episodes are planned.
///
/// # Panics
///
/// If the archive cannot be read.
#[must_use]
pub fn planned(file: &Path) -> u32 {
    let sql = "SELECT count(*) FROM episode WHERE state = 'planned'";
    open(file).query_row(sql, (), |row| row.get(0)).expect("the archive can be read")
}

/// Deletes every episode.
///
/// # Panics
///
/// If the archive cannot be written.
pub fn forget_episodes(file: &Path) {
    open(file).execute("DELETE FROM episode", ()).expect("the archive can be written");
}

/// The next transaction of the archive in `file`, which is an absolute path, panics.
pub fn break_next_transaction(file: &Path) {
    DEFECTIVE.lock().unwrap_or_else(PoisonError::into_inner).insert(file.to_owned());
}

pub(crate) fn panic_if_asked(connection: &Connection) {
    let file = connection.path().map(PathBuf::from);
    let is_asked = file.is_some_and(|file| DEFECTIVE.lock().unwrap_or_else(PoisonError::into_inner).remove(&file));
    assert!(!is_asked, "a defect, as a test ordered it");
}

fn open(file: &Path) -> Connection {
    Connection::open(file).expect("the archive can be opened")
}
