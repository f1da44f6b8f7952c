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
    let mut writer = Writer::new(disk.clone(), media::Track::Aac).unwrap();
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
            assert!(matches!(error, RepairError::Empty | RepairError::NothingPlayable), "{error}");
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
fn a_recording_whose_head_is_damaged_is_not_taken_for_an_empty_one() {
    let [unfinished, _] = recordings();
    let moov = usize::try_from(u32::from_be_bytes(unfinished[48..52].try_into().unwrap())).unwrap();
    let mut without_moov = unfinished.clone();
    without_moov[52..56].copy_from_slice(b"gone");
    let mut without_first = unfinished.clone();
    without_first[48 + moov + 8..48 + moov + 100].fill(0);
    for damaged in [without_moov, without_first] {
        let refused = repair_ours(&mut MemoryDisk::holding(damaged)).unwrap_err();
        assert!(matches!(refused, RepairError::NothingPlayable), "{refused}");
    }
    // One that was killed in its first write never held anything.
    for length in [48, 60, 48 + moov, 48 + moov + 10, 48 + moov + 2000] {
        let refused = repair_ours(&mut MemoryDisk::holding(unfinished[..length].to_vec())).unwrap_err();
        assert!(matches!(refused, RepairError::Empty), "{length}: {refused}");
    }
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
