//! A camera that is pulled out and plugged in again while on air.

use std::path::Path;
use std::time::Duration;

use antenne_tests::antenne::Antenne;
use antenne_tests::deadline::let_pass;
use antenne_tests::measure::report;
use antenne_tests::recording::{Recording, longest_gap};
use antenne_tests::surroundings::Session;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn the_program_goes_on_through_the_slate_and_the_camera_comes_back() {
    let data = TempDir::new().expect("a folder");
    let session = Session::start().await;
    let camera = session.plug_camera("Loose Cable").await;
    let mut command = Antenne::command(data.path());
    session.surround(&mut command);
    // Without a choice the first real camera is taken.
    let options = ["--mic", "test", "--size", "640x360", "--video-kbps", "1500", "--listen", "127.0.0.1:0"];
    let mut antenne = Antenne::start(command, data.path(), &options);
    let on_air = antenne.on_air().await;
    assert!(on_air.verified, "{}", on_air.reason);
    let_pass(Duration::from_secs(3)).await;

    camera.pull().await;
    antenne.event_where("source", |event| event["state"] == "lost").await;
    // Long enough for its last picture and then the slate.
    let_pass(Duration::from_secs(5)).await;
    let _camera = session.plug_camera("Loose Cable").await;
    antenne.event_where("source", |event| event["state"] == "back").await;
    let_pass(Duration::from_secs(3)).await;

    let ended = antenne.end().await;
    let recording = Recording::open(Path::new(ended["recording"].as_str().expect("it was recorded")));
    recording.decode_all();
    let pictures = recording.pictures();
    let gap = longest_gap(pictures.iter().map(|picture| picture.pts));
    assert!(gap < 0.05, "the picture has a hole of {gap} s");
    let gap = longest_gap(recording.sounds().iter().map(|sound| sound.pts));
    assert!(gap < 0.05, "the sound has a hole of {gap} s");
    assert_eq!(antenne.stats()["dropped"], 0);

    // What was seen: strips, then none (the slate), then strips that are newer.
    let stamps = recording.stamps();
    let slate: Vec<f64> = stamps.iter().filter(|stamp| stamp.strip.is_none()).map(|stamp| stamp.pts).collect();
    let (first, last) = (slate.first().copied().unwrap_or_default(), slate.last().copied().unwrap_or_default());
    assert!(slate.len() > 30, "the slate was seen for {} pictures", slate.len());
    let before = stamps.iter().filter(|stamp| stamp.pts < first).filter_map(|stamp| stamp.strip).max();
    let after: Vec<u64> = stamps.iter().filter(|stamp| stamp.pts > last).filter_map(|stamp| stamp.strip).collect();
    assert!(after.len() > 30, "the camera is back for {} pictures", after.len());
    assert!(after.iter().min() > before.as_ref(), "what came back is the camera's present, not its past");
    report(format!("slate from {first:.2} s to {last:.2} s of {:.2} s", recording.duration()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_server_that_is_restarted_is_one_lost_source() {
    let data = TempDir::new().expect("a folder");
    let mut session = Session::start().await;
    let camera = session.plug_camera("Studio Camera").await;
    let mut command = Antenne::command(data.path());
    session.surround(&mut command);
    let options = ["--mic", "test", "--size", "640x360", "--listen", "127.0.0.1:0"];
    let mut antenne = Antenne::start(command, data.path(), &options);
    antenne.on_air().await;
    let_pass(Duration::from_secs(2)).await;
    session.stop_sound_server().await;
    antenne.event_where("source", |event| event["state"] == "lost").await;
    drop(camera);
    session.start_sound_server().await;
    let _camera = session.plug_camera("Studio Camera").await;
    antenne.event_where("source", |event| event["state"] == "back").await;
    let ended = antenne.end().await;
    let recording = Recording::open(Path::new(ended["recording"].as_str().expect("it was recorded")));
    let gap = longest_gap(recording.pictures().iter().map(|picture| picture.pts));
    assert!(gap < 0.05, "the picture has a hole of {gap} s");
}
