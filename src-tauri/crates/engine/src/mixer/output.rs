//! Hands the program's raw pictures and sound to whoever takes them now.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use gst::ClockTime;
use gst::prelude::ClockExt;

use super::lock;
use super::observer::{Observed, Observer};

/// Takes the raw program. No call may block; buffers are shared and must not be written to.
pub(crate) trait ProgramTap: Send + Sync {
    /// A picture, pts in running time.
    fn picture(&self, buffer: &gst::Buffer);
    /// A piece of sound, pts in running time.
    fn sound(&self, buffer: &gst::Buffer);
}

/// The joint between the program pipeline and its takers.
#[derive(Default)]
pub(crate) struct ProgramOutput {
    takers: Mutex<Takers>,
    /// Where the newest picture and the newest piece of sound end, in ns of running time.
    picture_end: AtomicU64,
    sound_end: AtomicU64,
    observer: Observer,
}

#[derive(Clone, Default)]
struct Takers {
    monitor: Option<Arc<dyn ProgramTap>>,
    encoder: Option<Arc<dyn ProgramTap>>,
}

impl ProgramOutput {
    /// Sets who makes the operator's picture.
    pub(crate) fn set_monitor(&self, taker: Option<Arc<dyn ProgramTap>>) {
        // The old taker is dropped after the lock is free: its end may take a while.
        let _old = std::mem::replace(&mut lock(&self.takers).monitor, taker);
    }

    /// Sets who encodes the program.
    pub(crate) fn set_encoder(&self, taker: Option<Arc<dyn ProgramTap>>) {
        let _old = std::mem::replace(&mut lock(&self.takers).encoder, taker);
    }

    /// What left the mixer so far.
    pub(crate) fn observed(&self) -> Observed {
        self.observer.observed()
    }

    /// Takes what arrives at the mixer's sinks.
    pub(super) fn connect(
        self: &Arc<Self>,
        picture: &gst_app::AppSink,
        sound: &gst_app::AppSink,
        clock: &gst::Clock,
        base_time: ClockTime,
    ) {
        let (output, clock) = (self.clone(), clock.clone());
        on_buffer(picture, move |buffer| {
            let (Some(pts), Some(duration)) = (buffer.pts(), buffer.duration()) else { return };
            if !is_news(&output.picture_end, pts, duration) {
                return;
            }
            output.observer.picture(pts, duration, clock.time().saturating_sub(base_time));
            output.to_takers(|taker| taker.picture(buffer));
        });
        let output = self.clone();
        on_buffer(sound, move |buffer| {
            let (Some(pts), Some(duration)) = (buffer.pts(), buffer.duration()) else { return };
            if !is_news(&output.sound_end, pts, duration) {
                return;
            }
            output.to_takers(|taker| taker.sound(buffer));
        });
    }

    /// Calls `give` for everybody who takes the program now. No lock is held meanwhile.
    fn to_takers(&self, give: impl Fn(&Arc<dyn ProgramTap>)) {
        let Takers { monitor, encoder } = lock(&self.takers).clone();
        encoder.iter().chain(&monitor).for_each(give);
    }
}

/// Whether a buffer follows the one before. A mixer that was replaced may have made some of the
/// first ones already, and encoders take no step back.
fn is_news(end: &AtomicU64, pts: ClockTime, duration: ClockTime) -> bool {
    let news = (pts + duration / 2).nseconds() >= end.load(Ordering::Relaxed);
    if news {
        end.store((pts + duration).nseconds(), Ordering::Relaxed);
    }
    news
}

fn on_buffer(sink: &gst_app::AppSink, take: impl Fn(&gst::Buffer) + Send + Sync + 'static) {
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        if let Some(buffer) = sample.buffer_owned() {
            drop(sample);
            take(&buffer);
        }
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
}
