//! Servers that the program is pushed to: one that dies, falls silent and heals disturbs nobody.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use antenne_tests::antenne::Antenne;
use antenne_tests::deadline::{let_pass, until};
use antenne_tests::measure::report;
use antenne_tests::peers::{RtmpServer, SilentServer};
use antenne_tests::recording::{Recording, longest_gap};
use audience::client::{Units, WhepClient};
use media::{AccessUnit, Track};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Takes every unit that a viewer gets, until the show is over.
fn collect(mut units: Units) -> JoinHandle<Vec<AccessUnit>> {
    tokio::spawn(async move {
        let mut all = Vec::new();
        while let Some(unit) = units.recv().await {
            all.push(unit);
        }
        all
    })
}

/// Waits until a destination, by its place on the command line, says that it is in this state,
/// past the first `after` events. Returns the number of events up to then.
async fn reaches(antenne: &mut Antenne, after: usize, index: u64, state: &str) -> usize {
    let fits = |event: &serde_json::Value| event["index"] == index && event["state"] == state;
    antenne.event_after(after, "destination", fits).await.0
}

/// Every picture of `part` in the order of `whole`, without a missing one between its first and last.
fn assert_unbroken_part(part: &[String], whole: &[String], what: &str) {
    let first = whole.iter().position(|slices| *slices == part[0]);
    let first = first.unwrap_or_else(|| panic!("{what}: its first picture is not in the recording"));
    let end = (first + part.len()).min(whole.len());
    for (number, (got, recorded)) in part.iter().zip(&whole[first..end]).enumerate() {
        assert_eq!(got, recorded, "{what}: picture {number} of {} is another one", part.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_falls_silent_and_heals_costs_nobody_a_picture() {
    let data = TempDir::new().expect("a folder");
    let (mut sick, mut healthy) = (RtmpServer::start().await, RtmpServer::start().await);
    let (sick_url, healthy_url) = (sick.url(), healthy.url());
    let options = ["--camera", "test", "--mic", "test", "--size", "640x360", "--video-kbps", "1500"];
    let more = ["--listen", "127.0.0.1:0", "--to", &sick_url, "--to", &healthy_url];
    let mut antenne = Antenne::live(data.path(), &[&options[..], &more[..]].concat());
    let on_air = antenne.on_air().await;
    reaches(&mut antenne, 0, 0, "on_air").await;
    reaches(&mut antenne, 0, 1, "on_air").await;
    let viewer = WhepClient::connect(&on_air.whep_url).await.expect("a viewer is let in");
    let units = collect(viewer.units());
    let_pass(Duration::from_secs(4)).await;

    // Stopped: the connection breaks, and new ones are refused.
    sick.stop().await;
    let seen = reaches(&mut antenne, 0, 0, "retrying").await;
    let_pass(Duration::from_secs(5)).await;

    // Silent: it accepts, and never answers.
    let silent = SilentServer::start(sick.socket_address());
    let_pass(Duration::from_secs(6)).await;
    drop(silent);

    // Healed.
    sick.restart().await;
    reaches(&mut antenne, seen, 0, "on_air").await;
    let before = sick.received();
    until("the healed server gets pictures", || std::future::ready((sick.received() > before + 100_000).then_some(())))
        .await;

    // Frozen: the connection stays, and nothing is read any more.
    let seen = antenne.events().len();
    sick.freeze();
    reaches(&mut antenne, seen, 0, "retrying").await;
    sick.thaw();
    reaches(&mut antenne, seen, 0, "on_air").await;
    let_pass(Duration::from_secs(2)).await;

    let stats = antenne.stats();
    viewer.close().await;
    let ended = antenne.end().await;
    sick.stop().await;
    healthy.stop().await;

    let recording = Recording::open(Path::new(ended["recording"].as_str().expect("it was recorded")));
    recording.decode_all();
    let recorded = recording.pictures();
    assert!(longest_gap(recorded.iter().map(|packet| packet.pts)) < 0.05, "the recording has a hole");
    assert!(longest_gap(recording.sounds().iter().map(|packet| packet.pts)) < 0.05, "the sound has a hole");

    let files = healthy.recordings();
    assert_eq!(files.len(), 1, "the healthy server kept its one connection: {files:?}");
    let whole = recording.slices();
    assert_eq!(whole.len(), recorded.len());
    let pushed = Recording::open(&files[0]).slices();
    assert!(pushed.len() as f64 > recorded.len() as f64 * 0.8, "{} of {} pictures", pushed.len(), recorded.len());
    assert_unbroken_part(&pushed, &whole, "the healthy server");
    for file in sick.recordings().iter().filter(|file| file.metadata().is_ok_and(|data| data.len() > 50_000)) {
        let part = Recording::open(file).slices();
        assert_unbroken_part(&part, &whole, &format!("{}", file.display()));
    }

    let seen = units.await.expect("the viewer's units");
    let pictures: Vec<f64> = times(&seen, Track::Video);
    assert!(
        longest_gap(pictures.iter().copied()) < 0.05,
        "the viewer missed a picture: {}",
        longest_gap(pictures.iter().copied())
    );
    assert!(longest_gap(times(&seen, Track::Opus)) < 0.03, "the viewer missed sound");
    let unique: HashSet<u64> =
        seen.iter().filter(|unit| unit.track == Track::Video).map(|unit| unit.pts.as_nanos()).collect();
    assert_eq!(unique.len(), pictures.len(), "no picture comes twice");
    report(format!("recorded {} pictures, pushed {}, seen {}; {stats}", recorded.len(), pushed.len(), pictures.len()));
}

fn times(units: &[AccessUnit], track: Track) -> Vec<f64> {
    units.iter().filter(|unit| unit.track == track).map(|unit| unit.pts.since_zero().as_secs_f64()).collect()
}
