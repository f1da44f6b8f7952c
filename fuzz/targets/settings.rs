//! The settings file may have been edited by hand, or cut by a full disk.
#![no_main]

use domain::{Setup, ShowSlug};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(mut setup) = serde_json::from_slice::<Setup>(bytes) else { return };
    assert!(ShowSlug::parse(setup.show.as_str()).is_ok(), "{:?}", setup.show);
    // The reader brings it into its range; JSON has numbers that are infinite as `f32`.
    for strip in setup.sources.iter_mut().map(|source| &mut source.strip) {
        if !strip.gain_db.is_finite() {
            strip.gain_db = 0.0;
        }
    }
    let written = serde_json::to_vec_pretty(&setup).expect("a setup can be written");
    let mut again: Setup = serde_json::from_slice(&written).expect("what was written can be read");
    // Decimal digits may move the last bit, and only that.
    for (again, before) in again.sources.iter_mut().zip(&setup.sources) {
        let (again, before) = (&mut again.strip.gain_db, before.strip.gain_db);
        assert!((*again - before).abs() <= before.abs() * f32::EPSILON);
        *again = before;
    }
    assert_eq!(again, setup);
});
