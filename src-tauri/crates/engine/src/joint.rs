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
