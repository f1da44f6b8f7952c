//! A disk that is full, and keys that must not be read by anybody.

use std::path::{Path, PathBuf};
use std::time::Duration;

use antenne_tests::antenne::Antenne;
use antenne_tests::deadline::{let_pass, until};
use antenne_tests::http::get;
use antenne_tests::measure::report;
use antenne_tests::peers::{RtmpServer, SilentServer};
use antenne_tests::process::{Process, isolated};
use antenne_tests::recording::{Recording, longest_gap};
use antenne_tests::room::Guest;
use antenne_tests::small_disk::SmallDisk;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

const SHOW: &[&str] =
    &["--camera", "test", "--mic", "test", "--size", "640x360", "--video-kbps", "1500", "--listen", "127.0.0.1:0"];

/// Room for half a minute of it.
const DISK: u64 = 12 << 20;

/// Starts a show whose data folder is a disk of its own.
async fn on_its_own_disk(data: &Path) -> (SmallDisk, Antenne) {
    let disk = SmallDisk::over(data, DISK).await;
    let antenne = Antenne::start(disk.command(&Antenne::program()), data, SHOW);
    (disk, antenne)
}

/// Waits for a notice with this code.
async fn notice(antenne: &mut Antenne, code: &str) -> Value {
    antenne.event_where("notice", |event| event["code"] == code).await
}

/// Waits until `more` ms of the program are on air than now.
async fn goes_on(antenne: &mut Antenne, more: u64) {
    let reached = antenne.stats()["program_ms"].as_u64().unwrap_or_default();
    antenne.event_where("stats", |stats| stats["program_ms"].as_u64().is_some_and(|at| at >= reached + more)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_for_a_while_costs_nothing_and_stops_nothing_else() {
    let data = TempDir::new().expect("a folder");
    let (disk, mut antenne) = on_its_own_disk(data.path()).await;
    let on_air = antenne.on_air().await;
    let mut guest = Guest::join(&on_air.room_url, Some("Ada")).await;
    guest.say("c1", "before").await;
    disk.fill();
    report(format!("notice: {}", notice(&mut antenne, "recording.disk_full").await));
    // On air goes on: pictures are still encoded, and the page is still there.
    goes_on(&mut antenne, 3_000).await;
    assert!(antenne.stats()["fps"].as_f64().is_some_and(|fps| fps > 20.0), "{}", antenne.stats());
    assert_eq!(get(&on_air.base(), "/studio").await.status, 200);
    disk.clear();
    let resumed = notice(&mut antenne, "recording.resumed").await;
    assert!(resumed["message"].as_str().is_some_and(|text| text.contains("nothing is missing")), "{resumed}");
    guest.say("c2", "after").await;
    goes_on(&mut antenne, 1_000).await;
    let ended = antenne.end().await;

    let found = disk.rows("PRAGMA integrity_check");
    assert_eq!(found[0]["integrity_check"], "ok");
    let query = format!("SELECT text FROM chat WHERE episode = '{}' ORDER BY seq", on_air.episode);
    let texts = disk.rows(&query);
    assert_eq!(texts.iter().filter_map(|row| row["text"].as_str()).collect::<Vec<_>>(), ["before", "after"]);
    let name = Path::new(ended["recording"].as_str().expect("it was recorded")).file_name().expect("a name");
    let recording = Recording::open(&disk.path().join("recordings").join(name));
    recording.decode_all();
    let longest = longest_gap(recording.pictures().iter().map(|picture| picture.pts));
    assert!(longest < 0.05, "{longest} s are missing");
    let whole = ended["duration_ms"].as_f64().expect("it has a length") / 1000.0;
    assert!((recording.duration() - whole).abs() < 0.1, "{} of {whole} s", recording.duration());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_show_that_ends_on_a_full_disk_is_finished_and_filed_when_there_is_room() {
    let data = TempDir::new().expect("a folder");
    let disk = SmallDisk::over(data.path(), DISK).await;
    let options = [SHOW, &["--stay", "10m"]].concat();
    let mut antenne = Antenne::start(disk.command(&Antenne::program()), data.path(), &options);
    let on_air = antenne.on_air().await;
    goes_on(&mut antenne, 2_000).await;
    disk.fill();
    notice(&mut antenne, "recording.disk_full").await;
    antenne.end_show().await;
    disk.clear();
    // Whether its end fitted into the last bytes or not: with room it is finished, without another start.
    let query = format!("SELECT state, duration_ms FROM episode WHERE id = '{}'", on_air.episode);
    let row = until("it is finished", || async {
        let row = disk.rows(&query).remove(0);
        (row["state"] == "recovered" || row["state"] == "whole").then_some(row)
    })
    .await;
    report(format!("{row}"));
    assert!(row["duration_ms"].as_u64().is_some_and(|ms| ms > 1_500), "{row}");
    let query = format!("SELECT CAST(recording AS TEXT) AS path FROM episode WHERE id = '{}'", on_air.episode);
    let path = disk.rows(&query).remove(0);
    let recording = Recording::open(&disk.path().join(path["path"].as_str().expect("it was recorded")));
    recording.decode_all();
    assert!(longest_gap(recording.pictures().iter().map(|picture| picture.pts)) < 0.05);
    antenne.end().await;
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
