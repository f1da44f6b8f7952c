//! kill -9 in mid-show, and while a show begins, ends, or is finished: the recording plays, and nothing that
//! was accepted is missing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use antenne_tests::antenne::{Antenne, SMALL_SHOW};
use antenne_tests::archive;
use antenne_tests::deadline::let_pass;
use antenne_tests::measure::report;
use antenne_tests::recording::{Recording, longest_gap};
use antenne_tests::room::Guest;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

/// How often the studio is killed.
const TIMES: u64 = 10;
/// What of a recording may be missing at its end, in seconds.
const MAY_BE_LOST: f64 = 1.5;

/// What is known of one show at the moment of its death.
struct Victim {
    episode: String,
    accepted: BTreeSet<u64>,
    /// Unix time in milliseconds at which it was killed.
    died: u64,
}

/// Goes on air, talks without a pause, and kills the studio after `span`.
async fn show_that_is_killed(data: &Path, span: Duration) -> Victim {
    let mut antenne = Antenne::live(data, SMALL_SHOW);
    let on_air = antenne.on_air().await;
    let mut guest = Guest::join(&on_air.room_url, Some("Ada")).await;
    let death = Instant::now() + span;
    let mut accepted = BTreeSet::new();
    let mut number = 0;
    while Instant::now() < death {
        number += 1;
        guest
            .send(&serde_json::json!({"type": "say", "id": format!("c{number}"), "text": format!("comment {number}")}))
            .await;
        let answer = guest.next_where(|message| matches!(message["type"].as_str(), Some("accepted" | "refused"))).await;
        match answer["type"].as_str() {
            Some("accepted") => drop(accepted.insert(answer["seq"].as_u64().expect("a place"))),
            // Faster than the rules allow: the room says how long to wait.
            _ => let_pass(Duration::from_millis(answer["retry_ms"].as_u64().unwrap_or(200))).await,
        }
    }
    let died = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_millis() as u64;
    antenne.kill().await;
    archive::assert_whole(data);
    Victim { episode: on_air.episode, accepted, died }
}

/// What `antenne replays` says.
async fn replays(data: &Path) -> Vec<Value> {
    let output = Antenne::command(data).args(["replays", "--json", "--data-dir"]).arg(data).output().await;
    let output = output.expect("antenne starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    lines.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_shows_killed_at_any_moment_are_all_found_again() {
    let data = TempDir::new().expect("a folder");
    let mut victims = Vec::new();
    for round in 0..TIMES {
        // Spread over the two seconds between keyframes and the half second between fragments.
        victims.push(show_that_is_killed(data.path(), Duration::from_millis(2_100 + 331 * round)).await);
    }
    // The next start finishes the last one: each start finished the one before.
    let mut antenne = Antenne::live(data.path(), SMALL_SHOW);
    antenne.on_air().await;
    antenne.end().await;

    let found = replays(data.path()).await;
    for (round, victim) in victims.iter().enumerate() {
        let replay = found.iter().find(|replay| replay["episode"] == victim.episode.as_str());
        let replay = replay.unwrap_or_else(|| panic!("round {round}: no replay of {}", victim.episode));
        assert_eq!(replay["state"], "recovered", "round {round}: {replay}");
        let recording = Recording::open(Path::new(replay["path"].as_str().expect("a recording")));
        recording.decode_all();
        let pictures = recording.pictures();
        // The test camera's pictures say when they were made.
        let newest = recording.stamps().iter().filter_map(|stamp| stamp.strip).max().expect("strips");
        let lost = victim.died.saturating_sub(newest) as f64 / 1000.0;
        report(format!(
            "round {round}: {lost:.2} s lost of {:.2} s, {} comments",
            recording.duration() + lost,
            victim.accepted.len()
        ));
        assert!(lost <= MAY_BE_LOST, "round {round}: {lost:.2} s are lost");
        assert!(longest_gap(pictures.iter().map(|picture| picture.pts)) < 0.05, "round {round}");

        let stored = archive::chat(&antenne.archive(), &victim.episode);
        let stored: BTreeSet<u64> = stored.iter().filter_map(|row| row["seq"].as_u64()).collect();
        let missing: Vec<_> = victim.accepted.difference(&stored).collect();
        assert!(missing.is_empty() && !victim.accepted.is_empty(), "round {round}: accepted and lost: {missing:?}");
    }
}

/// How long a moment may be waited for.
const MOMENT_WITHIN: Duration = Duration::from_secs(20);

/// Looks without a pause until `is_there`, and kills: the moment may be over soon.
async fn kill_when(antenne: &mut Antenne, what: &str, is_there: impl Fn() -> bool) {
    let end = Instant::now() + MOMENT_WITHIN;
    while !is_there() {
        assert!(Instant::now() < end, "{what} never came\n{}", antenne.process().errors());
        assert!(!antenne.process().has_ended(), "{what}: it was over too soon\n{}", antenne.process().errors());
        tokio::task::yield_now().await;
    }
    antenne.kill().await;
    archive::assert_whole(antenne.data());
}

/// The recording that was not there before.
fn new_recording(data: &Path, before: &[PathBuf]) -> Option<PathBuf> {
    recordings(data).into_iter().find(|path| !before.contains(path))
}

fn recordings(data: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(data.join("recordings")).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|end| end == "mp4")).collect()
}

