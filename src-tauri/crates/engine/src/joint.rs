//! What passes between the pipelines inside the engine: buffers, never locks or waits.

use std::path::PathBuf;

use domain::Canvas;

use crate::blender::Pixels;
use crate::event::EngineEvent;

/// What every source shares with the program.
#[derive(Debug, Clone)]
pub(crate) struct SourceContext {
    /// Size and rate that frames must have.
    pub(crate) canvas: Canvas,
    /// The one clock.
    pub(crate) clock: gst::Clock,
    /// The one base time: `clock.time() - base_time` is the running time of every pipeline.
    pub(crate) base_time: gst::ClockTime,
    /// Where graphs of failed pipelines are saved.
    pub(crate) graphs_dir: PathBuf,
}

/// Receives what one source makes. No call may block.
pub(crate) trait SourceSink: Send + Sync {
    /// A frame of the canvas' size; `pts` is running time on the one clock and base time.
    fn frame(&self, pixels: Pixels, pts: gst::ClockTime);
    /// Audio: F32LE interleaved stereo at 48 kHz, 10 ms; its pts is running time.
    fn audio(&self, buffer: gst::Buffer);
    /// `Source`, `Content` or `Fault`.
    fn event(&self, event: EngineEvent);
    /// The peak of the audio before gain and mute, in dBFS.
    fn peak(&self, db: f32);
}
