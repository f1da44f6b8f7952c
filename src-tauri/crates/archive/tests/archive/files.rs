//! What stands in the archive's place, and who may look.

use std::fs;
use std::path::Path;

use archive::{Archive, ArchiveError, Lookup, Reader};
use domain::{Coded, UnixMs};

use crate::support::{Place, T, append, episode, said, show};

/// An archive whose header says that it is of version `version`.
fn of_version(place: &Place, version: u32) -> Vec<u8> {
    let archive = place.open();
    place.replay(&archive, 1, T, None);
    archive.close();
    let mut bytes = fs::read(place.database()).unwrap();
    bytes[60..64].copy_from_slice(&version.to_be_bytes());
    fs::write(place.database(), &bytes).unwrap();
    bytes
}

fn untouched(place: &Place, bytes: &[u8]) {
    assert!(fs::read(place.database()).unwrap() == bytes, "byte for byte");
    assert_eq!(place.beside_the_database(), ["archive.db"], "nothing is left beside it");
}

#[test]
fn an_archive_of_a_newer_version_is_refused_and_not_touched() {
    let place = Place::new();
    let bytes = of_version(&place, 6);
    for error in [Archive::open(&place.database()).err().unwrap(), Reader::open(&place.database()).unwrap_err()] {
        assert!(matches!(error, ArchiveError::NewerVersion { found: 6, known: 5, .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("archive.db") && text.contains("newer Antenne") && text.contains("--data-dir"), "{text}");
        assert_eq!(error.code().name, "archive.newer_version");
    }
    untouched(&place, &bytes);
    of_version_max(&place);
}

fn of_version_max(place: &Place) {
    let mut bytes = fs::read(place.database()).unwrap();
    bytes[60..64].copy_from_slice(&u32::MAX.to_be_bytes());
    fs::write(place.database(), &bytes).unwrap();
    let error = Archive::open(&place.database()).err().unwrap();
    assert!(matches!(error, ArchiveError::NewerVersion { found: u32::MAX, .. }), "{error}");
    untouched(place, &bytes);
}

#[test]
fn what_is_no_archive_is_refused_and_not_touched() {
    let other_database = {
        let place = Place::new();
        let mut bytes = of_version(&place, 5);
        bytes[68..72].copy_from_slice(&[0; 4]);
        bytes
    };
    let version_zero = of_version(&Place::new(), 0);
    for bytes in [b"{}".to_vec(), vec![0; 8192], b"SQLite format 3\0".to_vec(), other_database, version_zero] {
        let place = Place::new();
        fs::write(place.database(), &bytes).unwrap();
        for error in [Archive::open(&place.database()).err().unwrap(), Reader::open(&place.database()).unwrap_err()] {
            assert!(matches!(error, ArchiveError::NotAnArchive(_)), "{error}");
            assert!(error.to_string().contains("move it away"), "{error}");
        }
        untouched(&place, &bytes);
    }
}

#[test]
fn a_place_that_cannot_be_used_is_named_with_the_reason_and_what_to_do() {
    let place = Place::new();
    fs::write(place.folder().join("file"), "mine").unwrap();
    fs::create_dir(place.folder().join("folder.db")).unwrap();
    for (path, reason) in [
        (place.folder().join("file/archive.db"), "is a file"),
        (place.folder().join("nowhere/archive.db"), "folder does not exist"),
        (place.folder().join("folder.db"), "a folder stands in its place"),
        (Path::new("/proc/archive.db").to_owned(), "unable to open"),
    ] {
        let error = Archive::open(&path).err().unwrap();
        let text = error.to_string();
        assert!(matches!(error, ArchiveError::Unusable { .. }), "{text}");
        assert!(
            text.contains(reason) && text.contains(path.to_str().unwrap()) && text.contains("--data-dir"),
            "{text}"
        );
    }
    assert_eq!(fs::read_to_string(place.folder().join("file")).unwrap(), "mine");
}

#[test]
fn a_damaged_archive_is_told_from_a_healthy_one() {
    let place = Place::new();
    let mut bytes = of_version(&place, 5);
    for byte in &mut bytes[100..] {
        *byte = 0xa5;
    }
    fs::write(place.database(), &bytes).unwrap();
    let error =
        Archive::open(&place.database()).map(|archive| archive.replays()).map_or_else(Some, Result::err).unwrap();
    assert!(matches!(error, ArchiveError::Damaged(_)), "{error}");
    assert!(error.to_string().contains("recordings are not affected"), "{error}");
}

#[test]
fn a_reader_finds_nothing_where_there_is_nothing_and_makes_nothing() {
    let place = Place::new();
    let missing = place.folder().join("never/made/archive.db");
    for file in [place.database(), missing] {
        let reader = Reader::open(&file).unwrap();
        assert!(reader.replays().unwrap().is_empty() && reader.shows().unwrap().is_empty());
        assert_eq!(reader.replay(&episode(1)).unwrap(), Lookup::Unknown);
        assert_eq!(reader.timeline(&episode(1)).unwrap(), None);
    }
    assert!(place.beside_the_database().is_empty() && !place.folder().join("never").exists());
    fs::write(place.database(), "").unwrap();
    assert!(place.reader().replays().unwrap().is_empty(), "being made at this moment");
}

#[test]
fn a_reader_leaves_a_closed_archive_as_it_is() {
    let place = Place::new();
    let bytes = of_version(&place, 5);
    let reader = place.reader();
    assert_eq!(reader.replays().unwrap().len(), 1);
    assert_eq!(reader.shows().unwrap().len(), 1);
    assert_eq!(reader.timeline(&episode(1)).unwrap().unwrap().chat.len(), 1);
    drop(reader);
    assert!(fs::read(place.database()).unwrap() == bytes);
    place.open().close();
    assert_eq!(place.beside_the_database(), ["archive.db"]);
}

#[test]
fn names_with_a_meaning_for_sqlite_are_only_names() {
    let place = Place::new();
    for name in [":memory:", "file:archive.db?mode=memory", "a b'\"%00;--.db", "日本.db"] {
        let file = place.folder().join(name);
        let archive = Archive::open(&file).unwrap();
        archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
        assert!(append(&archive, &episode(1), &said(1, 0, "here")));
        archive.close();
        assert!(file.is_file(), "{name}");
        assert_eq!(Reader::open(&file).unwrap().shows().unwrap().len(), 1);
    }
}

#[test]
fn recordings_and_folders_may_have_names_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let folder = place.folder().join(std::ffi::OsStr::from_bytes(b"caf\xe9 'x' %"));
    fs::create_dir(&folder).unwrap();
    let archive = Archive::open(&folder.join("archive.db")).unwrap();
    let recordings = [folder.join(std::ffi::OsStr::from_bytes(b"\xff.mp4")), place.recording("elsewhere.mp4")];
    fs::write(&recordings[0], "moving").unwrap();
    for (number, recording) in (1..).zip(&recordings) {
        archive.plan_episode(&episode(number), &show(), "", UnixMs(T)).unwrap();
        archive.begin_episode(&episode(number), "", Some(recording), UnixMs(T + u64::from(number))).unwrap();
    }
    let unfinished = archive.unfinished().unwrap();
    assert_eq!(unfinished.iter().map(|one| one.recording.clone().unwrap()).collect::<Vec<_>>(), recordings);
    for number in [1, 2] {
        archive.end_episode(&episode(number), crate::support::end(T, None)).unwrap();
        archive.delete(&episode(number)).unwrap();
    }
    assert!(!recordings[0].exists() && !recordings[1].exists());
}