/// Whether the complete `moov` is being appended, and whether the file says that it is there.
fn is_finishing(path: &Path) -> (bool, bool) {
    let bytes = fs::read(path).unwrap_or_default();
    let has_slot = bytes.get(36..40) == Some(b"mdat");
    let is_there = |from: usize| bytes.get(from..).is_some_and(|rest| rest.windows(4).any(|kind| kind == b"moov"));
    (has_slot || is_there(48 + 8), has_slot)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_show_killed_while_it_begins_ends_is_finished_or_repaired_is_found_again() {
    let data = TempDir::new().expect("a folder");
    let data = data.path();
    fs::create_dir_all(data.join("recordings")).expect("a folder");

    // While it begins: its file was made a moment ago.
    let mut antenne = Antenne::live(data, SMALL_SHOW);
    kill_when(&mut antenne, "the file", || new_recording(data, &[]).is_some()).await;

    let mut killed = Vec::new();
    for moment in ["filing", "finishing", "ending", "on air"] {
        let before = recordings(data);
        let mut antenne = Antenne::live(data, SMALL_SHOW);
        let on_air = antenne.on_air().await;
        let mut guest = Guest::join(&on_air.room_url, Some("Ada")).await;
        guest.say("c1", moment).await;
        let recording = new_recording(data, &before).expect("it is recorded");
        let reached = antenne.stats()["program_ms"].as_u64().unwrap_or_default();
        if moment != "on air" {
            antenne.process().signal(Signal::TERM);
        }
        match moment {
            "on air" => kill_when(&mut antenne, moment, || true).await,
            "ending" => {
                antenne.process().line("it ends", |line| line.contains("ending episode").then_some(())).await;
                kill_when(&mut antenne, moment, || true).await;
            }
            "finishing" => kill_when(&mut antenne, moment, || is_finishing(&recording).0).await,
            _ => kill_when(&mut antenne, moment, || is_finishing(&recording).1).await,
        }
        killed.push((on_air.episode, moment, recording, reached));
    }

    // While the next start repairs the last of them.
    let last = killed.last().map(|(_, _, path, _)| path.clone()).expect("some were killed");
    assert!(!is_finishing(&last).0, "there is something to repair");
    let mut antenne = Antenne::live(data, SMALL_SHOW);
    kill_when(&mut antenne, "the repair", || is_finishing(&last).0).await;
    let mut antenne = Antenne::live(data, SMALL_SHOW);
    antenne.on_air().await;
    antenne.end().await;

    let found = replays(data).await;
    for (episode, moment, path, reached) in killed {
        let replay = found.iter().find(|replay| replay["episode"] == episode.as_str());
        let replay = replay.unwrap_or_else(|| panic!("{moment}: no replay"));
        // The archive may have been just in time.
        assert!(replay["state"] == "recovered" || replay["state"] == "whole", "{moment}: {replay}");
        assert_eq!(replay["chat"], 1, "{moment}: {replay}");
        let recording = Recording::open(&path);
        recording.decode_all();
        let lasts = recording.duration() + MAY_BE_LOST;
        assert!(lasts * 1000.0 >= reached as f64, "{moment}: {lasts} s of {reached} ms");
    }
    assert!(found.iter().all(|replay| replay["state"] != "on_air" && replay["state"] != "unfinished"), "{found:?}");
}
