//! A studio that dies by SIGKILL leaves a recording that can be finished.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use domain::{Layout, SourceKind};
use media::ProgramTime;

use super::{Studio, ffprobe, plan};

/// Where the child of the test below records; without it that test does nothing.
const RECORDING: &str = "ANTENNE_TEST_RECORDING";

#[test]
fn the_child_that_will_be_killed() {
    let Some(path) = std::env::var_os(RECORDING) else { return };
    let studio = Studio::open();
    studio.engine.show(plan(1, &[SourceKind::Camera], Layout::Solo));
    let on_air = studio.begin_at(Some(Path::new(&path).to_owned()));
    let mut next = ProgramTime::ZERO;
    loop {
        let taken = on_air.until(next);
        let reached = taken.back().expect("at least the last unit").pts;
        writeln!(std::io::stdout(), "\nreached {}", reached.as_millis()).unwrap();
        next = reached + std::time::Duration::from_millis(100);
    }
}

#[test]
fn a_recording_whose_studio_was_killed_plays_up_to_the_last_second_and_a_half() {
    let folder = tempfile::tempdir().unwrap();
    for (number, kill_at) in [400u64, 2300, 3700].into_iter().enumerate() {
        let path = folder.path().join(format!("{number}.mp4"));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "engine::tests::killed::the_child_that_will_be_killed", "--nocapture"])
            .env(RECORDING, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let reached = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("reached ")?.parse().ok());
        let reached: u64 = reached.into_iter().find(|ms: &u64| *ms >= kill_at).expect("the child records");
        // On Unix this is SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();

        match fmp4::repair(&path) {
            Ok(recovered) => {
                assert!(recovered.duration.as_millis() + 1500 >= u128::from(reached), "{recovered:?} of {reached} ms");
                ffprobe(&path, &["-count_frames", "-show_entries", "stream=nb_read_frames"]);
            }
            Err(error) => assert!(reached < 1500, "{error} after {reached} ms"),
        }
    }
}
