//! Gives a small program frame the colours that JPEG readers expect.
//!
//! The program is bt709 in limited range; a JPEG is bt601 in full range (JFIF 1.02). GStreamer's
//! converter takes 4 % of a core for this at 640×360 and fifteen frames a second, these loops a
//! sixth of that.

/// A plane of an I420 frame.
pub(super) struct Plane<'a> {
    pub(super) samples: &'a mut [u8],
    pub(super) stride: usize,
}

/// Factors are in parts of this.
const ONE: i32 = 1 << 12;
/// 255/219: limited to full range.
const LUMA: i32 = 4769;
/// What Cb and Cr add to luma, because bt601 weighs the colours differently.
const LUMA_FROM: (i32, i32) = (474, 914);
/// New Cb from Cb and Cr, new Cr from Cb and Cr; with 255/224.
const CB_FROM: (i32, i32) = (4616, -516);
const CR_FROM: (i32, i32) = (-338, 4585);

/// Converts `y`, `u` and `v` of a frame of `width`×`height` (even) in place.
pub(super) fn to_jpeg(y: &mut Plane<'_>, u: &mut Plane<'_>, v: &mut Plane<'_>, width: usize, height: usize) {
    let half = width / 2;
    let mut shift = vec![0; half];
    let rows = u.samples.chunks_mut(u.stride.max(1)).zip(v.samples.chunks_mut(v.stride.max(1)));
    for ((u, v), luma) in rows.zip(y.samples.chunks_mut(2 * y.stride.max(1))).take(height / 2) {
        for ((cb, cr), shift) in u.iter_mut().zip(v.iter_mut()).zip(&mut shift) {
            let (b, r) = (i32::from(*cb) - 128, i32::from(*cr) - 128);
            *shift = LUMA_FROM.0 * b + LUMA_FROM.1 * r + ONE / 2 - 16 * LUMA;
            *cb = byte((CB_FROM.0 * b + CB_FROM.1 * r + ONE / 2) / ONE + 128);
            *cr = byte((CR_FROM.0 * b + CR_FROM.1 * r + ONE / 2) / ONE + 128);
        }
        for row in luma.chunks_mut(y.stride.max(1)) {
            for (pair, shift) in row.chunks_exact_mut(2).zip(&shift) {
                pair[0] = byte((i32::from(pair[0]) * LUMA + shift) / ONE);
                pair[1] = byte((i32::from(pair[1]) * LUMA + shift) / ONE);
            }
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn byte(sample: i32) -> u8 {
    sample.clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// bt709 limited and bt601 full range of an sRGB colour, by their definitions.
    fn both([r, g, b]: [f32; 3]) -> ([f32; 3], [f32; 3]) {
        let of = |kr: f32, kb: f32, luma: f32, chroma: f32, black: f32| {
            let y = kr * r + (1.0 - kr - kb) * g + kb * b;
            let (cb, cr) = ((b - y) / (2.0 - 2.0 * kb), (r - y) / (2.0 - 2.0 * kr));
            [black + y * luma, 128.0 + cb * chroma, 128.0 + cr * chroma]
        };
        (of(0.2126, 0.0722, 219.0, 224.0, 16.0), of(0.299, 0.114, 255.0, 255.0, 0.0))
    }

    #[test]
    fn every_colour_arrives_within_two_steps() {
        for n in 0..125_u8 {
            let colour = [n % 5, n / 5 % 5, n / 25].map(|part| f32::from(part) / 4.0);
            let (from, to) = both(colour);
            let [y, u, v] = from.map(|sample| sample.round() as u8);
            // Rows are longer than the frame is wide.
            let (mut luma, mut cb, mut cr) = ([y; 12], [u; 3], [v; 3]);
            let plane = |samples, stride| Plane { samples, stride };
            to_jpeg(&mut plane(&mut luma, 6), &mut plane(&mut cb, 3), &mut plane(&mut cr, 3), 4, 2);
            for (got, wanted) in [luma[0], luma[9], cb[1], cr[1]].into_iter().zip([to[0], to[0], to[1], to[2]]) {
                assert!((f32::from(got) - wanted).abs() <= 2.0, "{colour:?}: {got}, expected {wanted}");
            }
        }
    }
}
