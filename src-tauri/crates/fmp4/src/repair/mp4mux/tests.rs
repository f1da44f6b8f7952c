//! Against what GStreamer 1.22 left: one recording that was killed after six seconds, and one that
//! was finished after two.

use super::*;
use crate::repair::repair;
use crate::tests::folder;
use crate::tests::players::{decode, packet_times};

const KILLED: &[u8] = include_bytes!("../../../tests/fixtures/mp4mux-killed.mp4");
const FINISHED: &[u8] = include_bytes!("../../../tests/fixtures/mp4mux-finished.mp4");

fn place(kind: &[u8; 4]) -> usize {
    KILLED.windows(4).position(|window| window == kind).unwrap()
}

#[test]
fn a_recording_that_was_cut_off_becomes_a_plain_file_that_plays() {
    let folder = folder();
    let path = folder.path().join("show.mp4");
    std::fs::write(&path, KILLED).unwrap();
    let repaired = repair(&path).unwrap();
    assert!(repaired.duration >= Duration::from_millis(4900) && !repaired.was_whole, "{repaired:?}");
    assert_eq!(repaired.bytes, std::fs::metadata(&path).unwrap().len());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");

    let finished = std::fs::read(&path).unwrap();
    assert_eq!(repair(&path).unwrap(), Repaired { was_whole: true, ..repaired }, "a second time changes nothing");
    assert_eq!(std::fs::read(&path).unwrap(), finished);

    decode(&path);
    let (video, audio) = (packet_times(&path, "v"), packet_times(&path, "a"));
    assert!(video.len() >= 147 && audio.len() >= 220, "{} {}", video.len(), audio.len());
    assert!(video.windows(2).all(|pair| (pair[1] - pair[0] - 1.0 / 30.0).abs() < 0.002), "{video:?}");
    assert!(audio.windows(2).all(|pair| (pair[1] - pair[0] - 1024.0 / 48_000.0).abs() < 0.002), "{audio:?}");
}

#[test]
fn whatever_the_byte_at_which_it_was_cut_it_is_recovered_or_refused_and_never_harmed() {
    let folder = folder();
    let path = folder.path().join("show.mp4");
    let (moov, first) = (place(b"moov"), place(b"moof"));
    let mut longest = Duration::ZERO;
    let (mut refused, mut recovered) = (0, 0);
    // Every byte of the tables around the first fragment, and a spread of the rest.
    let near = (0..200).chain(moov - 20..moov + 60).chain(first - 20..first + 1200);
    let spread = (0..KILLED.len()).step_by(KILLED.len() / 300);
    for cut in near.chain(spread).chain([KILLED.len()]).filter(|cut| *cut <= KILLED.len()) {
        std::fs::write(&path, &KILLED[..cut]).unwrap();
        match repair(&path) {
            Ok(finished) => {
                recovered += 1;
                assert!(finished.duration.as_millis() >= 400 && cut > moov, "cut at {cut}: {finished:?}");
                assert_eq!(repair(&path).unwrap(), Repaired { was_whole: true, ..finished }, "cut at {cut}");
                longest = longest.max(finished.duration);
            }
            Err(error) => {
                refused += 1;
                assert!(
                    matches!(error, RepairError::Empty | RepairError::NothingPlayable | RepairError::NotOurs),
                    "cut at {cut}: {error}"
                );
                assert_eq!(std::fs::read(&path).unwrap(), &KILLED[..cut], "left as it was");
            }
        }
    }
    assert!(refused > 100 && recovered > 500 && longest.as_millis() >= 4900, "{refused} {recovered} {longest:?}");
}

#[test]
fn damage_inside_is_survived() {
    let folder = folder();
    let path = folder.path().join("show.mp4");
    let moov = place(b"moov");
    for at in (moov - 4..moov + 1900).step_by(3) {
        let mut damaged = KILLED.to_vec();
        damaged[at] ^= 0xff;
        std::fs::write(&path, &damaged).unwrap();
        // Either is right; what matters is that it answers, and that what is refused is left alone.
        if repair(&path).is_err() {
            assert_eq!(std::fs::read(&path).unwrap(), damaged);
        }
    }
}

#[test]
fn what_is_no_recording_is_refused() {
    let folder = folder();
    for (name, bytes) in [("text", &b"hello, this is not a film at all"[..]), ("zeros", &[0; 64])] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(repair(&path), Err(RepairError::NotOurs)), "{name}");
    }
    let missing = repair(&folder.path().join("missing"));
    assert!(matches!(missing, Err(RepairError::Disk(error)) if error.kind() == std::io::ErrorKind::NotFound));
}

#[test]
fn a_finished_recording_stays_as_it_is() {
    let folder = folder();
    let path = folder.path().join("show.mp4");
    std::fs::write(&path, FINISHED).unwrap();
    let found = repair(&path).unwrap();
    assert!(found.was_whole && found.duration.abs_diff(Duration::from_secs(2)).as_millis() < 100, "{found:?}");
    assert_eq!(std::fs::read(&path).unwrap(), FINISHED);
}
