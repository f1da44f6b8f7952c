//! A recording that a crash, or anybody, left in the data folder.
#![no_main]

use std::fs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("show.mp4");
    fs::write(&path, bytes).expect("it is written");
    match engine::recover_recording(&path) {
        // What is finished stays finished.
        Ok(first) => {
            let again = engine::recover_recording(&path).expect("a finished recording is one");
            assert_eq!((again.duration_ms, again.bytes), (first.duration_ms, first.bytes));
            assert_eq!(fs::metadata(&path).expect("it is there").len(), first.bytes);
        }
        Err(_) => assert_eq!(fs::read(&path).expect("it is there"), bytes, "it is left as it was"),
    }
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "nothing else is left");
});
