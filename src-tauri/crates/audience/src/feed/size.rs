//! How large a publisher's picture is: its parameter sets say so.

use std::panic::catch_unwind;

use h264_reader::nal::sps::SeqParameterSet;
use h264_reader::rbsp::{BitReader, decode_nal};

use crate::incoming::Size;

/// No picture is larger on a side.
const SIDE: u32 = 16_384;
/// No picture is faster.
const FPS: f64 = 300.0;

/// No set is shorter: a header, a profile and a level.
const SHORTEST: usize = 4;

/// Reads a sequence parameter set (a NAL unit without start code). Zeros where it cannot be read, or says what cannot be.
pub(super) fn of_sps(sps: &[u8]) -> Size {
    if sps.len() < SHORTEST {
        return Size::default();
    }
    // A stranger wrote it, and a defect of the reader must not cost the thread of all viewers.
    catch_unwind(|| read(sps)).unwrap_or_default()
}

fn read(sps: &[u8]) -> Size {
    let Ok(rbsp) = decode_nal(sps) else { return Size::default() };
    let Ok(set) = SeqParameterSet::from_bits(BitReader::new(&rbsp[..])) else { return Size::default() };
    let Ok((width, height)) = set.pixel_dimensions() else { return Size::default() };
    if !(1..=SIDE).contains(&width) || !(1..=SIDE).contains(&height) {
        return Size::default();
    }
    let fps = set.fps().filter(|fps| fps.is_finite() && (0.5..=FPS).contains(fps));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0.5 and 300")]
    Size { width, height, fps: fps.map_or(0, |fps| fps.round() as u32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// x264's, constrained baseline, 1280×720 at 30 frames a second.
    const SPS: &[u8] = &[0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe8, 0x06, 0xd0, 0xa1, 0x35];

    #[test]
    fn a_set_says_how_large_the_picture_is() {
        let size = of_sps(SPS);
        assert_eq!((size.width, size.height), (1280, 720));
    }

    #[test]
    fn nothing_in_its_place_breaks_anything() {
        for broken in [&[][..], &[0x67], &[0x67, 0x42], &[0; 64], &[0xff; 64], b"hello"] {
            let size = of_sps(broken);
            assert!(size.width <= SIDE && size.height <= SIDE);
        }
        let mut chance = fastrand::Rng::with_seed(3);
        for _ in 0..20_000 {
            let mut sps = SPS.to_vec();
            for _ in 0..chance.usize(1..6) {
                let at = chance.usize(..sps.len());
                sps[at] = chance.u8(..);
            }
            sps.truncate(chance.usize(..=sps.len()));
            let size = of_sps(&sps);
            assert!(size.width <= SIDE && size.height <= SIDE && size.fps <= 300, "{size:?}");
        }
    }
}
