//! Lays sprites over a frame: the inner loop of the graphics, in plain safe Rust that compilers
//! turn into vector instructions.

use crate::graphics::sprite::{Layer, Sprite};

/// A plane of an I420 frame.
pub(crate) struct Plane<'a> {
    pub(crate) samples: &'a mut [u8],
    /// Bytes from one row to the next.
    pub(crate) stride: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// The three planes of an I420 frame. Chroma planes have half the size, rounded up.
pub(crate) struct Frame<'a> {
    pub(crate) planes: [Plane<'a>; 3],
    /// Rows of luma at the top that nothing may touch; even.
    pub(crate) reserved: i32,
}

/// How much of a sprite is seen: 256 is all of it.
pub(crate) const OPAQUE: u16 = 256;

impl Frame<'_> {
    /// Lays `sprite` over the frame with its upper left corner at `x`, `y` (rounded down to even
    /// pixels). What lies outside the frame or in the reserved rows is not drawn.
    pub(crate) fn lay(&mut self, sprite: &Sprite, x: i32, y: i32, opacity: u16) {
        if opacity == 0 {
            return;
        }
        let (x, y) = (x & !1, y & !1);
        for (index, (plane, layer)) in self.planes.iter_mut().zip(&sprite.planes).enumerate() {
            let shift = u32::from(index > 0);
            plane.lay(layer, x >> shift, y >> shift, self.reserved >> shift, opacity.min(OPAQUE));
        }
    }
}

impl Plane<'_> {
    fn lay(&mut self, layer: &Layer, x: i32, y: i32, reserved: i32, opacity: u16) {
        let first = clip(reserved.max(0).saturating_sub(y), layer.height);
        let last = clip(size(self.height).saturating_sub(y), layer.height);
        let left = clip(0_i32.saturating_sub(x), layer.width);
        let right = clip(size(self.width).saturating_sub(x), layer.width);
        for row in first..last {
            let (from, to) = layer.spans[row];
            let (from, to) = ((from as usize).max(left), (to as usize).min(right));
            if from >= to {
                continue;
            }
            let start = index(y, row) * self.stride + index(x, from);
            let Some(below) = self.samples.get_mut(start..start + (to - from)) else { return };
            let at = row * layer.width;
            let (samples, alpha) = (&layer.samples[at + from..at + to], &layer.alpha[at + from..at + to]);
            if opacity == OPAQUE {
                lay_row(below, samples, alpha);
            } else {
                lay_row_faintly(below, samples, alpha, opacity);
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
fn lay_row(below: &mut [u8], samples: &[u8], alpha: &[u8]) {
    for ((below, sample), alpha) in below.iter_mut().zip(samples).zip(alpha) {
        *below = sample.wrapping_add(scaled(*below, 255 - u16::from(*alpha)));
    }
}

fn lay_row_faintly(below: &mut [u8], samples: &[u8], alpha: &[u8], opacity: u16) {
    for ((below, sample), alpha) in below.iter_mut().zip(samples).zip(alpha) {
        let alpha = (u16::from(*alpha) * opacity.min(255)) >> 8;
        let sample = ((u16::from(*sample) * opacity.min(255)) >> 8) as u8;
        *below = sample.wrapping_add(scaled(*below, 255 - alpha));
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

        fn frame(&mut self, reserved: i32) -> Frame<'_> {
            let [y, u, v] = &mut self.planes;
            let plane = |samples, shift| Plane {
                samples,
                stride: WIDTH >> shift,
                width: WIDTH >> shift,
                height: HEIGHT >> shift,
            };
            Frame { planes: [plane(y, 0), plane(u, 1), plane(v, 1)], reserved }
        }
    }

    fn sprite(color: Color) -> Sprite {
        let mut pixmap = Pixmap::new(8, 8).unwrap();
        pixmap.fill(color);
        Sprite::from_pixmap(&pixmap)
    }

    #[test]
    fn an_opaque_sprite_replaces_and_a_half_transparent_one_mixes() {
        let mut picture = Picture::grey(16);
        picture.frame(0).lay(&sprite(Color::WHITE), 4, 4, OPAQUE);
        picture.frame(0).lay(&sprite(Color::from_rgba8(255, 255, 255, 128)), 16, 4, OPAQUE);
        picture.frame(0).lay(&sprite(Color::WHITE), 4, 14, OPAQUE / 2);
        let at = |x: usize, y: usize| picture.planes[0][y * WIDTH + x];
        assert_eq!((at(3, 4), at(4, 4), at(11, 11), at(12, 11)), (16, 235, 235, 16));
        assert!(at(18, 6).abs_diff(126) <= 1, "{}", at(18, 6));
        assert!(at(6, 16).abs_diff(125) <= 2, "{}", at(6, 16));
    }

    #[test]
    fn what_sticks_out_of_the_frame_is_cut_off() {
        for (x, y) in [(-4, -4), (28, 20), (-100, 3), (100, 100), (i32::MIN, i32::MIN), (i32::MAX, 0), (29, -3)] {
            let mut picture = Picture::grey(16);
            picture.frame(0).lay(&sprite(Color::WHITE), x, y, OPAQUE);
            picture.frame(0).lay(&sprite(Color::WHITE), x, y, 100);
        }
        let mut picture = Picture::grey(16);
        picture.frame(0).lay(&sprite(Color::WHITE), -4, -4, OPAQUE);
        assert_eq!((picture.planes[0][3], picture.planes[0][4]), (235, 16));
    }

    #[test]
    fn the_reserved_rows_stay_as_they_are() {
        let mut picture = Picture::grey(16);
        picture.frame(6).lay(&sprite(Color::WHITE), 0, 2, OPAQUE);
        assert_eq!((picture.planes[0][5 * WIDTH], picture.planes[0][6 * WIDTH]), (16, 235));
        assert!(picture.planes[1][..3 * WIDTH / 2].iter().all(|sample| *sample == 128));
    }
}
