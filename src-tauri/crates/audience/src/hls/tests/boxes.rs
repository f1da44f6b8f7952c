//! What is inside the parts, read with as little as that takes.

use std::collections::HashMap;

use media::ProgramTime;

use super::super::rules::Read;
use super::super::shelf::{Found, Shelf};

/// A track's share of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) track: u32,
    /// `tfdt`, in ticks of the track.
    pub(super) time: u64,
    /// Of all samples.
    pub(super) ticks: u64,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The boxes in `bytes`, each with its kind and its body.
fn children(mut bytes: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let size = u32_at(bytes, 0) as usize;
        found.push((&bytes[4..8], &bytes[8..size]));
        bytes = &bytes[size..];
    }
    found
}

fn child<'a>(bytes: &'a [u8], kind: &[u8]) -> &'a [u8] {
    children(bytes).into_iter().find(|(found, _)| *found == kind).expect("it is there").1
}

/// The times of a part's tracks, the picture first.
pub(super) fn times(part: &[u8]) -> Vec<Times> {
    let kinds: Vec<_> = children(part).iter().map(|(kind, _)| kind.to_vec()).collect();
    assert_eq!(kinds, [b"moof".to_vec(), b"mdat".to_vec()]);
    let moof = children(child(part, b"moof"));
    let of_track = |traf: &[u8]| {
        let tfdt = child(traf, b"tfdt");
        let time =
            if tfdt[0] == 1 { u64::from_be_bytes(tfdt[4..12].try_into().unwrap()) } else { u32_at(tfdt, 4).into() };
        let trun = child(traf, b"trun");
        let flags = u32_at(trun, 0) & 0x00ff_ffff;
        let first = 12 + if flags & 4 == 0 { 0 } else { 4 };
        let width = if flags & 0x400 == 0 { 8 } else { 12 };
        let samples = (0..u32_at(trun, 4) as usize).map(|n| u64::from(u32_at(trun, first + n * width)));
        Times { track: u32_at(child(traf, b"tfhd"), 4), time, ticks: samples.sum() }
    };
    moof.into_iter().filter(|(kind, _)| *kind == b"traf").map(|(_, traf)| of_track(traf)).collect()
}

/// Holds the parts of a shelf against what its playlist says of them: times inside are program time, what
/// follows begins where the last ended, and sound has no holes.
pub(super) fn hold(shelf: &Shelf, read: &Read) {
    let mut ends: HashMap<u32, u64> = HashMap::new();
    for segment in shelf.listed().chain(shelf.growing()) {
        if segment.discontinuity || segment.gap {
            ends.clear();
        }
        for (number, part) in segment.parts.iter().enumerate() {
            let found = shelf.part(segment.msn, number as u64);
            assert!(matches!(found, Found::Here(..)), "{}.{number} is listed and not there", segment.msn);
            let times = times(&part.bytes);
            let picture = times.iter().find(|times| times.track == 1).expect("every part has frames");
            assert_eq!(picture.time, part.begin.ticks(90_000));
            for times in times {
                if let Some(end) = ends.insert(times.track, times.time + times.ticks) {
                    let rate = if times.track == 1 { 90_000 } else { 48_000 };
                    let hole = ProgramTime::from_ticks(times.time.abs_diff(end), rate);
                    // A frame or packet is never missing; times that are rounded may be a tick apart.
                    assert!(hole.as_millis() <= 3, "{times:?} of {}.{number} follows on {end}", segment.msn);
                }
            }
        }
    }
    assert_eq!(
        read.media_sequence + read.segments.len() as u64,
        shelf.edge().msn + u64::from(shelf.growing().is_some())
    );
}
