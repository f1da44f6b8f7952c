//! Disks that fail once: whatever they fail in, nothing is lost that could be written.

use std::io::ErrorKind;

use fastrand::Rng;
use media::AccessUnit;

use super::checker::check;
use super::disks::{Change, MemoryDisk};
use super::material::show;
use crate::layout::{MOVIE, PLACEHOLDER, SLOT};
use crate::recorder::Writer;
use crate::repair::{RepairError, playable_ours, repair_ours};

/// Records all of it onto this disk, trying again after each failure; says whether it was finished.
fn record(disk: &MemoryDisk, units: &[AccessUnit]) -> bool {
    let mut writer = Writer::new(disk.clone(), media::Track::Aac).unwrap();
    for unit in units {
        writer.push(unit);
        if writer.flush().is_err() && writer.flush().is_err() {
            writer.flush().unwrap();
        }
    }
    writer.finish().is_ok()
}

#[test]
fn a_disk_that_fails_in_any_one_change_loses_nothing() {
    let units = show();
    let perfect = MemoryDisk::default();
    assert!(record(&perfect, &units));
    let mut rng = Rng::with_seed(7);
    let mut unfinished = 0;
    // Without the first, which creates the file.
    for failing in 1..perfect.changes() {
        let bytes = rng.usize(..4096);
        let fault = move |number, _: &Change| (number == failing).then_some((bytes, ErrorKind::StorageFull));
        let disk = MemoryDisk::default().failing(fault);
        if !record(&disk, &units) {
            unfinished += 1;
            assert!(!check(&disk.file()).whole, "it stays one of fragments: {failing}");
            let (kept, before) = (playable_ours(&mut disk.clone()).unwrap(), disk.file());
            assert!(disk.file() == before, "to look changes nothing");
            assert_eq!(repair_ours(&mut disk.clone()).unwrap().duration, kept, "what is kept is known before");
            assert_eq!(playable_ours(&mut disk.clone()).unwrap(), kept, "and after");
        }
        assert!(disk.file() == perfect.file(), "change {failing} failed after {bytes} bytes");
    }
    // Tables, their sync, and the slot; the last sync is not waited for.
    assert_eq!(unfinished, 3);
}

#[test]
fn a_disk_that_fails_twice_in_the_same_place_is_cut_back_first() {
    let units = show();
    let perfect = MemoryDisk::default();
    assert!(record(&perfect, &units));
    // Up to the last fragment but one: that of the end is not tried for ever.
    for failing in 1..perfect.changes() - 5 {
        // The write; then cutting back; then it goes on.
        let fault =
            move |number, _: &Change| (failing..failing + 2).contains(&number).then_some((1000, ErrorKind::Other));
        let disk = MemoryDisk::default().failing(fault);
        assert!(record(&disk, &units), "{failing}");
        assert!(matches!(disk.log()[failing + 1], Change::Truncate(_)), "{failing}");
        assert!(disk.file() == perfect.file(), "{failing}");
    }
}

#[test]
fn a_repair_that_fails_leaves_the_file_as_it_was() {
    let disk = MemoryDisk::default();
    assert!(record(&disk, &show()));
    let log = disk.log();
    let mut rng = Rng::with_seed(8);
    for whole in 2..log.len() {
        // Killed in the middle of a change.
        let mut killed = Vec::new();
        log[..whole].iter().for_each(|change| change.apply(&mut killed, change.len()));
        log[whole].apply(&mut killed, log[whole].len() / 3);
        let mut failing = 0;
        loop {
            let bytes = rng.usize(..2048);
            let fault = move |number, _: &Change| (number == failing).then_some((bytes, ErrorKind::StorageFull));
            let disk = MemoryDisk::holding(killed.clone()).failing(fault);
            match repair_ours(&mut disk.clone()) {
                Err(error) => {
                    assert!(matches!(&error, RepairError::Disk(error) if error.kind() == ErrorKind::StorageFull));
                    let (now, slot) = (disk.file(), SLOT as usize..MOVIE as usize);
                    assert!(now[..slot.start] == killed[..slot.start] && now[slot.end..] == killed[slot.end..]);
                    // A torn slot does not become worse: it says again that the file is unfinished.
                    assert!(now[slot.clone()] == killed[slot.clone()] || now[slot] == PLACEHOLDER);
                    repair_ours(&mut disk.clone()).unwrap();
                }
                // It was whole, or the last sync failed, or there is no change of this number.
                Ok(_) if disk.changes() <= failing + 1 => break,
                Ok(_) => panic!("change {failing} failed unnoticed"),
            }
            failing += 1;
        }
    }
}
