use std::sync::OnceLock;

use super::*;
use crate::encoding::bench::bench;
use crate::recording::tests::{ffprobe, record};

/// A recording of 150 pictures as a process leaves it that dies: its bytes, never finished.
fn cut_off() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let bench = bench();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("show.mp4");
        let recording = record(&bench, &path, 150);
        // Four whole fragments of half a second are on disk, or are about to be.
        let begun = std::time::Instant::now();
        loop {
            let bytes = std::fs::read(&path).unwrap();
            if bytes.windows(4).filter(|window| window == b"moof").count() >= 7 {
                drop(recording);
                return bytes;
            }
            assert!(begun.elapsed() < std::time::Duration::from_secs(30));
            std::thread::yield_now();
        }
    })
}

#[test]
fn a_recording_that_was_cut_off_becomes_a_plain_file_that_plays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("show.mp4");
    std::fs::write(&path, cut_off()).unwrap();
    let recovered = recover_recording(&path).unwrap();
    assert!(recovered.duration_ms.0 >= 3900, "{recovered:?}");
    assert_eq!(recovered.bytes, std::fs::metadata(&path).unwrap().len());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");

    let again = std::fs::read(&path).unwrap();
    assert_eq!(recover_recording(&path).unwrap(), recovered, "a second time changes nothing");
    assert_eq!(std::fs::read(&path).unwrap(), again);

    let arguments =
        ["-show_entries", "stream=codec_type,duration,nb_frames:packet=codec_type,pts_time", "-of", "csv=p=0"];
    let Some(probed) = ffprobe(&path, &arguments) else { return };
    let times = |kind: &str| -> Vec<f64> {
        let lines = probed
            .lines()
            .filter_map(|line| line.strip_prefix(kind)?.strip_prefix(',')?.trim_matches(',').parse().ok());
        lines.collect()
    };
    let (video, audio) = (times("video"), times("audio"));
    assert!(video.len() >= 117 && audio.len() >= 170, "{} {}\n{probed}", video.len(), audio.len());
    assert!(video.windows(2).all(|pair| (pair[1] - pair[0] - 1.0 / 30.0).abs() < 0.002), "{video:?}");
    assert!(audio.windows(2).all(|pair| (pair[1] - pair[0] - 1024.0 / 48_000.0).abs() < 0.002), "{audio:?}");
    // Every picture decodes.
    ffprobe(&path, &["-count_frames", "-show_entries", "stream=nb_read_frames"]);
}

#[test]
fn whatever_the_byte_at_which_it_was_cut_it_is_recovered_or_refused_and_never_harmed() {
    let whole = cut_off();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("show.mp4");
    let first = whole.windows(4).position(|window| window == b"moof").unwrap();
    let mut last = 0;
    let (mut refused, mut recovered) = (0, 0);
    // Every byte of the tables around the first fragment, and a spread of the rest.
    let moov = whole.windows(4).position(|window| window == b"moov").unwrap();
    let near = (0..200).chain(moov - 20..moov + 60).chain(first - 20..first + 1200);
    let spread = (0..whole.len()).step_by(whole.len() / 300);
    for cut in near.chain(spread).chain([whole.len()]).filter(|cut| *cut <= whole.len()) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        match recover_recording(&path) {
            Ok(finished) => {
                recovered += 1;
                assert!(finished.duration_ms.0 >= 400 && cut > moov, "cut at {cut}: {finished:?}");
                assert_eq!(recover_recording(&path).unwrap(), finished, "cut at {cut}");
                last = last.max(finished.duration_ms.0);
            }
            Err(error) => {
                refused += 1;
                assert!(matches!(error, EngineError::NothingToRecover), "cut at {cut}: {error}");
                assert_eq!(std::fs::read(&path).unwrap(), &whole[..cut], "left as it was");
            }
        }
    }
    assert!(refused > 100 && recovered > 500 && last >= 3900, "{refused} {recovered} {last}");
}

#[test]
fn damage_inside_is_survived() {
    let whole = cut_off();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("show.mp4");
    let moov = whole.windows(4).position(|window| window == b"moov").unwrap();
    for at in (moov - 4..moov + 1900).step_by(3) {
        let mut damaged = whole.to_vec();
        damaged[at] ^= 0xff;
        std::fs::write(&path, &damaged).unwrap();
        // Either is right; what matters is that it answers.
        let _ = recover_recording(&path);
    }
}

#[test]
fn what_is_no_recording_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("empty", &b""[..]), ("text", b"hello, this is not a film at all"), ("zeros", &[0; 64])] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(recover_recording(&path), Err(EngineError::NothingToRecover)), "{name}");
    }
    assert!(matches!(recover_recording(&folder.path().join("missing")), Err(EngineError::Recover { .. })));
}

#[test]
fn a_finished_recording_stays_as_it_is() {
    let bench = bench();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("show.mp4");
    let finished = record(&bench, &path, 60).finish().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let again = recover_recording(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert!(again.duration_ms.0.abs_diff(finished.duration_ms.0) <= 40, "{again:?} {finished:?}");
}
