//! The archive as somebody else reads it: with sqlite3, not with the studio's own code.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The archive's file in a data folder.
///
/// # Panics
///
/// If there is not exactly one SQLite file.
#[must_use]
pub fn file_in(data: &Path) -> PathBuf {
    let entries = std::fs::read_dir(data).unwrap_or_else(|error| panic!("{}: {error}", data.display()));
    // A copy from before an upgrade is no second archive.
    let is_copy = |path: &PathBuf| path.to_string_lossy().contains(".before-");
    let is_sqlite = |path: &PathBuf| {
        !is_copy(path) && std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0"))
    };
    let files: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).filter(is_sqlite).collect();
    match files.as_slice() {
        [file] => file.clone(),
        other => panic!("one archive expected in {}, found {other:?}", data.display()),
    }
}

/// The rows that `query` finds.
///
/// # Panics
///
/// If sqlite3 refuses.
#[must_use]
pub fn rows(file: &Path, query: &str) -> Vec<Value> {
    rows_of(Command::new("sqlite3"), file, query)
}

/// The rows that `query` finds, when asked by `sqlite3`: one that sees another system of files.
///
/// # Panics
///
/// If it refuses.
#[must_use]
pub fn rows_of(mut sqlite3: Command, file: &Path, query: &str) -> Vec<Value> {
    let output = sqlite3
        .args(["-readonly", "-json", "-cmd", ".timeout 5000"])
        .arg(file)
        .arg(query)
        .output()
        .expect("sqlite3 is installed");
    assert!(output.status.success(), "{query}: {}", String::from_utf8_lossy(&output.stderr));
    if output.stdout.is_empty() {
        return Vec::new();
    }
    serde_json::from_slice(&output.stdout).expect("sqlite3 -json writes JSON")
}

/// Fails unless the archive in `data`, as a dead process left it, is whole. Looks at a copy: whoever opens
/// it next finds it as it is.
///
/// # Panics
///
/// If it is damaged.
#[track_caller]
pub fn assert_whole(data: &Path) {
    let (file, copies) = (file_in(data), tempfile::tempdir().expect("a folder"));
    let name = file.file_name().expect("it has a name").to_owned();
    for end in ["", "-wal"] {
        let mut named = name.clone();
        named.push(end);
        if file.with_file_name(&named).exists() {
            std::fs::copy(file.with_file_name(&named), copies.path().join(&named)).expect("it is copied");
        }
    }
    let output = Command::new("sqlite3").arg(copies.path().join(&name)).arg("PRAGMA integrity_check").output();
    let output = output.expect("sqlite3 is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim(), "ok", "{}", String::from_utf8_lossy(&output.stderr));
}

/// Everything that the database and its files beside it contain, as bytes: for what must not be there.
#[must_use]
pub fn bytes(file: &Path) -> Vec<u8> {
    let mut all = std::fs::read(file).unwrap_or_default();
    for end in ["-wal", "-shm"] {
        let mut beside = file.as_os_str().to_owned();
        beside.push(end);
        all.extend(std::fs::read(beside).unwrap_or_default());
    }
    all
}

/// The comments of an episode that were not removed, in their order, with `seq` and `text`.
#[must_use]
pub fn chat(file: &Path, episode: &str) -> Vec<Value> {
    rows(file, &format!("SELECT seq, text FROM chat WHERE removed = 0 AND episode = '{episode}' ORDER BY seq"))
}

/// The accepted hearts of an episode.
#[must_use]
pub fn hearts(file: &Path, episode: &str) -> u64 {
    let sum = rows(file, &format!("SELECT coalesce(sum(count), 0) AS n FROM heart WHERE episode = '{episode}'"));
    sum[0]["n"].as_u64().unwrap_or_default()
}
