//! kill -9 in mid-show: the recording plays, and nothing that was accepted is missing.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use antenne_tests::antenne::{Antenne, SMALL_SHOW};
use antenne_tests::archive;
use antenne_tests::deadline::let_pass;
use antenne_tests::measure::report;
use antenne_tests::recording::{Recording, longest_gap};
use antenne_tests::room::Guest;
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
