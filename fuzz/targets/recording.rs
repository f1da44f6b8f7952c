//! A recording that a crash, or anybody, left in the data folder: the fuzzer's bytes alone, and the
//! same behind the head of a recording of ours, which it would take long to find.
#![no_main]

use std::fs;

/// `ftyp` and the slot of an unfinished recording of ours.
const HEAD: &[u8] = b"\0\0\0\x20ftypisomANT\x01isomiso6avc1mp41\0\0\0\x10free\0\0\0\0\0\0\0\0";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&[HEAD, bytes].concat());
});

fn check(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("show.mp4");
    fs::write(&path, bytes).expect("it is written");
    match fmp4::repair(&path) {
        // What is finished stays finished.
        Ok(first) => {
            let again = fmp4::repair(&path).expect("a finished recording is one");
            assert!(again.was_whole);
            assert_eq!(again.bytes, first.bytes);
            assert!(again.duration.abs_diff(first.duration).as_millis() <= 1);
            assert_eq!(fs::metadata(&path).expect("it is there").len(), first.bytes);
        }
        Err(_) => assert_eq!(fs::read(&path).expect("it is there"), bytes, "it is left as it was"),
    }
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "nothing else is left");
}
