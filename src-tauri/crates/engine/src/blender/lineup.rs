//! A composition with the slots that its layers show, and how it is drawn.

use std::sync::Arc;

use domain::{Canvas, Layer, PlanId};
use gst::ClockTime;

use super::fit::{Fitted, Fitter, Place};
use super::slot::{Held, VideoSlot};
use crate::format::video_info;
use crate::yuv::{BLACK, FrameMut, FrameRef, OPAQUE};

/// Layers from the bottom up, each with its slot.
pub(crate) struct Lineup {
    pub(crate) plan: PlanId,
    layers: Vec<Placed>,
}

struct Placed {
    layer: Layer,
    place: Place,
    slot: Arc<VideoSlot>,
    /// For frames that came before this layer was known, and for slates.
    fitter: Fitter,
    fitted: Option<(Arc<Held>, Fitted)>,
}

impl Lineup {
    /// `layers` of `plan`, from the bottom up.
    pub(crate) fn new(plan: PlanId, canvas: &Canvas, layers: Vec<(Layer, Arc<VideoSlot>)>) -> Self {
        let placed = |(layer, slot): (Layer, Arc<VideoSlot>)| {
            let (place, fitter) = (Place::of(&layer), Fitter::new(canvas));
            Placed { layer, place, slot, fitter, fitted: None }
        };
        Self { plan, layers: layers.into_iter().map(placed).collect() }
    }

    /// The same layers, for a new blender.
    pub(crate) fn again(&self, canvas: &Canvas) -> Self {
        let layers = self.layers.iter().map(|placed| (placed.layer.clone(), placed.slot.clone())).collect();
        Self::new(self.plan, canvas, layers)
    }

    /// The slots fit their frames to these layers too from now on.
    pub(super) fn expect(&self) {
        self.layers.iter().for_each(|placed| placed.slot.expect(&[placed.place]));
    }

    /// These layers are shown in place of `before`.
    pub(super) fn settle(&self, before: &Self) {
        for placed in before.layers.iter().chain(&self.layers) {
            let same = self.layers.iter().filter(|other| Arc::ptr_eq(&other.slot, &placed.slot));
            let places: Vec<Place> = same.map(|other| other.place).collect();
            placed.slot.settle(&places);
        }
    }

    /// Whether every slot has what it can have for the program frame of `time`.
    pub(super) fn is_ready(&self, time: ClockTime) -> bool {
        self.layers.iter().all(|placed| placed.slot.is_ready(time))
    }

    /// Draws the frame of `time`. `blank` gives a writable frame of the canvas' size; where one
    /// opaque layer is all that is seen, it is not needed and the source's own frame is shared.
    pub(super) fn draw(
        &mut self,
        time: ClockTime,
        canvas: &Canvas,
        blank: impl FnOnce() -> Option<gst::Buffer>,
    ) -> Option<gst::Buffer> {
        let mut drawn: Vec<(&Layer, Fitted)> = Vec::with_capacity(self.layers.len());
        for placed in &mut self.layers {
            let held = placed.slot.at(time);
            let Some(fitted) = placed.fitted(held) else { continue };
            if placed.layer.rect == canvas.rect() && placed.layer.opacity == u8::MAX && !fitted.is_transparent() {
                // What is below cannot be seen.
                drawn.clear();
            }
            drawn.push((&placed.layer, fitted));
        }
        let covered = drawn.first().is_some_and(|(layer, fitted)| {
            layer.rect == canvas.rect() && layer.opacity == u8::MAX && !fitted.is_transparent()
        });
        if covered && let [(_, Fitted::Opaque(frame, _))] = drawn.as_slice() {
            return Some(frame.copy());
        }
        let mut buffer = blank()?;
        let info = video_info(canvas);
        let mut mapped = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer.make_mut(), &info).ok()?;
        let mut target = FrameMut::of(&mut mapped, 0);
        if !covered {
            target.fill(BLACK);
        }
        for (layer, fitted) in &drawn {
            draw_layer(&mut target, layer, fitted);
        }
        drop(mapped);
        Some(buffer)
    }
}

impl Placed {
    /// What is to be drawn of `held`: as the source's thread fitted it, or fitted now.
    fn fitted(&mut self, held: Arc<Held>) -> Option<Fitted> {
        if let Some(fitted) = held.fitted(&self.place) {
            self.fitted = None;
            return Some(fitted.clone());
        }
        if let Some((known, fitted)) = &self.fitted
            && Arc::ptr_eq(known, &held)
        {
            return Some(fitted.clone());
        }
        let fitted = self.fitter.fit(&held.pixels, &self.place)?;
        self.fitted = Some((held, fitted.clone()));
        Some(fitted)
    }
}

impl Fitted {
    fn is_transparent(&self) -> bool {
        matches!(self, Self::Alpha(_))
    }
}

fn draw_layer(target: &mut FrameMut<'_>, layer: &Layer, fitted: &Fitted) {
    let pixel = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let (x, y) = (pixel(layer.rect.x), pixel(layer.rect.y));
    // 255 is all of it.
    let opacity = u16::from(layer.opacity) * OPAQUE / 255;
    match fitted {
        Fitted::Opaque(frame, info) => {
            if let Ok(mapped) = gst_video::VideoFrameRef::from_buffer_ref_readable(frame, info)
                && let Some(frame) = FrameRef::of(&mapped)
            {
                target.copy(&frame, x, y, opacity);
            }
        }
        Fitted::Alpha(frame) => target.blend(frame, x, y, opacity),
    }
}
