//! The slide of the test screen: text that must stay readable, a cursor that moves slowly, and the
//! same faint noise in every run, so that an encoder has as much to do as with a camera.

use resvg::{tiny_skia, usvg};

use crate::source::test_picture::{NOISES, Planes, Random};

const SLIDE: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1280 720" preserveAspectRatio="none">
<rect width="1280" height="720" fill="#f4f5f8"/>
<rect width="1280" height="96" fill="#1e212b"/>
<g font-family="Inter" font-weight="500" fill="#1e212b">
<text x="56" y="62" font-family="Inter Display" font-size="36" font-weight="700" fill="#eceef4">Antenne test screen</text>
<text x="56" y="180" font-family="Inter Display" font-size="44" font-weight="700">Three things to look at</text>
<text x="80" y="256" font-size="30">1.  This line is large and easy to read.</text>
<text x="80" y="316" font-size="22">2.  This line is what most slides use: 0123456789 ABC abc.</text>
<text x="80" y="368" font-size="15">3.  This line is as small as text in a window: can it still be read by those who watch?</text>
</g>
<g fill="#6ea8fe"><rect x="80" y="560" width="60" height="80"/><rect x="160" y="500" width="60" height="140"/>
<rect x="240" y="530" width="60" height="110"/><rect x="320" y="440" width="60" height="200"/></g>
<path d="M80 642H400" stroke="#1e212b" stroke-width="4"/>
<g><rect x="480" y="440" width="100" height="200" fill="#e5263b"/><rect x="580" y="440" width="100" height="200" fill="#2fbf71"/>
<rect x="680" y="440" width="100" height="200" fill="#3a6fd8"/><rect x="780" y="440" width="100" height="200" fill="#f5a524"/></g>
</svg>"##;

const FONTS: [&[u8]; 2] = [
    include_bytes!("../../../../../assets/fonts/Inter-Medium.otf"),
    include_bytes!("../../../../../assets/fonts/InterDisplay-Bold.otf"),
];

/// The cursor's arrow, one row a line.
const ARROW: [&str; 16] = [
    "#          ",
    "##         ",
    "#.#        ",
    "#..#       ",
    "#...#      ",
    "#....#     ",
    "#.....#    ",
    "#......#   ",
    "#.......#  ",
    "#........# ",
    "#.....#####",
    "#..#..#    ",
    "#.# #..#   ",
    "##  #..#   ",
    "#    #..#  ",
    "      ##   ",
];

/// The slide, rendered once, with several noises: every row takes one of them at random.
pub(crate) struct Slide {
    width: usize,
    height: usize,
    luma: Vec<Vec<u8>>,
    chroma: [Vec<u8>; 2],
}

impl Slide {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let [luma, cb, cr] = render(width, height).map_or_else(
            || [vec![200; width * height], vec![128; width * height / 4], vec![128; width * height / 4]],
            |pixmap| to_i420(&pixmap, width, height),
        );
        Self { width, height, luma: Random::of_frame(0).noises(&luma), chroma: [cb, cr] }
    }

    /// Draws the slide with its cursor at frame `number` of `fps` a second.
    pub(crate) fn draw(&self, number: u64, fps: u32, planes: &mut Planes<'_>) {
        let mut random = Random::of_frame(number);
        let rows = planes.data[0].chunks_mut(planes.strides[0]).take(self.height);
        for (y, row) in rows.enumerate() {
            row[..self.width].copy_from_slice(&self.luma[random.below(NOISES)][y * self.width..][..self.width]);
        }
        for (plane, from) in (1..).zip(&self.chroma) {
            let rows = planes.data[plane].chunks_mut(planes.strides[plane]);
            for (row, from) in rows.zip(from.chunks(self.width / 2)) {
                row[..self.width / 2].copy_from_slice(from);
            }
        }
        self.cursor(number as f32 / fps.max(1) as f32, planes);
    }

    /// Once around the slide in 20 s.
    fn cursor(&self, seconds: f32, planes: &mut Planes<'_>) {
        let angle = seconds / 20.0 * std::f32::consts::TAU;
        let scale = (self.height / 360).max(1);
        let reach = |span: usize, turn: f32| (span as f32 * (0.5 + 0.36 * turn)) as usize;
        let (left, top) = (reach(self.width, angle.cos()), reach(self.height, angle.sin()));
        let stride = planes.strides[0];
        for (y, line) in ARROW.iter().enumerate() {
            for (x, ink) in line.bytes().enumerate().filter(|(_, ink)| *ink != b' ') {
                let level = if ink == b'#' { 16 } else { 235 };
                for row in 0..scale {
                    let start = (top + y * scale + row) * stride + left + x * scale;
                    if let Some(pixels) = planes.data[0].get_mut(start..start + scale) {
                        pixels.fill(level);
                    }
                }
            }
        }
    }
}

