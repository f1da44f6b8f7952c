//! The `Range` header of whoever watches a replay.
#![no_main]

libfuzzer_sys::fuzz_target!(|asked: (&str, u64)| {
    let (header, length) = asked;
    for header in [header, &format!("bytes={header}")] {
        audience::fuzz_range(header, length);
    }
});
