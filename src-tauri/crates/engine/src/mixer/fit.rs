//! Brings a source's pictures to the size in which the layout shows them, before they are mixed.
//!
//! The mixer could scale them too, and does for the few frames around a change; but it takes several
//! times as long, for every frame, in the thread that makes the program.

use domain::{Canvas, Rect};

use crate::format::{sized_video, video_info};
use crate::resize::PictureScaler;

/// Width and height in pixels.
type Size = (u32, u32);

/// The sizes that a slot's pictures need now and soon.
pub(super) struct Fit {
    canvas: Canvas,
    /// In the layout that is shown, and in the one that comes.
    shown: Size,
    coming: Option<Size>,
    /// What the mixer was told last.
    told: Option<Size>,
    scaler: Option<PictureScaler>,
}

impl Fit {
    /// Pictures of `canvas`' size stay as they are.
    pub(super) fn new(canvas: &Canvas) -> Self {
        Self { canvas: *canvas, shown: (canvas.width, canvas.height), coming: None, told: None, scaler: None }
    }

    /// A layout with the picture at `rect` comes.
    pub(super) fn expect(&mut self, rect: Option<Rect>) {
        self.coming = Some(self.size(rect));
    }

    /// The layout with the picture at `rect` is shown.
    pub(super) fn settle(&mut self, rect: Option<Rect>) {
        self.shown = self.size(rect);
        self.coming = None;
    }

    /// There is a new mixer, which knows nothing.
    pub(super) fn forget_caps(&mut self) {
        self.told = None;
    }

    /// `picture` (of the canvas' size) as the layout needs it, and its caps where the mixer does not
    /// know them.
    pub(super) fn fit(&mut self, picture: gst::Buffer) -> (gst::Buffer, Option<gst::Caps>) {
        let wanted = self.wanted();
        let scaled = self.scaler(wanted).and_then(|scaler| scaler.scale(&picture));
        let canvas = (self.canvas.width, self.canvas.height);
        let (picture, size) = scaled.map_or((picture, canvas), |scaled| (scaled, wanted));
        let caps = (self.told != Some(size)).then(|| sized_video(size.0, size.1, self.canvas.fps).parse().ok());
        self.told = Some(size);
        (picture, caps.flatten())
    }

    /// Large enough for both layouts.
    fn wanted(&self) -> Size {
        let area = |size: Size| u64::from(size.0) * u64::from(size.1);
        self.coming.filter(|coming| area(*coming) > area(self.shown)).unwrap_or(self.shown)
    }

    /// What is not shown costs nothing as it is; what were to grow is left to the mixer.
    fn size(&self, rect: Option<Rect>) -> Size {
        let canvas = (self.canvas.width, self.canvas.height);
        rect.map(|rect| (rect.width, rect.height))
            .filter(|size| size.0 <= canvas.0 && size.1 <= canvas.1)
            .unwrap_or(canvas)
    }

    fn scaler(&mut self, size: Size) -> Option<&mut PictureScaler> {
        if size == (self.canvas.width, self.canvas.height) {
            self.scaler = None;
        } else if self.scaler.as_ref().is_none_or(|scaler| (scaler.info().width(), scaler.info().height()) != size) {
            self.scaler = PictureScaler::new(video_info(&self.canvas), size.0, size.1);
        }
        self.scaler.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANVAS: Canvas = Canvas { width: 320, height: 180, fps: 30 };
    const WHOLE: Rect = Rect { x: 0, y: 0, width: 320, height: 180 };
    const INSET: Rect = Rect { x: 200, y: 100, width: 80, height: 46 };

    fn size(fit: &mut Fit) -> usize {
        let picture = gst::Buffer::with_size(320 * 180 * 3 / 2).unwrap();
        fit.fit(picture).0.size()
    }

    #[test]
    fn a_picture_is_large_enough_for_the_layout_that_is_shown_and_the_one_that_comes() {
        gst::init().unwrap();
        let (whole, inset) = (320 * 180 * 3 / 2, 80 * 46 + 2 * 40 * 23);
        let mut fit = Fit::new(&CANVAS);
        assert_eq!(size(&mut fit), whole);
        fit.expect(Some(INSET));
        assert_eq!(size(&mut fit), whole, "not smaller before it is shown smaller");
        fit.settle(Some(INSET));
        assert_eq!(size(&mut fit), inset);
        fit.expect(Some(WHOLE));
        assert_eq!(size(&mut fit), whole, "larger before it is shown larger");
        fit.expect(Some(INSET));
        assert_eq!(size(&mut fit), inset);
        fit.settle(None);
        assert_eq!(size(&mut fit), whole, "what is not shown costs nothing as it is");
    }

    #[test]
    fn the_mixer_is_told_of_a_size_once() {
        gst::init().unwrap();
        let picture = || gst::Buffer::with_size(320 * 180 * 3 / 2).unwrap();
        let mut fit = Fit::new(&CANVAS);
        assert!(fit.fit(picture()).1.is_some());
        assert!(fit.fit(picture()).1.is_none());
        fit.settle(Some(INSET));
        let caps = fit.fit(picture()).1.unwrap();
        assert_eq!(caps.structure(0).unwrap().get::<i32>("width").unwrap(), 80);
        assert!(fit.fit(picture()).1.is_none());
        fit.forget_caps();
        assert!(fit.fit(picture()).1.is_some());
    }
}
