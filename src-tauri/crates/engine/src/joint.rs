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

/// An encoding, in the form that its takers want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum EncodedTrack {
    /// H.264 as Annex B, parameter sets before every IDR picture.
    VideoByteStream,
    /// H.264 with length prefixes; parameter sets in the caps' `codec_data`.
    VideoAvc,
    /// Opus, 20 ms packets.
    Opus,
    /// AAC-LC, raw frames of 1,024 samples; `codec_data` in the caps.
    Aac,
}

/// One encoded picture or packet.
#[derive(Debug, Clone)]
pub(crate) struct EncodedUnit {
    /// Which encoding.
    pub(crate) track: EncodedTrack,
    /// The payload; pts (and dts, where there is one) in program time. Shared by all takers:
    /// whoever wants another timestamp makes its own shallow copy.
    pub(crate) buffer: gst::Buffer,
    /// Whether decoding may start here.
    pub(crate) keyframe: bool,
    /// The caps of the buffer.
    pub(crate) caps: gst::Caps,
}

/// Takes encoded units. Each has its own bounded queue and its own policy when that is full.
pub(crate) trait Tap: Send + Sync {
    /// Takes one unit. Called on an encoder's thread: must not block.
    fn take(&self, unit: &EncodedUnit);
}
