//! A disk that fails in the n-th open, write or sync of the database: every failure is reported, and
//! nothing that was acknowledged is lost. strace(1) makes the system calls fail.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use archive::{Archive, ArchiveError};
use domain::{ProgramMs, Seq, UnixMs};

use crate::support::{Place, T, append, end, episode, said, show};

/// Says to a child, which is this test binary, where to write.
const FOLDER: &str = "ANTENNE_TEST_FAULTY_ARCHIVE";
/// Comments of a show.
const COMMENTS: u64 = 12;
/// For each kind of call, this many of them fail, each in a show of its own, spread over all.
const FAULTS: usize = 24;

/// Not a test of its own: a whole show, which says how each of its steps went.
#[test]
fn child_whose_disk_fails() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let file = Path::new(&folder).join("archive.db");
    let archive = match Archive::open(&file) {
        Ok(archive) => archive,
        Err(error) => return println!("\nopen: {error}"),
    };
    let report = |step: &str, outcome: Result<(), ArchiveError>| match outcome {
        Ok(()) => println!("\n{step}: done"),
        Err(error) => println!("\n{step}: {error}"),
    };
    report("plan", archive.plan_episode(&episode(1), &show(), "", UnixMs(T)));
    report("begin", archive.begin_episode(&episode(1), "Faulty", None, UnixMs(T)));
    for seq in 1..=COMMENTS {
        archive.append_hearts(&episode(1), ProgramMs(0), &[(1, 1)].into());
        let is_stored = append(&archive, &episode(1), &said(seq, seq, &format!("comment {seq}")));
        println!("\ncomment {seq}: {}", if is_stored { "done" } else { "refused" });
    }
    report("remove", archive.remove_message(&episode(1), Seq(1)));
    report("end", archive.end_episode(&episode(1), end(T, None)));
    archive.close();
    println!("\nclosed: done");
}

/// A show under strace; its words, and what strace wrote.
fn run(place: &Place, options: &[&str]) -> (Output, String) {
    let log = place.folder().join("strace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(&log);
    for end in ["", "-wal", "-journal"] {
        command.arg("-P").arg(format!("{}{end}", place.database().display()));
    }
    let child = ["--exact", "faults::child_whose_disk_fails", "--nocapture", "--test-threads=1"];
    command.args(options).arg(std::env::current_exe().unwrap()).args(child).env(FOLDER, place.folder());
    let output = command.output().expect("strace is installed");
    (output, std::fs::read_to_string(log).unwrap())
}

/// What the child said of each step.
fn said_of(output: &Output) -> BTreeMap<String, String> {
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    let steps = ["open", "plan", "begin", "remove", "end", "closed"];
    let lines = words.lines().filter_map(|line| line.split_once(": "));
    let lines = lines.filter(|(step, _)| steps.contains(step) || step.starts_with("comment "));
    lines.map(|(step, outcome)| (step.to_owned(), outcome.to_owned())).collect()
}

#[test]
fn a_disk_that_fails_in_any_open_write_or_sync_is_reported_and_loses_nothing_acknowledged() {
    for (calls, fault) in
        [("openat", "EMFILE"), ("pwrite64", "EIO"), ("fdatasync,fsync", "EIO"), ("pwrite64", "ENOSPC")]
    {
        let trace = format!("trace={calls}");
        let (_, log) = run(&Place::new(), &["-e", &trace]);
        let all = log.lines().filter(|line| calls.split(',').any(|call| line.contains(&format!("{call}(")))).count();
        assert!(all >= 2, "{calls}: {all}, so that this would test nothing");
        let mut failed = 0;
        for number in (1..=all).step_by(all.div_ceil(FAULTS)) {
            let place = Place::new();
            let inject = format!("inject={calls}:error={fault}:when={number}");
            let (output, log) = run(&place, &["-e", &trace, "-e", &inject]);
            let what = format!("{calls} {number} of {all}, {fault}");
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && !errors.contains("panicked"), "{what}: {errors}");
            let said = said_of(&output);
            if log.contains("(INJECTED)") {
                failed += usize::from(said.values().any(|outcome| outcome != "done"));
            }
            for outcome in said.values() {
                assert!(outcome.len() > 3, "{what}: a failure without words");
            }
            assert!(said.contains_key("closed") || said.contains_key("open"), "{what}: it hung or died: {said:?}");
            assert_kept(&place, &said, &what);
        }
        println!("{calls} with {fault}: {all} calls, {failed} shows were answered so");
        assert!(failed > 0, "{calls}: no failure was ever reported");
    }
}

/// Everything that was said to be done is there, on a disk that works again.
#[track_caller]
fn assert_kept(place: &Place, said: &BTreeMap<String, String>, what: &str) {
    let is_done = |step: &str| said.get(step).is_some_and(|outcome| outcome == "done");
    let archive = place.open();
    let (_, backlog) = archive.last_said(&episode(1)).unwrap();
    for seq in 1..=COMMENTS {
        // The first is removed again.
        let is_there = backlog.iter().any(|said| said.seq == Seq(seq)) || (seq == 1 && said.contains_key("remove"));
        assert!(is_there || !is_done(&format!("comment {seq}")), "{what}: comment {seq} was acknowledged: {said:?}");
    }
    if is_done("remove") {
        assert!(!backlog.iter().any(|said| said.seq == Seq(1)), "{what}: it was removed");
    }
    if is_done("end") {
        let [replay] = archive.replays().unwrap().try_into().unwrap();
        assert!(replay.ended_at.is_some(), "{what}: {replay:?}");
        assert_eq!(replay.chat, backlog.len() as u64, "{what}: the totals are right");
        // Hearts are never refused; what could not be written at the end is logged as lost.
        assert!(replay.hearts <= COMMENTS, "{what}: {replay:?}");
    }
    archive.close();
    let connection = rusqlite::Connection::open(place.database()).unwrap();
    let check: String = connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
    assert_eq!(check, "ok", "{what}");
}
