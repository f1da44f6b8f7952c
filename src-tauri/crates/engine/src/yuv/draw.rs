//! Draws frames over a frame, in plain safe Rust that compilers turn into vector instructions.

use crate::yuv::{AlphaFrame, AlphaPlane};

/// A plane of an I420 frame that is drawn on.
pub(crate) struct PlaneMut<'a> {
    pub(crate) samples: &'a mut [u8],
    /// Bytes from one row to the next.
    pub(crate) stride: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// The three planes of an I420 frame that is drawn on. Chroma planes have half the size, rounded up.
pub(crate) struct FrameMut<'a> {
    pub(crate) planes: [PlaneMut<'a>; 3],
    /// Rows of luma at the top that nothing may touch; even.
    pub(crate) reserved: i32,
}

/// A plane of an opaque I420 frame that is drawn.
#[derive(Clone, Copy)]
pub(crate) struct PlaneRef<'a> {
    pub(crate) samples: &'a [u8],
    /// Bytes from one row to the next.
    pub(crate) stride: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// The three planes of an opaque I420 frame.
#[derive(Clone, Copy)]
pub(crate) struct FrameRef<'a> {
    pub(crate) planes: [PlaneRef<'a>; 3],
}

/// How much of a frame is seen: 256 is all of it.
pub(crate) const OPAQUE: u16 = 256;
/// Black, in limited range.
pub(crate) const BLACK: [u8; 3] = [16, 128, 128];

impl FrameMut<'_> {
    /// Fills it with one colour (Y, Cb, Cr).
    pub(crate) fn fill(&mut self, colour: [u8; 3]) {
        for (plane, sample) in self.planes.iter_mut().zip(colour) {
            plane.samples.fill(sample);
        }
    }

    /// Blends `frame` over this with its upper left corner at `x`, `y` (rounded down to even
    /// pixels). What lies outside or in the reserved rows is not drawn.
    pub(crate) fn blend(&mut self, frame: &AlphaFrame, x: i32, y: i32, opacity: u16) {
        if opacity == 0 {
            return;
        }
        let (x, y) = (x & !1, y & !1);
        for (index, (plane, above)) in self.planes.iter_mut().zip(&frame.planes).enumerate() {
            let shift = u32::from(index > 0);
            plane.blend(above, x >> shift, y >> shift, self.reserved >> shift, opacity.min(OPAQUE));
        }
    }

    /// As [`Self::blend`], for an opaque frame.
    pub(crate) fn copy(&mut self, frame: &FrameRef<'_>, x: i32, y: i32, opacity: u16) {
        if opacity == 0 {
            return;
        }
        let (x, y) = (x & !1, y & !1);
        for (index, (plane, above)) in self.planes.iter_mut().zip(&frame.planes).enumerate() {
            let shift = u32::from(index > 0);
            plane.copy(above, x >> shift, y >> shift, self.reserved >> shift, opacity.min(OPAQUE));
        }
    }
}

/// What of a plane lies inside another: rows and columns of the upper one, clipped.
struct Clip {
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
}

impl PlaneMut<'_> {
    fn clip(&self, (width, height): (usize, usize), x: i32, y: i32, reserved: i32) -> Clip {
        let first = clip(reserved.max(0).saturating_sub(y), height);
        let last = clip(size(self.height).saturating_sub(y), height);
        let left = clip(0_i32.saturating_sub(x), width);
        let right = clip(size(self.width).saturating_sub(x), width);
        Clip { rows: first..last, columns: left..right }
    }

    fn blend(&mut self, above: &AlphaPlane, x: i32, y: i32, reserved: i32, opacity: u16) {
        let Clip { rows, columns } = self.clip((above.width, above.height), x, y, reserved);
        for row in rows {
            let (from, to) = above.spans[row];
            let (from, to) = ((from as usize).max(columns.start), (to as usize).min(columns.end));
            if from >= to {
                continue;
            }
            let start = index(y, row) * self.stride + index(x, from);
            let Some(below) = self.samples.get_mut(start..start + (to - from)) else { return };
            let at = row * above.width;
            let (samples, alpha) = (&above.samples[at + from..at + to], &above.alpha[at + from..at + to]);
            if opacity == OPAQUE {
                blend_row(below, samples, alpha);
            } else {
                blend_row_faintly(below, samples, alpha, opacity);
            }
        }
    }

    fn copy(&mut self, above: &PlaneRef<'_>, x: i32, y: i32, reserved: i32, opacity: u16) {
        let Clip { rows, columns } = self.clip((above.width, above.height), x, y, reserved);
        if columns.is_empty() {
            return;
        }
        for row in rows {
            let start = index(y, row) * self.stride + index(x, columns.start);
            let Some(below) = self.samples.get_mut(start..start + columns.len()) else { return };
            let at = row * above.stride;
            let Some(samples) = above.samples.get(at + columns.start..at + columns.end) else { return };
            if opacity == OPAQUE {
                below.copy_from_slice(samples);
            } else {
                mix_row(below, samples, opacity);
            }
        }
    }
}

