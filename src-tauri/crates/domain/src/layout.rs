//! The canvas and how sources are laid out on it.

use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

/// The size and rate of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Canvas {
    /// Pixels, even.
    pub width: u32,
    /// Pixels, even.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
}

/// Why a size or rate cannot be a canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CanvasError;

impl fmt::Display for CanvasError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a picture is 320x180 to 3840x2160 with even sides, at 1 to 60 frames a second, such as 1280x720 at 30",
        )
    }
}

impl std::error::Error for CanvasError {}

impl Canvas {
    /// A canvas of `width`×`height` pixels at `fps` frames a second.
    ///
    /// # Errors
    ///
    /// [`CanvasError`] where a side is odd or out of range, or the rate is out of range.
    pub fn new(width: u32, height: u32, fps: u32) -> Result<Self, CanvasError> {
        let even = width.is_multiple_of(2) && height.is_multiple_of(2);
        let fits = (320..=3840).contains(&width) && (180..=2160).contains(&height) && (1..=60).contains(&fps);
        if even && fits { Ok(Self { width, height, fps }) } else { Err(CanvasError) }
    }

    /// All of it.
    #[must_use]
    pub const fn rect(&self) -> Rect {
        Rect { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// Reads `1280x720` as the command line writes it.
    ///
    /// # Errors
    ///
    /// [`CanvasError`] for anything else.
    pub fn parse_size(text: &str, fps: u32) -> Result<Self, CanvasError> {
        let (width, height) = text.split_once('x').ok_or(CanvasError)?;
        let side = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
            true => text.parse().map_err(|_| CanvasError),
            false => Err(CanvasError),
        };
        Self::new(side(width)?, side(height)?, fps)
    }
}

impl Default for Canvas {
    fn default() -> Self {
        Self { width: 1280, height: 720, fps: 30 }
    }
}

/// A rectangle on the canvas, in pixels; all numbers even.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Rect {
    /// From the left edge.
    pub x: u32,
    /// From the top edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// How camera and screen share the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[ts(export)]
pub enum Layout {
    /// One picture fills the canvas: the screen where it is the only one, else the camera.
    Solo,
    /// Screen and camera beside each other.
    SideBySide,
    /// The camera inset over the screen, lower right.
    Corner,
}

impl Layout {
    /// Reads the command line's word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "solo" => Some(Self::Solo),
            "side-by-side" => Some(Self::SideBySide),
            "corner" => Some(Self::Corner),
            _ => None,
        }
    }

    /// The rectangle of the screen (first) and of the camera (second) when both are shown.
    #[must_use]
    pub fn rects(self, canvas: &Canvas) -> (Option<Rect>, Option<Rect>) {
        let full = canvas.rect();
        match self {
            Self::Solo => (None, Some(full)),
            Self::SideBySide => {
                let gap = even(canvas.width / 80);
                let width = even((canvas.width - 3 * gap) / 2);
                let height = even(width * canvas.height / canvas.width);
                let y = even((canvas.height - height) / 2);
                let left = Rect { x: gap, y, width, height };
                (Some(left), Some(Rect { x: gap * 2 + width, ..left }))
            }
            Self::Corner => {
                let width = even(canvas.width / 4);
                let height = even(width * canvas.height / canvas.width);
                let margin = even(canvas.width / 40);
                let inset = Rect {
                    x: even(canvas.width - width - margin),
                    y: even(canvas.height - height - margin),
                    width,
                    height,
                };
                (Some(full), Some(inset))
            }
        }
    }
}

/// The even number at or below `n`: I420's chroma planes have half the size.
const fn even(n: u32) -> u32 {
    n & !1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_fits_every_canvas_on_even_pixels() {
        for (width, height) in
            [(320, 180), (640, 360), (1280, 720), (1920, 1080), (3840, 2160), (1080, 1920), (322, 182)]
        {
            let canvas = Canvas::new(width, height, 30).unwrap();
            for layout in [Layout::Solo, Layout::SideBySide, Layout::Corner] {
                let (screen, camera) = layout.rects(&canvas);
                for rect in [screen, camera].into_iter().flatten() {
                    assert!(
                        rect.x + rect.width <= width && rect.y + rect.height <= height,
                        "{layout:?} {canvas:?} {rect:?}"
                    );
                    assert!(rect.width > 0 && rect.height > 0);
                    assert!([rect.x, rect.y, rect.width, rect.height].iter().all(|n| n.is_multiple_of(2)), "{rect:?}");
                }
            }
        }
    }

    #[test]
    fn a_canvas_is_refused_with_what_would_be_right() {
        for bad in ["", "1280", "1280x", "x720", "1281x720", "-2x4", "+1280x+720", "1280x720x3", "99999999999x2", "0x0"]
        {
            let error = Canvas::parse_size(bad, 30).unwrap_err();
            assert!(error.to_string().contains("1280x720"), "{bad}");
        }
        assert!(Canvas::parse_size("1280x720", 0).is_err());
        assert_eq!(Canvas::parse_size("640x360", 30), Canvas::new(640, 360, 30));
    }
}
