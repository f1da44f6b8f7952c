//! How large things are on a canvas.

use domain::Canvas;

/// The measures of the graphics on one canvas. Templates are drawn in units of a picture that is
/// 720 high; on a small picture they grow against it, so that they can still be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub(crate) width: i32,
    pub(crate) height: i32,
    /// Pixels a unit.
    pub(crate) unit: f32,
    /// Rows at the top that belong to the clock strip of the test camera; even.
    pub(crate) reserved: i32,
}

impl Scale {
    pub(crate) fn of(canvas: &Canvas) -> Self {
        let (width, height) = (canvas.width, canvas.height);
        // Upright pictures are measured by their width, of which a card takes most.
        #[allow(clippy::cast_precision_loss, reason = "a canvas has at most 3840 pixels")]
        let (reference, width_px) = ((height as f32).min(width as f32 * 0.75), width as f32);
        let unit = (reference / 720.0).max((reference / 400.0).min(0.6)).min(width_px / 560.0);
        let side = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        // A row more than the twenty-fourth, rounded up to even rows.
        let reserved = side((height.div_ceil(24) + 1) & !1);
        Self { width: side(width), height: side(height), unit, reserved }
    }

    /// `units` in pixels.
    #[allow(clippy::cast_possible_truncation, reason = "rounded; a canvas has at most 3840 pixels")]
    pub(crate) fn pixels(&self, units: f32) -> i32 {
        (units * self.unit).round() as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_readable_on_small_pictures_and_cards_fit_every_picture() {
        for (width, height) in
            [(320, 180), (640, 360), (1280, 720), (1920, 1080), (3840, 2160), (720, 1280), (320, 2160)]
        {
            let scale = Scale::of(&Canvas::new(width, height, 30).unwrap());
            assert!(scale.pixels(460.0 + 48.0) <= scale.width, "{width}x{height}: {scale:?}");
            assert!(scale.reserved * 24 >= scale.height && scale.reserved % 2 == 0);
        }
        assert!(Scale::of(&Canvas::new(640, 360, 30).unwrap()).pixels(24.0) >= 14);
        assert_eq!(Scale::of(&Canvas::new(1280, 720, 30).unwrap()).pixels(24.0), 24);
    }
}