/// A position within `0..=limit`.
fn clip(position: i32, limit: usize) -> usize {
    usize::try_from(position).unwrap_or(0).min(limit)
}

fn size(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// The row or column of the frame under a row or column of the sprite, which was clipped to it.
fn index(offset: i32, within: usize) -> usize {
    usize::try_from(size(within) + offset).unwrap_or(0)
}

/// `below = above + below × (1 − alpha)`; exact rounding, in 16 bits.
fn blend_row(below: &mut [u8], samples: &[u8], alpha: &[u8]) {
    for ((below, sample), alpha) in below.iter_mut().zip(samples).zip(alpha) {
        *below = sample.wrapping_add(scaled(*below, 255 - u16::from(*alpha)));
    }
}

fn blend_row_faintly(below: &mut [u8], samples: &[u8], alpha: &[u8], opacity: u16) {
    for ((below, sample), alpha) in below.iter_mut().zip(samples).zip(alpha) {
        let alpha = (u16::from(*alpha) * opacity.min(255)) >> 8;
        let sample = ((u16::from(*sample) * opacity.min(255)) >> 8) as u8;
        *below = sample.wrapping_add(scaled(*below, 255 - alpha));
    }
}

/// `below` moves towards `samples`; `opacity` of 256 would be all the way.
fn mix_row(below: &mut [u8], samples: &[u8], opacity: u16) {
    for (below, sample) in below.iter_mut().zip(samples) {
        let mixed = u16::from(*sample) * opacity + u16::from(*below) * (OPAQUE - opacity) + OPAQUE / 2;
        *below = (mixed >> 8) as u8;
    }
}

/// `sample × factor / 255`, rounded.
#[inline(always)]
fn scaled(sample: u8, factor: u16) -> u8 {
    let product = u16::from(sample) * factor + 128;
    ((product + (product >> 8)) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use resvg::tiny_skia::{Color, Pixmap};

    struct Picture {
        planes: [Vec<u8>; 3],
    }

    const WIDTH: usize = 32;
    const HEIGHT: usize = 24;

    impl Picture {
        fn grey(level: u8) -> Self {
            Self { planes: [vec![level; WIDTH * HEIGHT], vec![128; WIDTH * HEIGHT / 4], vec![128; WIDTH * HEIGHT / 4]] }
        }

        fn frame(&mut self, reserved: i32) -> FrameMut<'_> {
            let [y, u, v] = &mut self.planes;
            let plane = |samples, shift| PlaneMut {
                samples,
                stride: WIDTH >> shift,
                width: WIDTH >> shift,
                height: HEIGHT >> shift,
            };
            FrameMut { planes: [plane(y, 0), plane(u, 1), plane(v, 1)], reserved }
        }
    }

    fn sprite(color: Color) -> AlphaFrame {
        let mut pixmap = Pixmap::new(8, 8).unwrap();
        pixmap.fill(color);
        AlphaFrame::from_pixmap(&pixmap)
    }

    #[test]
    fn an_opaque_sprite_replaces_and_a_half_transparent_one_mixes() {
        let mut picture = Picture::grey(16);
        picture.frame(0).blend(&sprite(Color::WHITE), 4, 4, OPAQUE);
        picture.frame(0).blend(&sprite(Color::from_rgba8(255, 255, 255, 128)), 16, 4, OPAQUE);
        picture.frame(0).blend(&sprite(Color::WHITE), 4, 14, OPAQUE / 2);
        let at = |x: usize, y: usize| picture.planes[0][y * WIDTH + x];
        assert_eq!((at(3, 4), at(4, 4), at(11, 11), at(12, 11)), (16, 235, 235, 16));
        assert!(at(18, 6).abs_diff(126) <= 1, "{}", at(18, 6));
        assert!(at(6, 16).abs_diff(125) <= 2, "{}", at(6, 16));
    }

    #[test]
    fn what_sticks_out_of_the_frame_is_cut_off() {
        for (x, y) in [(-4, -4), (28, 20), (-100, 3), (100, 100), (i32::MIN, i32::MIN), (i32::MAX, 0), (29, -3)] {
            let mut picture = Picture::grey(16);
            picture.frame(0).blend(&sprite(Color::WHITE), x, y, OPAQUE);
            picture.frame(0).blend(&sprite(Color::WHITE), x, y, 100);
        }
        let mut picture = Picture::grey(16);
        picture.frame(0).blend(&sprite(Color::WHITE), -4, -4, OPAQUE);
        assert_eq!((picture.planes[0][3], picture.planes[0][4]), (235, 16));
    }

    #[test]
    fn the_reserved_rows_stay_as_they_are() {
        let mut picture = Picture::grey(16);
        picture.frame(6).blend(&sprite(Color::WHITE), 0, 2, OPAQUE);
        assert_eq!((picture.planes[0][5 * WIDTH], picture.planes[0][6 * WIDTH]), (16, 235));
        assert!(picture.planes[1][..3 * WIDTH / 2].iter().all(|sample| *sample == 128));
    }
}
