//! What passes between the pipelines inside the engine: buffers, never locks or waits.

use domain::{Canvas, Role};
use std::path::PathBuf;

use crate::event::EngineEvent;

/// What every source pipeline shares with the program pipeline.
#[derive(Debug, Clone)]
pub(crate) struct SourceContext {
    /// Size and rate that the pictures must have.
    pub(crate) canvas: Canvas,
    /// The one clock.
    pub(crate) clock: gst::Clock,
    /// The one base time: `clock.time() - base_time` is the running time of every pipeline.
    pub(crate) base_time: gst::ClockTime,
    /// Where graphs of failed pipelines are saved.
    pub(crate) graphs_dir: PathBuf,
}

/// Takes what a source makes. No call may block.
pub(crate) trait SourceSink: Send + Sync {
    /// A raw buffer: I420 bt709 of the canvas' size and rate, or F32LE interleaved stereo at
    /// 48 kHz in pieces of 10 ms; its pts is running time on the one clock and base time.
    fn buffer(&self, role: Role, buffer: gst::Buffer);
    /// Something to tell: `Source` and `Picture`.
    fn event(&self, event: EngineEvent);
    /// The microphone's peak before gain and mute, in dBFS.
    fn microphone_peak(&self, db: f32);
}
