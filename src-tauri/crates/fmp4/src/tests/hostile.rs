//! Files that lie: a repair answers, takes little memory, and leaves alone what it refuses.

use fastrand::Rng;
use media::ProgramTime;

use super::disks::MemoryDisk;
use super::material::{between, show_that_changes};
use super::{child, peak_memory};
use crate::recorder::Writer;
use crate::repair::{RepairError, repair_ours};

/// With it, the first test below does its work.
const CHILD: &str = "ANTENNE_TEST_HOSTILE";
/// Files with damage.
const DAMAGED: usize = 4000;
/// What the process may take, its own program included.
const MEMORY: u64 = 64 << 20;

/// Three and a half seconds around a change of size, finished and not.
fn recordings() -> [Vec<u8>; 2] {
    let at = |ms| ProgramTime::from_millis(ms).since_zero();
    let units = show_that_changes();
    let units = [between(&units, at(0), at(1000)), between(&units, at(4000), at(5000))].concat();
    let disk = MemoryDisk::default();
    let mut writer = Writer::new(disk.clone()).unwrap();
    for unit in units {
        writer.push(&unit);
        writer.flush().unwrap();
    }
    let unfinished = disk.file();
    writer.finish().unwrap().unwrap();
    [unfinished, disk.file()]
}

/// Repairs it twice; says whether there was anything in it.
fn repair(file: Vec<u8>) -> bool {
    let disk = MemoryDisk::holding(file.clone());
    match repair_ours(&mut disk.clone()) {
        Ok(repaired) => {
            assert_eq!(repaired.bytes, disk.file().len() as u64);
            let again = repair_ours(&mut disk.clone()).unwrap();
            assert!(again.was_whole && again.bytes == repaired.bytes);
            true
        }
        Err(error) => {
            assert!(matches!(error, RepairError::NothingPlayable), "{error}");
            assert!(disk.file() == file, "it is as it was");
            false
        }
    }
}

/// Somebody's idea of a number.
fn lie(rng: &mut Rng) -> u32 {
    match rng.u8(..5) {
        0 => u32::MAX,
        1 => 0,
        2 => 1 << rng.u8(..32),
        3 => rng.u32(..64),
        _ => rng.u32(..),
    }
}

#[test]
fn the_child_that_reads_lies() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let mut rng = Rng::with_seed(9);
    let recordings = recordings();
    let before = peak_memory();
    let mut playable = 0;
    for number in 0..DAMAGED {
        let mut file = recordings[number % 2].clone();
        let boxes =
            [&b"moov"[..], b"moof", b"mdat", b"trun", b"tfhd", b"tfdt", b"stsd", b"mdhd", b"uuid", b"traf", b"tkhd"];
        for _ in 0..rng.usize(1..4) {
            if rng.bool() {
                // Any byte.
                let at = rng.usize(..file.len());
                file[at] = rng.u8(..);
            } else {
                // A field of a box, or its size.
                let kind = boxes[rng.usize(..boxes.len())];
                let places: Vec<_> =
                    file.windows(4).enumerate().filter(|(_, w)| w == &kind).map(|(at, _)| at).collect();
                let at = places[rng.usize(..places.len())] - 4 + 4 * rng.usize(..8);
                if at + 4 <= file.len() {
                    file[at..at + 4].copy_from_slice(&lie(&mut rng).to_be_bytes());
                }
            }
        }
        if rng.u8(..8) == 0 {
            file.truncate(rng.usize(..file.len()));
        }
        // Where the head is hit, it is another's file.
        if file.get(..48).is_some_and(|head| head[..32] == recordings[0][..32]) {
            playable += usize::from(repair(file));
        }
    }
    println!("{playable} of {DAMAGED} playable; memory {:?} before, {:?} after", before, peak_memory());
    assert!(playable > DAMAGED / 10 && playable < DAMAGED);
    assert!(peak_memory().is_none_or(|peak| peak < MEMORY));
}

#[test]
fn lies_cost_neither_the_process_nor_its_memory() {
    print!("{}", child("tests::hostile::the_child_that_reads_lies", CHILD, "1"));
}

#[test]
fn a_recording_may_end_at_any_byte() {
    let [_, finished] = recordings();
    let mut playable = 0;
    for length in 48..finished.len() {
        playable += usize::from(repair(finished[..length].to_vec()));
    }
    assert!(playable > finished.len() / 2 && playable < finished.len() - 48, "{playable}");
}
