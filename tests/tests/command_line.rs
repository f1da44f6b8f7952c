//! What the command line promises: what is wrong is said with what would be right, and exit codes.

use std::path::Path;
use std::process::Output;

use antenne_tests::antenne::Antenne;
use antenne_tests::archive;
use tempfile::TempDir;

const TINY: &[&str] = &["--camera", "test", "--mic", "none", "--size", "320x180", "--listen", "127.0.0.1:0"];

async fn antenne(data: &Path, arguments: &[&str]) -> Output {
    Antenne::command(data).args(arguments).output().await.expect("antenne starts")
}

fn said_by(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A show that cannot begin: its exit code and what it said.
async fn refused(data: &Path, more: &[&str]) -> (Option<i32>, String) {
    let mut antenne = Antenne::live(data, &[TINY, more].concat());
    let status = antenne.exit().await;
    (status.code(), antenne.process().errors())
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_values_are_exit_code_two_with_what_is_right() {
    let data = TempDir::new().expect("a folder");
    for (arguments, right) in [
        (&["live", "--layout", "diagonal"][..], "side-by-side"),
        (&["live", "--size", "1281x720"], "1280x720"),
        (&["live", "--size", "x"], "1280x720"),
        (&["live", "--fps", "0"], "60"),
        (&["live", "--show", "../etc"], "a-z"),
        (&["live", "--show", "replays"], "address"),
        (&["live", "--for", "soon"], "30s"),
        (&["live", "--listen", "nowhere"], "invalid"),
        (&["live", "--to", "srt://127.0.0.1:9/x"], "not supported yet"),
        (&["live", "--to", "rtmp://127.0.0.1/a/{key}"], "ANTENNE_KEY"),
        (&["live", "--to", "rtmp://127.0.0.1/a/{key}", "--key-file", "/nonexistent"], "key file"),
        (&["live", "--camera", "no-such-camera"], "test or none"),
        (&["live", "--mic", "image:/a.png"], "test or none"),
        (&["live", "--video-kbps=0"], "100..=50000"),
        (&["live", "--surprise"], "surprise"),
        (&["fly"], "antenne [OPTIONS] [COMMAND]"),
        (&["live", "extra"], "extra"),
    ] {
        let output = antenne(data.path(), arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said_by(&output));
        assert!(said_by(&output).contains(right), "{arguments:?} is told: {}", said_by(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn help_and_version_are_as_everywhere() {
    let data = TempDir::new().expect("a folder");
    for (arguments, contains) in [
        (&["help"][..], "live"),
        (&["--help"], "devices"),
        (&["--version"], "antenne "),
        (&["live", "--help"], "--layout"),
    ] {
        let output = antenne(data.path(), arguments).await;
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains(contains), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_display_the_window_names_the_command_that_needs_none() {
    let data = TempDir::new().expect("a folder");
    let output = antenne(data.path(), &[]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(said_by(&output).contains("display") && said_by(&output).contains("antenne live"), "{}", said_by(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_camera_is_a_slate_and_not_an_end() {
    let data = TempDir::new().expect("a folder");
    // Nothing is chosen, and there is nothing: the show goes on with a slate.
    let mut antenne = Antenne::live(data.path(), &["--size", "320x180", "--listen", "127.0.0.1:0"]);
    let on_air = antenne.on_air().await;
    assert!(on_air.verified, "{}", on_air.reason);
    antenne.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_is_a_file_is_named() {
    let data = TempDir::new().expect("a folder");
    let file = data.path().join("file");
    std::fs::write(&file, "mine").expect("it is written");
    for folder in [file.clone(), file.join("inside")] {
        let (code, said) = refused(&folder, &[]).await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("file") && said.contains("--data-dir"), "{said}");
    }
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_data_folder_has_one_owner_and_many_readers() {
    let data = TempDir::new().expect("a folder");
    let mut first = Antenne::live(data.path(), TINY);
    first.on_air().await;
    let (code, said) = refused(data.path(), &[]).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("already") || said.contains("another"), "{said}");
    let folder = data.path().to_str().expect("a path in UTF-8");
    for list in ["shows", "replays"] {
        for arguments in [[list, "--json", "--data-dir", folder], ["--data-dir", folder, list, "--json"]] {
            let output = antenne(data.path(), &arguments).await;
            assert!(output.status.success(), "{arguments:?}: {}", said_by(&output));
            assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1, "{arguments:?} on air");
        }
    }
    first.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named() {
    let data = TempDir::new().expect("a folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let port = address.rsplit(':').next().unwrap_or_default().to_owned();
    let mut antenne = Antenne::live(data.path(), &["--camera", "test", "--mic", "none", "--listen", &address]);
    assert_eq!(antenne.exit().await.code(), Some(1));
    let said = antenne.process().errors();
    assert!(said.contains("127.0.0.1") && said.contains(&port), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_usual_port_is_taken_another_one_is_used() {
    let data = TempDir::new().expect("a folder");
    // Whoever has it now, it is taken during this test.
    let _taken = std::net::TcpListener::bind("127.0.0.1:8420");
    let mut antenne = Antenne::live(data.path(), &["--camera", "test", "--mic", "none", "--size", "320x180"]);
    let on_air = antenne.on_air().await;
    assert!(!on_air.viewer_url.contains(":8420/"), "{}", on_air.viewer_url);
    antenne.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_a_newer_version_is_refused_and_not_touched() {
    let data = TempDir::new().expect("a folder");
    let mut first = Antenne::live(data.path(), TINY);
    first.on_air().await;
    first.end().await;
    let file = archive::file_in(data.path());
    let newer = std::process::Command::new("sqlite3").arg(&file).arg("PRAGMA user_version = 999;").status();
    assert!(newer.expect("sqlite3 is installed").success());
    let before = std::fs::read(&file).expect("it is there");
    let (code, said) = refused(data.path(), &[]).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("newer"), "{said}");
    assert_eq!(std::fs::read(&file).expect("it is there"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_show_lasts_as_long_as_it_was_told_in_program_time() {
    let data = TempDir::new().expect("a folder");
    let mut antenne = Antenne::live(data.path(), &[TINY, &["--for", "2s"][..]].concat());
    let ended = antenne.event("ended").await;
    assert!(antenne.exit().await.success());
    let duration = ended["duration_ms"].as_u64().expect("a duration");
    assert!((2_000..3_000).contains(&duration), "{duration}");
}
