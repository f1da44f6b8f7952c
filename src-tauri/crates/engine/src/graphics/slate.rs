//! What stands in for a picture that is missing.

use domain::Canvas;
use resvg::tiny_skia::Pixmap;

use crate::graphics::sprite::Sprite;
use crate::graphics::template::{self, Value};
use crate::graphics::text::{self, Paragraph, Style};

const HEADLINE: Style = Style { family: "Inter Display", weight: 700, size: 46.0 };
const ADVICE: Style = Style { family: "Inter", weight: 500, size: 26.0 };

/// A picture that says `headline` and, smaller, what to do about it: tightly packed I420 (bt709,
/// limited range) of the size of `canvas`.
pub(crate) fn slate(canvas: &Canvas, headline: &str, advice: &str) -> Vec<u8> {
    #[allow(clippy::cast_precision_loss, reason = "a canvas has at most 3840 pixels")]
    let (width, height) = (canvas.width as f32, canvas.height as f32);
    let unit = height.min(width * 1.1) / 720.0;
    let (width, height) = (width / unit, height / unit);
    let headline = text::wrap(headline, HEADLINE, (width * 0.84).min(1100.0), 2);
    let advice = text::wrap(advice, ADVICE, (width * 0.84).min(860.0), 3);
    let svg = template::fill(template::SLATE, &values((width, height), &headline, &advice));
    let picture = template::render(&svg, unit).and_then(|rendered| fitted(&rendered, canvas));
    match picture {
        Some(picture) => {
            let [y, u, v] = Sprite::from_pixmap(&picture).planes.map(|layer| layer.samples);
            [y, u, v].concat()
        }
        // A defect of the template must not take the program down: black is a picture too.
        None => black(canvas),
    }
}

/// `rendered`, which may be a pixel too large by rounding, in exactly the size of the canvas, and
/// opaque.
fn fitted(rendered: &Pixmap, canvas: &Canvas) -> Option<Pixmap> {
    use resvg::tiny_skia::{Color, PixmapPaint, Transform};
    let mut picture = Pixmap::new(canvas.width, canvas.height)?;
    picture.fill(Color::from_rgba8(0x0e, 0x0f, 0x13, 0xff));
    picture.draw_pixmap(0, 0, rendered.as_ref(), &PixmapPaint::default(), Transform::identity(), None);
    Some(picture)
}

fn black(canvas: &Canvas) -> Vec<u8> {
    let pixels = canvas.width as usize * canvas.height as usize;
    let mut picture = vec![16; pixels];
    picture.resize(pixels * 3 / 2, 128);
    picture
}

#[allow(clippy::cast_precision_loss, reason = "at most three lines")]
fn values((width, height): (f32, f32), headline: &Paragraph, advice: &Paragraph) -> Vec<(&'static str, Value)> {
    let (head, tips) = (headline.lines.len() as f32, advice.lines.len() as f32);
    // The block of icon, headline and advice stands in the middle.
    let block = 124.0 + 48.0 + head * 56.0 + 12.0 + tips * 37.0;
    let top = (height - block) / 2.0;
    let head_y = top + 124.0 + 48.0 + 40.0;
    let advice_y = head_y + (head - 1.0).max(0.0) * 56.0 + 56.0;
    let line = |paragraph: &Paragraph, index: usize| Value::from(paragraph.lines.get(index).map_or("", String::as_str));
    vec![
        ("width", width.into()),
        ("height", height.into()),
        ("centre", (height * 0.42).into()),
        ("middle", (width / 2.0).into()),
        ("iconY", (top + 62.0).into()),
        ("headY1", head_y.into()),
        ("headY2", (head_y + 56.0).into()),
        ("head1", line(headline, 0)),
        ("head2", line(headline, 1)),
        ("adviceY1", advice_y.into()),
        ("adviceY2", (advice_y + 37.0).into()),
        ("adviceY3", (advice_y + 74.0).into()),
        ("advice1", line(advice, 0)),
        ("advice2", line(advice, 1)),
        ("advice3", line(advice, 2)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slate_fills_every_canvas_with_something_to_read() {
        for (width, height) in [(320, 180), (640, 360), (1280, 720), (1080, 1920), (322, 182), (320, 2160)] {
            let canvas = Canvas::new(width, height, 30).unwrap();
            let picture = slate(&canvas, "No camera found", "Plug one in: it is used at once. <b>&");
            assert_eq!(picture.len() as u32, width * height * 3 / 2);
            let luma = &picture[..(width * height) as usize];
            let (dark, bright) = (luma.iter().filter(|y| **y < 80).count(), luma.iter().filter(|y| **y > 200).count());
            assert!(bright > 100, "{width}x{height}: {bright} bright pixels");
            assert!(dark > luma.len() * 3 / 4, "{width}x{height}: {dark} dark pixels");
        }
    }
}
