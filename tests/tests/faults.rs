//! A disk that is full, and keys that must not be read by anybody.

use std::path::{Path, PathBuf};
use std::time::Duration;

use antenne_tests::antenne::Antenne;
use antenne_tests::deadline::let_pass;
use antenne_tests::http::get;
use antenne_tests::measure::report;
use antenne_tests::peers::{RtmpServer, SilentServer};
use antenne_tests::process::{Process, isolated};
use antenne_tests::recording::Recording;
use rustix::process::Signal;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_the_recording_at_once_and_nothing_else() {
    let data = TempDir::new().expect("a folder");
    // A file may grow to 1 MiB, and then writing fails, as on a full disk.
    let mut command = isolated("bash");
    command.args(["-c", "trap '' XFSZ; ulimit -f 1024; exec \"$0\" \"$@\""]).arg(Antenne::program());
    let options = ["--camera", "test", "--mic", "test", "--size", "640x360", "--video-kbps", "3000"];
    let mut antenne = Antenne::start(command, data.path(), &[&options[..], &["--listen", "127.0.0.1:0"]].concat());
    let on_air = antenne.on_air().await;
    let notice = antenne
        .event_where("notice", |event| event["code"].as_str().is_some_and(|code| code.starts_with("recording")))
        .await;
    report(format!("notice: {notice}"));
    // On air goes on: pictures are still encoded, and the page is still there.
    let reached = antenne.stats()["program_ms"].as_u64().unwrap_or_default();
    antenne.event_where("stats", |stats| stats["program_ms"].as_u64().is_some_and(|at| at > reached + 3_000)).await;
    assert!(antenne.stats()["fps"].as_f64().is_some_and(|fps| fps > 20.0), "{}", antenne.stats());
    assert_eq!(get(&on_air.base(), "/studio").await.status, 200);
    let ended = antenne.end().await;
    // What fitted can still be watched, where it is offered.
    if let Some(path) = ended["recording"].as_str() {
        let recording = Recording::open(Path::new(path));
        assert!(recording.pictures().len() > 10);
    }
}

/// Another program that writes into the archive until it is dropped.
async fn held(archive: &Path) -> Process {
    let mut command = isolated("sqlite3");
    command.arg(archive).args(["BEGIN IMMEDIATE;", ".shell echo held; sleep 600"]);
    let mut process = Process::start("sqlite3", command);
    process.line("it holds the archive", |line| (line == "held").then_some(())).await;
    process
}

#[tokio::test(flavor = "multi_thread")]
async fn a_show_waits_for_its_place_in_the_archive_and_hears_ctrl_c_meanwhile() {
    const TINY: &[&str] = &["--camera", "test", "--mic", "none", "--size", "320x180", "--listen", "127.0.0.1:0"];
    let data = TempDir::new().expect("a folder");
    let mut first = Antenne::live(data.path(), TINY);
    first.on_air().await;
    first.end().await;
    let mut holder = held(&first.archive()).await;

    // It cannot be planned: whoever does not want to wait any more need not.
    let mut antenne = Antenne::live(data.path(), TINY);
    antenne.event_where("source", |event| event["state"] == "running").await;
    antenne.process().signal(Signal::TERM);
    let status = antenne.exit().await;
    assert_eq!(status.code(), Some(1), "{}", antenne.process().errors());
    assert!(antenne.process().errors().contains("before the show began"), "{}", antenne.process().errors());

    // The first attempt to plan fails; the show goes on all the same when the archive is free.
    let mut antenne = Antenne::live(data.path(), TINY);
    antenne.process().line("the plan fails", |line| line.contains("planned again").then_some(())).await;
    holder.kill().await;
    antenne.on_air().await;
    antenne.end().await;
}

/// Every file below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_key_is_in_no_log_event_file_graph_or_process_list() {
    const KEY: &str = "k3y-that-nobody-may-read";
    const OTHER: &str = "s3cond-key-from-the-environment";
    let data = TempDir::new().expect("a folder");
    let mut server = RtmpServer::start().await;
    let silent = SilentServer::start(([127, 0, 0, 1], 0).into());
    let key_file = data.path().join("key");
    std::fs::write(&key_file, format!("{KEY}\n")).expect("it is written");
    let folder = data.path().join("studio");

    let mut command = Antenne::command(data.path());
    // Everything is logged, and pipelines that fail save their graphs.
    command.env("ANTENNE_KEY", OTHER).env("ANTENNE_LOG", "trace").env("GST_DEBUG", "3,*rtmp*:7,GST_URI:7");
    let url = server.url().replace("/show", "/{key}");
    let silent_url = format!("rtmp://{}/live/{{key}}", silent.address());
    let options = ["--camera", "test", "--mic", "none", "--size", "320x180", "--listen", "127.0.0.1:0"];
    let key_path = key_file.to_str().expect("a path in UTF-8");
    let more = ["--to", &url, "--to", &silent_url, "--key-file", key_path];
    let mut antenne = Antenne::start(command, &folder, &[&options[..], &more[..]].concat());
    let on_air = antenne.on_air().await;
    antenne.event_where("destination", |event| event["index"] == 0 && event["state"] == "on_air").await;
    antenne.event_where("destination", |event| event["index"] == 1 && event["state"] == "retrying").await;
    // The one that worked fails as well: its pipeline is torn down in full flight.
    server.stop().await;
    antenne.event_where("destination", |event| event["index"] == 0 && event["state"] == "retrying").await;
    let_pass(Duration::from_secs(1)).await;

    let line = std::fs::read(format!("/proc/{}/cmdline", antenne.process().id())).expect("it runs");
    assert!(!contains(&line, KEY) && !contains(&line, OTHER), "the process list");
    let base = on_air.base();
    for path in ["/metrics", "/healthz", "/studio"] {
        assert!(!get(&base, path).await.text().contains("k3y-"), "{path}");
    }
    antenne.end().await;
    for key in [KEY, OTHER] {
        assert!(!antenne.process().output().join("\n").contains(key), "an event");
        let errors = antenne.process().errors();
        let line = errors.lines().find(|line| line.contains(key));
        assert!(line.is_none(), "the log: {}", line.unwrap_or_default().replace(key, "<the key>"));
        for file in files_below(&folder) {
            let bytes = std::fs::read(&file).unwrap_or_default();
            assert!(!contains(&bytes, key), "{}", file.display());
        }
    }
    let errors = antenne.process().errors();
    assert!(errors.lines().count() > 10, "something was logged at all");
    assert!(errors.contains("category=\"rtmp2"), "and what GStreamer says of the destination");
}
