//! Whoever reads the studio's outputs may stop reading, go away, or run out of disk: the show goes
//! on, ends when it is to, and is whole.

use std::fs::File;
use std::io::{ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use antenne_tests::antenne::Antenne;
use antenne_tests::deadline::until_within;
use antenne_tests::recording::Recording;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Child;

const TINY: &[&str] = &["--camera", "test", "--mic", "test", "--size", "320x180", "--listen", "127.0.0.1:0", "--json"];
/// A start, a show of two seconds, an end, and four seconds of waiting for the outputs: times five.
const WITHIN: Duration = Duration::from_secs(60);

/// Starts a show with outputs of the test's own.
fn live(data: &Path, more: &[&str], out: impl Into<Stdio>, errors: impl Into<Stdio>) -> Child {
    let mut command = Antenne::command(data);
    command.arg("live").args(TINY).args(more).arg("--data-dir").arg(data);
    command.stdin(Stdio::null()).stdout(out).stderr(errors).kill_on_drop(true);
    command.spawn().expect("antenne starts")
}

async fn ended(mut antenne: Child) -> ExitStatus {
    let status = tokio::time::timeout(WITHIN, antenne.wait()).await;
    status.expect("it ends by itself, whoever reads").expect("a child can be waited for")
}

/// A pipe that takes nothing more until somebody reads it.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let flags = fcntl_getfl(&writer).expect("its flags");
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).expect("it is set");
    loop {
        match writer.write(&[b'\n'; 4096]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    fcntl_setfl(&writer, flags).expect("it is set");
    (reader, writer)
}

/// The one replay, which is whole and can be decoded.
async fn assert_whole(data: &Path) {
    let list = ["replays", "--json", "--data-dir", data.to_str().expect("a path in UTF-8")];
    let output = Antenne::command(data).args(list).output().await.expect("antenne starts");
    let replay: Value = serde_json::from_slice(&output.stdout).expect("one replay");
    assert_eq!(replay["state"], "whole", "{replay}");
    assert!(replay["duration_ms"].as_u64().is_some_and(|ms| ms >= 2_000), "{replay}");
    Recording::open(Path::new(replay["path"].as_str().expect("a file"))).decode_all();
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_events_that_stops_reading_does_not_keep_the_show_from_its_end() {
    let data = TempDir::new().expect("a folder");
    let (_unread, out) = full_pipe();
    let antenne = live(data.path(), &["--for", "2s"], out, Stdio::null());
    assert!(ended(antenne).await.success());
    assert_whole(data.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_does_not_keep_sigterm_from_ending_the_show() {
    let data = TempDir::new().expect("a folder");
    let (_unread, errors) = full_pipe();
    let events = data.path().join("events");
    let out = File::create(&events).expect("a file");
    let antenne = live(data.path(), &[], out, errors);
    let read = || std::fs::read_to_string(&events).unwrap_or_default();
    let reached = || lines(&read()).iter().any(|line| line["program_ms"].as_u64().is_some_and(|ms| ms > 2_000));
    until_within(WITHIN, "two seconds on air", || std::future::ready(reached().then_some(()))).await;
    let pid = antenne.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs");
    kill_process(pid, Signal::TERM).expect("it is there");
    assert!(ended(antenne).await.success());
    assert!(lines(&read()).iter().any(|line| line["event"] == "ended"), "{}", read());
    assert_whole(data.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_nobody_can_read_any_more_are_said_to_be_missing_once_and_the_show_goes_on() {
    let (closed, out) = std::io::pipe().expect("a pipe");
    drop(closed);
    let full = File::options().write(true).open("/dev/full").expect("/dev/full is there");
    for out in [Stdio::from(out), Stdio::from(full)] {
        let data = TempDir::new().expect("a folder");
        let (mut errors, theirs) = std::io::pipe().expect("a pipe");
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).expect("a log in UTF-8");
            text
        });
        let antenne = live(data.path(), &["--for", "2s"], out, theirs);
        assert!(ended(antenne).await.success());
        let said = reader.join().expect("it was read");
        assert_eq!(said.matches("standard output cannot be written").count(), 1, "{said}");
        assert_whole(data.path()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_on_a_full_disk_costs_the_show_nothing() {
    let data = TempDir::new().expect("a folder");
    let full = File::options().write(true).open("/dev/full").expect("/dev/full is there");
    let events = data.path().join("events");
    let antenne = live(data.path(), &["--for", "2s"], File::create(&events).expect("a file"), full);
    assert!(ended(antenne).await.success());
    let events = lines(&std::fs::read_to_string(&events).expect("it was written"));
    assert!(events.iter().any(|line| line["event"] == "ended"), "{events:?}");
    assert!(events.iter().all(|line| line["event"] != "left_out"), "{events:?}");
    assert_whole(data.path()).await;
}
