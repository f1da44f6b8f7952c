use std::process::Command;

use super::*;
use crate::encoding::bench::{Bench, bench};

/// What `ffprobe` says about `entries`, or none where it is not installed.
pub(crate) fn ffprobe(path: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("ffprobe").args(["-v", "error"]).args(arguments).arg(path).output();
    let Ok(output) = output else {
        println!("skipped: ffprobe is not installed");
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Records `pictures` of the bench into `path`, which is then drained; answers the recording that still runs.
pub(crate) fn record(bench: &Bench, path: &Path, pictures: u64) -> Recording {
    let graphs = path.parent().unwrap();
    let recording = Recording::start(path, graphs, Box::new(|error| panic!("{error}"))).unwrap();
    bench.distributor.add(recording.tap());
    (0..pictures).for_each(|n| drop(bench.step(n)));
    // The feed gets a picture before the recording does.
    bench.encoding.drain();
    recording
}

#[test]
fn a_finished_recording_is_a_plain_file_that_plays_from_zero_to_its_end() {
    let bench = bench();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("show.mp4");
    let finished = record(&bench, &path, 90).finish().unwrap();
    assert_eq!(finished.duration_ms, ProgramMs(3000));
    assert_eq!(finished.bytes, std::fs::metadata(&path).unwrap().len());

    let Some(times) = ffprobe(&path, &["-select_streams", "v", "-show_entries", "frame=pts_time", "-of", "csv=p=0"])
    else {
        return;
    };
    let times: Vec<f64> = times.lines().filter_map(|line| line.trim_matches(',').parse().ok()).collect();
    assert_eq!(times.len(), 90);
    assert!(times[0].abs() < 0.001, "{}", times[0]);
    assert!(times.windows(2).all(|pair| (pair[1] - pair[0] - 1.0 / 30.0).abs() < 0.002), "{times:?}");
    let streams =
        ffprobe(&path, &["-show_entries", "stream=codec_name,profile,start_time,sample_rate", "-of", "csv=p=0"]);
    let streams = streams.unwrap();
    assert!(streams.contains("h264,Constrained Baseline") && streams.contains("aac,LC,48000"), "{streams}");
}

#[test]
fn a_recording_never_replaces_a_file_and_says_when_its_folder_is_none() {
    crate::init().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken.mp4");
    std::fs::write(&taken, "precious").unwrap();
    for path in [taken.clone(), taken.join("in-a-file.mp4"), folder.path().join("no/such/folder.mp4")] {
        let refused = Recording::start(&path, folder.path(), Box::new(|_| {}));
        assert!(matches!(refused.err(), Some(EngineError::RecordingUnwritable { .. })));
    }
    assert_eq!(std::fs::read(&taken).unwrap(), b"precious");
}

#[test]
fn a_full_disk_ends_the_recording_at_once_and_nothing_else() {
    // Writing to this device fails as a full disk does.
    let full = Path::new("/dev/full");
    if !full.exists() {
        println!("skipped: no /dev/full");
        return;
    }
    let bench = bench();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("show.mp4");
    let (failure, failures) = mpsc::channel();
    let on_failure = Box::new(move |error| {
        let _ = failure.send(error);
    });
    let recording = Recording::start_at(&path, full, folder.path(), on_failure).unwrap();
    bench.distributor.add(recording.tap());
    (0..60).for_each(|n| drop(bench.step(n)));
    let error = failures.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(matches!(error, EngineError::DiskFull), "{error}");
    (60..70).for_each(|n| assert!(!bench.step(n).is_empty()));
    assert!(recording.finish().is_err());
    assert!(failures.try_recv().is_err(), "told once");
}
