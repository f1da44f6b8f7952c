//! A process dies in any write of a recording's life: start, fragments, finish, repair.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use media::{AccessUnit, ProgramTime, Track, h264};

use super::checker::{Checked, check, nals};
use super::disks::{Change, MemoryDisk};
use super::folder;
use super::material::{show, show_that_changes};
use super::players::decode;
use crate::recorder::Writer;
use crate::repair::{RepairError, repair, repair_ours};

/// States of the file that are repaired.
const CUTS: usize = 500;
/// How many of the results FFmpeg decodes.
const DECODED: usize = 40;
/// What may be missing at the end of a killed recording.
const LOST: Duration = Duration::from_millis(500);

/// A recording's writes, and where the video that had been published before each ends.
struct Life {
    units: Vec<AccessUnit>,
    changes: Vec<(Change, ProgramTime)>,
}

impl Life {
    /// Records and finishes.
    fn of(units: Vec<AccessUnit>) -> Self {
        let disk = MemoryDisk::default();
        let mut writer = Writer::new(disk.clone(), media::Track::Aac).unwrap();
        let mut reached = vec![ProgramTime::ZERO];
        let mut published = ProgramTime::ZERO;
        for unit in &units {
            if unit.track == Track::Video {
                published = unit.end();
            }
            writer.push(unit);
            writer.flush().unwrap();
            reached.resize(disk.changes(), published);
        }
        writer.finish().unwrap().unwrap();
        reached.resize(disk.changes(), published);
        Self { units, changes: disk.log().into_iter().zip(reached).collect() }
    }

    /// The file after `whole` changes and `bytes` bytes of the next, and what had been published.
    fn killed(&self, whole: usize, bytes: usize) -> (Vec<u8>, ProgramTime) {
        let mut file = Vec::new();
        self.changes[..whole].iter().for_each(|(change, _)| change.apply(&mut file, change.len()));
        let next = self.changes.get(whole);
        if let Some((change, _)) = next {
            change.apply(&mut file, bytes);
        }
        let reached = next.or(self.changes.last()).unwrap().1;
        (file, reached)
    }

    /// Fails where the file holds anything but the beginning of what was published.
    #[track_caller]
    fn assert_holds_the_beginning(&self, file: &[u8], found: &Checked) {
        for (track, rate, samples) in [(Track::Video, 90_000, &found.video), (Track::Aac, 48_000, &found.audio)] {
            let published = self.units.iter().filter(|unit| unit.track == track);
            for (sample, unit) in samples.iter().zip(published) {
                assert_eq!(sample.time, unit.pts.ticks(rate));
                assert_eq!(sample.sync, unit.keyframe);
                let data = &file[sample.place.clone()];
                if track == Track::Video {
                    let is_slice = |nal: &&[u8]| !h264::is_parameter_set(nal) && !h264::is_delimiter(nal);
                    assert!(h264::nal_units(&unit.data).filter(is_slice).eq(nals(data).filter(is_slice)), "{sample:?}");
                } else {
                    assert_eq!(data, unit.data);
                }
            }
        }
    }
}

/// Numbers of changes and bytes to kill in: each boundary, and bytes within, most of them few into a
/// write or in the last ones.
fn cuts(rng: &mut Rng, changes: &[usize], wanted: usize) -> BTreeSet<(usize, usize)> {
    let mut cuts: BTreeSet<_> = (0..=changes.len()).map(|whole| (whole, 0)).collect();
    while cuts.len() < wanted {
        let whole = if rng.bool() {
            rng.usize(..changes.len())
        } else {
            rng.usize(changes.len().saturating_sub(4)..changes.len())
        };
        let bytes = if rng.bool() { rng.usize(..=changes[whole].min(64)) } else { rng.usize(..=changes[whole]) };
        cuts.insert((whole, bytes));
    }
    cuts
}

struct Bench {
    folder: tempfile::TempDir,
    repaired: usize,
    refused: usize,
    decoded: usize,
}

impl Bench {
    /// Repairs this file and checks the result; answers it, if there is one.
    #[track_caller]
    fn repair(&mut self, life: &Life, (file, reached): (Vec<u8>, ProgramTime), decode_it: bool) -> Option<Vec<u8>> {
        let path = self.folder.path().join("show.mp4");
        std::fs::write(&path, &file).unwrap();
        match repair(&path) {
            Ok(repaired) => {
                self.repaired += 1;
                let result = std::fs::read(&path).unwrap();
                assert_eq!(repaired.bytes, result.len() as u64);
                assert_eq!(repaired.was_whole, result == file);
                let found = check(&result);
                assert!(found.whole);
                life.assert_holds_the_beginning(&result, &found);
                let missing = reached.as_nanos() as f64 / 1e9 - found.video_end();
                assert!(missing <= LOST.as_secs_f64() + 0.001, "{missing} s are missing of {reached}");
                if decode_it && self.decoded < DECODED {
                    self.decoded += 1;
                    decode(&path);
                }
                Some(result)
            }
            Err(error) => {
                self.refused += 1;
                assert!(matches!(error, RepairError::Empty), "{error}");
                assert!(reached.since_zero() <= LOST + Duration::from_millis(1), "{error} at {reached}");
                assert_eq!(std::fs::read(&path).unwrap(), file, "it is as it was");
                None
            }
        }
    }
}

#[test]
fn whatever_write_a_recording_dies_in_it_is_repaired_up_to_its_last_half_second() {
    let mut rng = Rng::with_seed(6);
    let mut bench = Bench { folder: folder(), repaired: 0, refused: 0, decoded: 0 };
    let lives = [Life::of(show()), Life::of(show_that_changes())];
    let mut states = Vec::new();
    for life in &lives {
        let sizes: Vec<_> = life.changes.iter().map(|(change, _)| change.len()).collect();
        for (number, (whole, bytes)) in cuts(&mut rng, &sizes, CUTS * 3 / 10).into_iter().enumerate() {
            let state = life.killed(whole, bytes);
            if bench.repair(life, state.clone(), number % 9 == 0).is_some() && number % 15 == 0 {
                states.push((life, state));
            }
        }
    }
    // The repair dies as well, and the result is what it would have been.
    let each = (CUTS * 4 / 10).div_ceil(states.len());
    for (life, (file, reached)) in states {
        let disk = MemoryDisk::holding(file.clone());
        repair_ours(&mut disk.clone()).unwrap();
        let sizes: Vec<_> = disk.log().iter().map(Change::len).collect();
        for (number, (whole, bytes)) in cuts(&mut rng, &sizes, each.max(sizes.len() + 1)).into_iter().enumerate() {
            let mut killed = file.clone();
            disk.log()[..whole].iter().for_each(|change| change.apply(&mut killed, change.len()));
            if let Some(change) = disk.log().get(whole) {
                change.apply(&mut killed, bytes);
            }
            let result = bench.repair(life, (killed, reached), number % 9 == 0).unwrap();
            assert!(result == disk.file(), "killed after {whole} changes and {bytes} bytes of the repair");
        }
    }
    let Bench { repaired, refused, decoded, .. } = bench;
    println!("{repaired} repaired, {refused} refused, {decoded} decoded");
    assert!(repaired + refused >= CUTS && refused < CUTS / 10, "{repaired} {refused}");
    assert_eq!(decoded, DECODED);
}
