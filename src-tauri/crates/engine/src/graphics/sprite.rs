//! Rendered graphics in the program's own format.

use resvg::tiny_skia::Pixmap;

use crate::graphics::colour;
use crate::yuv::{AlphaFrame, AlphaPlane};

/// A picture that can be laid over a frame at any even position.
pub(crate) type Sprite = AlphaFrame;

impl Sprite {
    /// Converts `pixmap` (RGBA, multiplied with alpha). An odd side is rounded up with nothing.
    pub(crate) fn from_pixmap(pixmap: &Pixmap) -> Self {
        Self::moved(pixmap, 0, 0)
    }

    /// As [`Sprite::from_pixmap`], with `right` empty columns before and `down` empty rows above.
    pub(crate) fn moved(pixmap: &Pixmap, right: usize, down: usize) -> Self {
        let (source_width, source_height) = (pixmap.width() as usize, pixmap.height() as usize);
        let (width, height) = ((source_width + right).next_multiple_of(2), (source_height + down).next_multiple_of(2));
        let Self { planes: [mut luma, mut u, mut v] } = Self::empty(width, height);
        let pixels = pixmap.pixels();
        for y in 0..height / 2 {
            for x in 0..width / 2 {
                let mut sums = [0.0; 3];
                for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    let (px, py) = (2 * x + dx, 2 * y + dy);
                    let from = px.checked_sub(right).zip(py.checked_sub(down));
                    let Some((sx, sy)) = from.filter(|(sx, sy)| *sx < source_width && *sy < source_height) else {
                        continue;
                    };
                    let pixel = pixels[sy * source_width + sx];
                    let alpha = f32::from(pixel.alpha()) / 255.0;
                    let [py_, pu, pv] =
                        premultiplied(f32::from(pixel.red()), f32::from(pixel.green()), f32::from(pixel.blue()), alpha);
                    put(&mut luma, px, py, py_, pixel.alpha());
                    sums = [sums[0] + pu, sums[1] + pv, sums[2] + f32::from(pixel.alpha())];
                }
                let alpha = byte(sums[2] / 4.0);
                put(&mut u, x, y, sums[0] / 4.0, alpha);
                put(&mut v, x, y, sums[1] / 4.0, alpha);
            }
        }
        let mut planes = [luma, u, v];
        planes.iter_mut().for_each(AlphaPlane::find_spans);
        Self { planes }
    }
}

/// Y, Cb, Cr, each multiplied with alpha, of a colour that is multiplied already.
fn premultiplied(r: f32, g: f32, b: f32, alpha: f32) -> [f32; 3] {
    if alpha <= 0.0 {
        return [0.0; 3];
    }
    colour::bt709(r / alpha, g / alpha, b / alpha).map(|sample| sample * alpha)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn byte(sample: f32) -> u8 {
    sample.round().clamp(0.0, 255.0) as u8
}

fn put(plane: &mut AlphaPlane, x: usize, y: usize, sample: f32, alpha: u8) {
    let at = y * plane.width + x;
    // No more than its alpha, so that blending it over anything cannot overflow.
    plane.samples[at] = byte(sample).min(alpha);
    plane.alpha[at] = alpha;
}

#[cfg(test)]
mod tests {
    use super::*;
    use resvg::tiny_skia::Color;

    #[test]
    fn a_white_pixmap_becomes_limited_white() {
        let mut pixmap = Pixmap::new(3, 5).unwrap();
        pixmap.fill(Color::WHITE);
        let sprite = Sprite::from_pixmap(&pixmap);
        assert_eq!((sprite.width(), sprite.height()), (4, 6));
        assert_eq!((sprite.planes[0].samples[0], sprite.planes[0].alpha[0]), (235, 255));
        assert_eq!((sprite.planes[1].samples[0], sprite.planes[2].samples[0]), (128, 128));
        assert_eq!(sprite.planes[0].alpha[3], 0, "the added column is empty");
        assert_eq!(sprite.planes[1].alpha[1], 128, "half of what lies under this chroma sample is empty");
        assert_eq!(sprite.planes[0].spans[5], (4, 4));
    }

    #[test]
    fn a_moved_sprite_holds_the_same_picture_elsewhere() {
        let mut pixmap = Pixmap::new(2, 2).unwrap();
        pixmap.fill(Color::WHITE);
        let sprite = Sprite::moved(&pixmap, 1, 0);
        assert_eq!((sprite.width(), sprite.height()), (4, 2));
        assert_eq!(sprite.planes[0].alpha, [0, 255, 255, 0, 0, 255, 255, 0]);
        assert_eq!(sprite.planes[1].alpha, [128, 128]);
    }

    #[test]
    fn no_sample_exceeds_its_alpha() {
        let mut pixmap = Pixmap::new(2, 2).unwrap();
        for alpha in 0..=255_u8 {
            pixmap.fill(Color::from_rgba8(255, 40, 220, alpha));
            for layer in &Sprite::from_pixmap(&pixmap).planes {
                assert!(layer.samples.iter().zip(&layer.alpha).all(|(sample, alpha)| sample <= alpha));
            }
        }
    }
}
