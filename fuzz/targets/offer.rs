//! An SDP offer, as anybody may post it to `/S/whep`.
#![no_main]

libfuzzer_sys::fuzz_target!(|offer: &str| audience::fuzz_offer(offer));