fn render(width: usize, height: usize) -> Option<tiny_skia::Pixmap> {
    let mut options = usvg::Options::default();
    for font in FONTS {
        options.fontdb_mut().load_font_data(font.to_vec());
    }
    let tree = usvg::Tree::from_str(SLIDE, &options).ok()?;
    let mut pixmap = tiny_skia::Pixmap::new(u32::try_from(width).ok()?, u32::try_from(height).ok()?)?;
    let scale =
        tiny_skia::Transform::from_scale(width as f32 / tree.size().width(), height as f32 / tree.size().height());
    resvg::render(&tree, scale, &mut pixmap.as_mut());
    Some(pixmap)
}

/// bt709, limited range. The slide is opaque, so premultiplied alpha changes nothing.
fn to_i420(pixmap: &tiny_skia::Pixmap, width: usize, height: usize) -> [Vec<u8>; 3] {
    let pixel = |x: usize, y: usize| {
        let at = (y * width + x) * 4;
        [0, 1, 2].map(|channel| f32::from(pixmap.data()[at + channel]) / 255.0)
    };
    let brightness = |[r, g, b]: [f32; 3]| 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let luma = (0..width * height).map(|n| (16.0 + 219.0 * brightness(pixel(n % width, n / width))).round() as u8);
    let mut chroma = [Vec::new(), Vec::new()];
    for y in (0..height).step_by(2) {
        for x in (0..width).step_by(2) {
            let four = [pixel(x, y), pixel(x + 1, y), pixel(x, y + 1), pixel(x + 1, y + 1)];
            let mean = [0, 1, 2].map(|channel| four.iter().map(|pixel| pixel[channel]).sum::<f32>() / 4.0);
            let y = brightness(mean);
            chroma[0].push((128.0 + 224.0 * (mean[2] - y) / 1.8556).round() as u8);
            chroma[1].push((128.0 + 224.0 * (mean[0] - y) / 1.5748).round() as u8);
        }
    }
    let [cb, cr] = chroma;
    [luma.collect(), cb, cr]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slide_has_text_and_a_cursor_that_moves_slowly() {
        let (width, height) = (640, 360);
        let slide = Slide::new(width, height);
        let frame = |number| {
            let mut data = [vec![0; width * height], vec![0; width * height / 4], vec![0; width * height / 4]];
            let [luma, cb, cr] = &mut data;
            slide.draw(number, 30, &mut Planes { data: [luma, cb, cr], strides: [width, width / 2, width / 2] });
            data
        };
        let (first, later) = (frame(0), frame(30));
        let changed = |than: u8| first[0].iter().zip(&later[0]).filter(|(a, b)| a.abs_diff(**b) > than).count();
        assert!((50..2000).contains(&changed(8)), "{} pixels changed in a second", changed(8));
        assert!(changed(0) > width * height / 2, "there is noise: {}", changed(0));
        assert_eq!(first, frame(0), "the same in every run");
        let dark = |rows: std::ops::Range<usize>| {
            first[0][rows.start * width..rows.end * width].iter().filter(|p| **p < 90).count()
        };
        assert!(dark(70..92) > 300, "the headline is there: {} dark pixels", dark(70..92));
        assert_eq!(dark(96..104), 0, "nothing is written between the lines");
    }
}
