use media::{AccessUnit, Look};

use super::*;
use crate::tests::folder;
use crate::tests::material::{AUDIO_BEGINS, publish, show};
use crate::tests::players::{decode, packet_times, probe};

/// Records `units` into `path`, to the end.
fn record(path: &Path, units: &[AccessUnit]) -> FinishedRecording {
    let program = Program::new(Look::Dressed);
    let events = Arc::new(|event| panic!("{event:?}"));
    let recorder = Recorder::start(&program, path, events).unwrap();
    publish(&program, units);
    recorder.finish().unwrap()
}

#[test]
fn a_finished_recording_is_a_plain_file_whose_time_is_program_time() {
    let folder = folder();
    let path = folder.path().join("show.mp4");
    let finished = record(&path, &show());
    assert_eq!(finished.bytes, std::fs::metadata(&path).unwrap().len());
    decode(&path);
    let Some(video) = packet_times(&path, "v") else { return };
    assert_eq!(video.len(), 300);
    assert!(video.iter().enumerate().all(|(n, pts)| (pts - n as f64 / 30.0).abs() < 0.0001), "{video:?}");
    let audio = packet_times(&path, "a").unwrap();
    let begins = AUDIO_BEGINS.as_secs_f64();
    assert!(
        audio.iter().enumerate().all(|(n, pts)| (pts - begins - n as f64 * 1024.0 / 48e3).abs() < 0.0001),
        "{audio:?}"
    );
    println!("{}", probe(&path, "stream:format", &[]).unwrap());
}
