//! A recording in the hands of readers that are not ours: while it grows, and when it is whole.

use std::fs;
use std::path::{Path, PathBuf};

use antenne_tests::antenne::{Antenne, SMALL_SHOW};
use antenne_tests::browser::{Chromium, Page};
use antenne_tests::process::isolated;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What mp4box.js says of a file's structure.
async fn structure(path: &Path) -> Value {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut reader = isolated("node");
    reader.arg(tests.join("src/structure.mjs")).arg(path).current_dir(tests.join("../ui"));
    let output = reader.output().await.expect("node is installed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// The only recording in a data folder.
fn only_recording(data: &Path) -> PathBuf {
    let files = fs::read_dir(data.join("recordings")).expect("recordings have a folder");
    let mut files = files.map(|file| file.expect("a folder can be read").path());
    let found = files.find(|path| path.extension().is_some_and(|extension| extension == "mp4"));
    found.expect("the show is recorded")
}

/// Opens a file as a media document, and waits until more than a second of it was played.
async fn play(page: &Page, file: &Path) {
    page.open(&format!("file://{}", file.display())).await;
    page.run("const video = document.querySelector('video'); video.muted = true; video.play(); return null;").await;
    page.until(
        "its frames play",
        "(v => v.videoWidth > 2 && v.currentTime > 1 && !v.error)(document.querySelector('video'))",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_plays_before_it_is_whole_and_can_be_sought_after() {
    let data = TempDir::new().expect("a folder");
    let mut antenne = Antenne::live(data.path(), SMALL_SHOW);
    antenne.on_air().await;
    antenne.event_where("stats", |stats| stats["program_ms"].as_u64() >= Some(5_000)).await;
    // What stands in the file now is what a kill would leave.
    let growing = data.path().join("growing.mp4");
    fs::copy(only_recording(data.path()), &growing).expect("a file that grows can be copied");
    let page = Chromium::start().await;
    play(&page, &growing).await;
    let said = structure(&growing).await;
    assert_eq!((&said["remarks"], &said["fragmented"]), (&json!([]), &json!(true)), "{said}");

    let ended = antenne.end().await;
    let whole = PathBuf::from(ended["recording"].as_str().expect("it was recorded"));
    play(&page, &whole).await;
    page.run("const v = document.querySelector('video'); v.pause(); v.currentTime = v.duration - 1; return null;")
        .await;
    page.until(
        "a frame near the end is there",
        "(v => !v.seeking && v.readyState >= 2 && v.duration - v.currentTime < 1.1)(document.querySelector('video'))",
    )
    .await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_structure_finds_nothing_to_say() {
    let data = TempDir::new().expect("a folder");
    let mut antenne = Antenne::live(data.path(), &[SMALL_SHOW, &["--for", "6s"]].concat());
    antenne.on_air().await;
    let ended = antenne.event("ended").await;
    assert!(antenne.exit().await.success());
    let path = PathBuf::from(ended["recording"].as_str().expect("it was recorded"));
    let said = structure(&path).await;
    assert_eq!((&said["remarks"], &said["unknown"]), (&json!([]), &json!([])), "{said}");
    assert_eq!(
        (&said["fragmented"], &said["end"]),
        (&json!(false), &json!(fs::metadata(&path).unwrap().len())),
        "{said}"
    );
    assert_eq!(said["boxes"], json!(["ftyp", "mdat", "moov"]), "{said}");
    let tracks = said["tracks"].as_array().expect("tracks");
    let length = ended["duration_ms"].as_f64().expect("a length") / 1000.0;
    for (track, codec) in tracks.iter().zip(["avc1.42", "mp4a.40.2"]) {
        assert!(track["codec"].as_str().is_some_and(|found| found.starts_with(codec)), "{said}");
        assert!((track["seconds"].as_f64().expect("a length") - length).abs() < 0.2, "{said} of {length} s");
    }
    assert_eq!(tracks.len(), 2, "{said}");
    // The reader is one that can find something: a file with a torn table is not passed.
    let torn = data.path().join("torn.mp4");
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 40);
    fs::write(&torn, bytes).unwrap();
    let said = structure(&torn).await;
    assert!(said["tracks"] == json!([]) || said["remarks"] != json!([]) || said["unknown"] != json!([]), "{said}");
}
