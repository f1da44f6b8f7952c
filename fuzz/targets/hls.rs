//! The file and the query of whoever watches by HLS.
#![no_main]

libfuzzer_sys::fuzz_target!(|asked: (&str, &str)| {
    let (name, query) = asked;
    audience::fuzz_hls(name, query);
    audience::fuzz_hls("live.m3u8", query);
    audience::fuzz_hls(&format!("{name}.m4s"), query);
});
