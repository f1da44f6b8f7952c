//! Cards, hearts and slates.

use std::time::Duration;

use domain::{Canvas, Graphics};

/// Tells the painter what to draw.
pub(crate) struct PainterHandle;

impl PainterHandle {
    /// The target.
    pub(crate) fn set(&self, _graphics: &Graphics) {}

    /// `count` hearts rise.
    pub(crate) fn hearts(&self, _hue: u16, _count: u32) {}
}

/// Draws over program frames.
pub(crate) struct Painter;

impl Painter {
    /// A painter for frames of `canvas`' size, and its handle.
    pub(crate) fn start(_canvas: Canvas) -> (Painter, PainterHandle) {
        (Painter, PainterHandle)
    }

    /// Draws what is due at `now` (running time); answers the hues of hearts that are seen first.
    pub(crate) fn paint(
        &mut self,
        _frame: &mut gst_video::VideoFrameRef<&mut gst::BufferRef>,
        _now: Duration,
    ) -> Vec<u16> {
        Vec::new()
    }
}

/// A picture that says what is missing and what to do: tightly packed I420 of the canvas' size.
pub(crate) fn slate(canvas: &Canvas, _headline: &str, _advice: &str) -> Vec<u8> {
    let pixels = (canvas.width * canvas.height) as usize;
    let mut slate = vec![40; pixels];
    slate.resize(pixels * 3 / 2, 128);
    slate
}
