//! What the engine is told at its edge, and what it tells.

use std::path::PathBuf;
use std::sync::Arc;

use domain::{
    Canvas, DestinationId, DestinationState, Levels, PlanId, ProgramMs, Refusal, SourceId, SourceState, Stats, UnixMs,
};
use media::{AccessUnit, CodecConfig, ProgramTime};

/// Takes the engine's events. Called from any thread; must never block.
pub type EventSink = Arc<dyn Fn(EngineEvent) + Send + Sync>;

/// Takes the encoded program, unit by unit, from program zero on. Must never block.
pub type Feed = Arc<dyn Fn(AccessUnit) + Send + Sync>;

/// What stays the same for the life of an engine.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Size and rate of the program.
    pub canvas: Canvas,
    /// Bit rate of the picture, in kb/s.
    pub video_kbps: u32,
    /// Bit rate of each encoding of the sound, in kb/s.
    pub audio_kbps: u32,
    /// Where the graphs of failed pipelines are saved, without any property.
    pub graphs_dir: PathBuf,
}

/// One broadcast.
#[derive(Clone)]
pub struct Broadcast {
    /// The file that records it; none if it is not to be recorded. It must not exist yet.
    pub recording: Option<PathBuf>,
    /// Where the encoded program goes besides.
    pub feed: Feed,
}

/// The picture for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonitorConfig {
    /// Pixels, even.
    pub width: u32,
    /// Pixels, even.
    pub height: u32,
    /// Pictures a second.
    pub fps: u32,
}

/// A recording that can be played to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedRecording {
    /// Its file.
    pub path: PathBuf,
    /// How long it plays.
    pub duration_ms: ProgramMs,
    /// The size of its file.
    pub bytes: u64,
}

/// What happened in the engine.
#[derive(Debug, Clone)]
pub enum EngineEvent {
    /// The target with this id is on the program.
    Shown(PlanId),
    /// A source changed its state.
    Source {
        /// Its name, from the plan.
        id: SourceId,
        /// The state it has now.
        state: SourceState,
        /// What happened and what to do, where something is wrong.
        problem: Option<String>,
    },
    /// What a source's frames looked like in the last second.
    Content {
        /// Its name, from the plan.
        id: SourceId,
        /// Nothing but black.
        black: bool,
        /// Nothing moved.
        still: bool,
    },
    /// Levels, about 20 times a second.
    Levels(Levels),
    /// The program, small, as JPEG.
    Monitor(bytes::Bytes),
    /// The first keyframe is made: the program is on its way.
    Began {
        /// The wall clock at program zero.
        zero_at: UnixMs,
        /// What receivers must know.
        config: CodecConfig,
    },
    /// The broadcast could not begin.
    BeginFailed {
        /// Why.
        refusal: Refusal,
    },
    /// The recording ended before its time; everything else goes on.
    RecordingFailed {
        /// Why.
        refusal: Refusal,
    },
    /// A heart is on the program.
    HeartShown {
        /// Its colour, in degrees.
        hue: u16,
        /// The first program frame that shows it.
        at: ProgramTime,
    },
    /// How a destination does.
    Destination {
        /// Which.
        id: DestinationId,
        /// Where it stands.
        state: DestinationState,
        /// The stable name of the last reason; empty if none.
        code: &'static str,
        /// What happened and what to do; empty if nothing is wrong.
        problem: String,
        /// What the far end took in the last second, in kb/s.
        kbps: u32,
    },
    /// What was observed in the last second.
    Stats(Stats),
    /// The broadcast is over.
    Ended {
        /// Its recording, if there was one and it did not fail.
        recording: Option<FinishedRecording>,
    },
    /// Something failed and was put right, or could not be.
    Fault {
        /// What.
        refusal: Refusal,
    },
}
