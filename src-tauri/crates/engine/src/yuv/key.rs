//! Chroma key: makes a colour transparent.

use domain::ChromaKey;

use crate::yuv::{AlphaFrame, AlphaPlane, FrameRef};

/// Keys opaque frames. The table is made once for each key.
pub(crate) struct Keyer {
    /// Alpha for every pair of Cb (high byte) and Cr.
    alpha: Vec<u8>,
}

impl Keyer {
    pub(crate) fn new(key: ChromaKey) -> Self {
        let near = f32::from(key.tolerance);
        let span = f32::from(key.softness).max(1.0);
        let alpha = |at: u32| {
            let distance = |value: u32, centre: u8| (value & 0xff) as f32 - f32::from(centre);
            let (cb, cr) = (distance(at >> 8, key.cb), distance(at, key.cr));
            let seen = ((cb.hypot(cr) - near) / span).clamp(0.0, 1.0);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
            let seen = (seen * 255.0).round() as u8;
            seen
        };
        Self { alpha: (0..1 << 16).map(alpha).collect() }
    }

    /// Writes `frame` into `keyed`, which has its size. A chroma sample decides for the four pixels
    /// under it.
    pub(crate) fn key(&self, frame: &FrameRef<'_>, keyed: &mut AlphaFrame) {
        let [y, u, v] = &frame.planes;
        let [luma, cb, cr] = &mut keyed.planes;
        let (width, height) = (cb.width.min(u.width).min(v.width), cb.height.min(u.height).min(v.height));
        for row in 0..height {
            let at = row * cb.width..row * cb.width + width;
            let (us, vs) = (&u.samples[row * u.stride..][..width], &v.samples[row * v.stride..][..width]);
            for ((alpha, u), v) in cb.alpha[at.clone()].iter_mut().zip(us).zip(vs) {
                *alpha = self.alpha[usize::from(*u) << 8 | usize::from(*v)];
            }
            let alpha = &cb.alpha[at.clone()];
            multiply(&mut cb.samples[at.clone()], us, alpha);
            multiply(&mut cr.samples[at.clone()], vs, alpha);
            cr.alpha[at].copy_from_slice(alpha);
            for line in [2 * row, 2 * row + 1] {
                let (at, from) = (line * luma.width, line * y.stride);
                let Some(ys) = y.samples.get(from..from + 2 * width) else { continue };
                for (pair, alpha) in luma.alpha[at..at + 2 * width].as_chunks_mut::<2>().0.iter_mut().zip(alpha) {
                    *pair = [*alpha; 2];
                }
                multiply(&mut luma.samples[at..at + 2 * width], ys, &luma.alpha[at..at + 2 * width]);
            }
        }
        keyed.planes.iter_mut().for_each(AlphaPlane::find_spans);
    }
}

/// `samples × alpha / 255`, rounded.
fn multiply(into: &mut [u8], samples: &[u8], alpha: &[u8]) {
    for ((into, sample), alpha) in into.iter_mut().zip(samples).zip(alpha) {
        let product = u16::from(*sample) * u16::from(*alpha) + 128;
        *into = ((product + (product >> 8)) >> 8) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yuv::{FrameMut, OPAQUE, PlaneMut, PlaneRef};

    /// Green (bt709) at the left, skin at the right.
    #[test]
    fn green_goes_and_skin_stays() {
        let (width, height) = (8, 4);
        let y = vec![120; width * height];
        let (mut u, mut v) = (vec![110; width * height / 4], vec![160; width * height / 4]);
        for row in 0..height / 2 {
            (u[row * 4], u[row * 4 + 1], v[row * 4], v[row * 4 + 1]) = (54, 54, 34, 34);
        }
        let plane = |samples, shift: usize| PlaneRef {
            samples,
            stride: width >> shift,
            width: width >> shift,
            height: height >> shift,
        };
        let frame = FrameRef { planes: [plane(&y, 0), plane(&u, 1), plane(&v, 1)] };
        let mut keyed = AlphaFrame::empty(width, height);
        Keyer::new(ChromaKey { cb: 54, cr: 34, tolerance: 40, softness: 20 }).key(&frame, &mut keyed);
        let [mut below_y, mut below_u, mut below_v] = [vec![16; 32], vec![128; 8], vec![128; 8]];
        let plane = |samples, shift: usize| PlaneMut {
            samples,
            stride: width >> shift,
            width: width >> shift,
            height: height >> shift,
        };
        let planes = [plane(&mut below_y, 0), plane(&mut below_u, 1), plane(&mut below_v, 1)];
        FrameMut { planes, reserved: 0 }.blend(&keyed, 0, 0, OPAQUE);
        assert_eq!(below_y[..8], [16, 16, 16, 16, 120, 120, 120, 120]);
        assert_eq!((&below_u[..4], &below_v[..4]), (&[128, 128, 110, 110][..], &[128, 128, 160, 160][..]));
    }

    #[test]
    fn between_the_colour_and_the_others_alpha_rises_evenly() {
        let keyer = Keyer::new(ChromaKey { cb: 0, cr: 0, tolerance: 10, softness: 100 });
        let at = |cb: usize| keyer.alpha[cb << 8];
        assert_eq!((at(0), at(10), at(110), at(255)), (0, 0, 255, 255));
        assert!((10..110).all(|cb| at(cb) <= at(cb + 1)) && at(60).abs_diff(128) <= 1);
    }
}
