//! What is there is read from a tool that may answer oddly: asked again, and never taken for nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use antenne_tests::antenne::Antenne;
use antenne_tests::surroundings::Session;
use tempfile::TempDir;

/// What stands before the real tool's answer at the nth question: the tool itself answers the rest.
async fn devices(session: &Session, folder: &Path, script: &str) -> Output {
    let tool = folder.join("pw-dump");
    let _ = std::fs::remove_file(folder.join("asked"));
    let text = format!(
        "#!/bin/sh\necho >> '{asked}'\nn=$(wc -l < '{asked}')\nreal() {{ PATH=\"${{PATH#*:}}\" pw-dump \"$@\"; }}\n{script}\n",
        asked = folder.join("asked").display()
    );
    std::fs::write(&tool, text).expect("the stand-in is written");
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).expect("it is made executable");
    let path = std::env::var("PATH").expect("there is a PATH");
    let mut command = session.command(Antenne::program());
    command.args(["devices", "--json"]).env("PATH", format!("{}:{path}", folder.display()));
    command.output().await.expect("antenne starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_is_found_whatever_the_tool_writes_before_and_a_tool_that_makes_no_sense_is_no_empty_list() {
    let session = Session::start().await;
    let _camera = session.plug_camera("Cam One").await;
    let folder = TempDir::new().expect("a folder");
    for (name, script) in [
        ("two documents", r#"echo '[{"id":60,"info":null}]'; real "$@""#),
        ("the camera's own id removed before", r#"echo '[{"id":30,"info":null},{"id":40,"info":null}]'; real "$@""#),
        ("garbage at first", r#"if [ $n = 1 ]; then echo '[{"id":'; else real "$@"; fi"#),
        ("nothing at first", r#"if [ $n -gt 2 ]; then real "$@"; fi"#),
    ] {
        let answer = devices(&session, folder.path(), script).await;
        let list = String::from_utf8_lossy(&answer.stdout);
        assert!(answer.status.success(), "{name}: {}", String::from_utf8_lossy(&answer.stderr));
        assert!(list.contains("pipewire:cam-one"), "{name}: {list}");
    }
    for (name, script) in [("garbage", "echo '[{'"), ("nothing", ":"), ("no end", "exec sleep 999")] {
        let answer = devices(&session, folder.path(), script).await;
        let words = String::from_utf8_lossy(&answer.stderr);
        assert_eq!(answer.status.code(), Some(1), "{name}: {words}");
        assert!(words.contains("pw-dump") && words.contains("try again"), "{name}: {words}");
    }
}
