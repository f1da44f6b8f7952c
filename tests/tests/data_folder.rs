//! The data folder of every released state opens: `fixtures/` holds one of each.

use std::fs;
use std::path::{Path, PathBuf};

use antenne_tests::antenne::Antenne;
use antenne_tests::archive;
use antenne_tests::deadline::until;
use antenne_tests::http::get;
use antenne_tests::recording::Recording;
use serde_json::Value;
use tempfile::TempDir;

const TINY: &[&str] = &["--camera", "test", "--mic", "none", "--size", "320x180", "--listen", "127.0.0.1:0"];

/// A copy of the folder that version `version` left behind.
fn left_by(version: &str) -> TempDir {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/data-folder-{version}"));
    let data = TempDir::new().expect("a folder");
    copy(&fixture, data.path());
    data
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the fixture is there").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("it is copied");
        }
    }
}

async fn replays(data: &Path) -> Vec<Value> {
    let output = Antenne::command(data).args(["replays", "--json", "--data-dir"]).arg(data).output().await;
    let output = output.expect("antenne starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    lines.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

fn titled<'a>(replays: &'a [Value], title: &str) -> Option<&'a Value> {
    replays.iter().find(|replay| replay["title"] == title)
}

fn plays(replay: &Value) {
    let path = PathBuf::from(replay["path"].as_str().expect("it has a recording"));
    let recording = Recording::open(&path);
    recording.decode_all();
    assert!(recording.pictures().len() > 15, "{replay}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_0_1_0_opens_with_everything_in_it() {
    let data = left_by("0.1.0");
    let settings = fs::read(data.path().join("settings.json")).expect("they are there");
    let mut antenne = Antenne::live(data.path(), TINY);
    let base = antenne.on_air().await.base();
    // The show that was cut off is finished in the background.
    let found = until("the interrupted show is recovered", || async {
        let found = replays(data.path()).await;
        titled(&found, "Interrupted").is_some_and(|replay| replay["state"] == "recovered").then_some(found)
    })
    .await;
    let interrupted = titled(&found, "Interrupted").expect("it was just found");
    plays(interrupted);
    assert_eq!(interrupted["chat"], 1, "{interrupted}");

    let kept = titled(&found, "Kept").expect("what is kept stays");
    plays(kept);
    let facts = (&kept["state"], &kept["expires_at"], &kept["chat"], &kept["hearts"], &kept["show"]);
    assert_eq!(facts, (&"whole".into(), &Value::Null, &2.into(), &7.into(), &"late-night".into()));
    let timeline = get(&base, &format!("/replays/{}/timeline.json", kept["episode"].as_str().expect("an id"))).await;
    assert_eq!(timeline.json()["chat"][1]["text"], "Bonjour, said Grace 🌊");

    // What had expired is gone, and its address says so.
    assert!(titled(&found, "Expired").is_none());
    let gone = archive::rows(&antenne.archive(), "SELECT episode AS id FROM tombstone");
    assert_eq!(get(&base, &format!("/replays/{}", gone[0]["id"].as_str().expect("an id"))).await.status, 410);
    antenne.end().await;
    assert_eq!(fs::read(data.path().join("settings.json")).expect("they are there"), settings, "live changes none");
}
