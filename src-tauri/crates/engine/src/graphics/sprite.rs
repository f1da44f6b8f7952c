//! A picture with transparency in the program's own format: planar, 4:2:0, multiplied with its
//! alpha beforehand, so that laying it over a frame costs one multiplication a sample.

use resvg::tiny_skia::Pixmap;

use crate::graphics::colour;

/// One plane and its alpha, both of `width`×`height`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Samples, multiplied with alpha.
    pub(crate) samples: Vec<u8>,
    /// 0 lets everything through, 255 nothing.
    pub(crate) alpha: Vec<u8>,
    /// For each row, where something is to be seen: from, to.
    pub(crate) spans: Vec<(u32, u32)>,
}

/// A picture that can be laid over a frame at any even position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sprite {
    /// Y, U, V; U and V have half the size.
    pub(crate) planes: [Layer; 3],
}

impl Sprite {
    /// Converts `pixmap` (RGBA, multiplied with alpha). An odd side is rounded up with nothing.
    pub(crate) fn from_pixmap(pixmap: &Pixmap) -> Self {
        Self::moved(pixmap, 0, 0)
    }

    /// As [`Sprite::from_pixmap`], with `right` empty columns before and `down` empty rows above.
    pub(crate) fn moved(pixmap: &Pixmap, right: usize, down: usize) -> Self {
        let (source_width, source_height) = (pixmap.width() as usize, pixmap.height() as usize);
        let (width, height) = ((source_width + right).next_multiple_of(2), (source_height + down).next_multiple_of(2));
        let mut luma = Layer::empty(width, height);
        let mut u = Layer::empty(width / 2, height / 2);
        let mut v = Layer::empty(width / 2, height / 2);
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
                    luma.put(px, py, py_, pixel.alpha());
                    sums = [sums[0] + pu, sums[1] + pv, sums[2] + f32::from(pixel.alpha())];
                }
                let alpha = byte(sums[2] / 4.0);
                u.put(x, y, sums[0] / 4.0, alpha);
                v.put(x, y, sums[1] / 4.0, alpha);
            }
        }
        let planes = [luma, u, v].map(Layer::with_spans);
        Self { planes }
    }

    /// Width in pixels, even.
    pub(crate) fn width(&self) -> u32 {
        u32::try_from(self.planes[0].width).expect("a sprite is no wider than a canvas")
    }

    /// Height in pixels, even.
    pub(crate) fn height(&self) -> u32 {
        u32::try_from(self.planes[0].height).expect("a sprite is no higher than a canvas")
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

impl Layer {
    fn empty(width: usize, height: usize) -> Self {
        let (samples, alpha) = (vec![0; width * height], vec![0; width * height]);
        Self { width, height, samples, alpha, spans: Vec::new() }
    }

    fn put(&mut self, x: usize, y: usize, sample: f32, alpha: u8) {
        let at = y * self.width + x;
        // No more than its alpha, so that laying it over anything cannot overflow.
        self.samples[at] = byte(sample).min(alpha);
        self.alpha[at] = alpha;
    }

    fn with_spans(mut self) -> Self {
        let span = |row: &[u8]| {
            let from = row.iter().position(|alpha| *alpha > 0).unwrap_or(row.len());
            let to = row.iter().rposition(|alpha| *alpha > 0).map_or(from, |last| last + 1);
            let narrow = |n: usize| u32::try_from(n).expect("a sprite is no wider than a canvas");
            (narrow(from), narrow(to))
        };
        self.spans = self.alpha.chunks_exact(self.width.max(1)).map(span).collect();
        self
    }
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
