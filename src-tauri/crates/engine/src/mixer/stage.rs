//! Where pictures stand on the canvas, and what is drawn over them.

use std::sync::{Arc, Mutex};

use domain::{Canvas, Layer, PlanId, Role};
use gst::ClockTime;
use gst::prelude::{ElementExt, ObjectExt, PadExtManual};

use super::slot::Slots;
use super::{Paint, WHAT, lock};
use crate::error::EngineError;
use crate::format::raw_video;

/// A layout that waits for its frame.
pub(super) struct Target {
    pub(super) plan: PlanId,
    pub(super) layers: Vec<Layer>,
    /// Running time of the first frame that may have it: the sources' pictures are large enough for
    /// it from there on.
    pub(super) from: ClockTime,
}

/// The compositor's pads, by role.
pub(super) struct Stage {
    pub(super) camera: gst::Pad,
    pub(super) screen: gst::Pad,
}

impl Stage {
    /// Moves the pads; whoever is not in `layers` is not drawn (and costs nothing).
    pub(super) fn show(&self, layers: &[Layer]) {
        for (role, pad) in [(Role::Camera, &self.camera), (Role::Screen, &self.screen)] {
            let Some(index) = layers.iter().position(|layer| layer.role == role) else {
                pad.set_property("alpha", 0f64);
                continue;
            };
            let rect = layers[index].rect;
            let pixels = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
            pad.set_property("xpos", pixels(rect.x));
            pad.set_property("ypos", pixels(rect.y));
            pad.set_property("width", pixels(rect.width));
            pad.set_property("height", pixels(rect.height));
            pad.set_property("zorder", u32::try_from(index + 1).unwrap_or(u32::MAX));
            pad.set_property("alpha", 1f64);
        }
    }
}

/// Puts graphics on every frame, and changes the layout between two frames.
///
/// Both happen on the compositor's own thread, after it made one frame and before it begins the
/// next: a layout is never seen half, and no frame is missed for it.
pub(super) fn dress(
    compositor: &gst::Element,
    canvas: &Canvas,
    stage: Stage,
    slots: Arc<Slots>,
    target: Arc<Mutex<Option<Target>>>,
    mut paint: Paint,
    shown: Box<dyn Fn(PlanId) + Send>,
) -> Result<(), EngineError> {
    let caps: gst::Caps = raw_video(canvas).parse().map_err(|error| EngineError::build(WHAT, error))?;
    let info = gst_video::VideoInfo::from_caps(&caps).map_err(|error| EngineError::build(WHAT, error))?;
    let pad = compositor.static_pad("src").ok_or_else(|| EngineError::build(WHAT, "the compositor has no output"))?;
    let mut arriving = None;
    // A pad probe must be `Fn` and `Sync`; only the streaming thread ever takes this lock.
    let work = Mutex::new(move |buffer: &mut gst::Buffer| {
        if let Some(plan) = arriving.take() {
            shown(plan);
        }
        let Some(pts) = buffer.pts() else { return };
        // What changes now is seen on the next frame.
        let next = pts + buffer.duration().unwrap_or_default();
        let mut waiting = lock(&target);
        if let Some(target) = waiting.take_if(|target| target.from <= next) {
            stage.show(&target.layers);
            slots.settle(&target.layers);
            arriving = Some(target.plan);
        }
        drop(waiting);
        if let Ok(mut frame) = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer.make_mut(), &info) {
            paint(&mut frame, pts);
        }
    });
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(buffer) = info.buffer_mut() {
            lock(&work)(buffer);
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}
