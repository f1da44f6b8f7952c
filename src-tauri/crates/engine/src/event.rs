//! What the engine is given at its edge, and the events that it emits.

use std::path::PathBuf;
use std::sync::Arc;

use domain::{Canvas, DestinationReport, Levels, PlanId, Refusal, SourceId, SourceState, Stats, UnixMs};
use media::{Program, ProgramTime};

/// Takes the engine's events. Called from any thread; must never block.
pub type EventSink = Arc<dyn Fn(EngineEvent) + Send + Sync>;

/// What stays the same for the life of an engine.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Size and rate of the program.
    pub canvas: Canvas,
    /// Bit rate of the video, in kb/s.
    pub video_kbps: u32,
    /// Bit rate of each encoding of the sound, in kb/s.
    pub audio_kbps: u32,
    /// Where the graphs of failed pipelines are saved, without any property.
    pub graphs_dir: PathBuf,
}

/// One broadcast.
#[derive(Clone)]
pub struct Broadcast {
    /// What it is published into, from program zero on; it has no zero yet. It ends when everything
    /// that was encoded is in it.
    pub program: Program,
}

/// The frames for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonitorConfig {
    /// Pixels, even.
    pub width: u32,
    /// Pixels, even.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
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
    },
    /// The broadcast could not begin.
    BeginFailed {
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
    Destination(DestinationReport),
    /// What was observed in the last second. How large a recording is, is not the engine's to know.
    Stats(Stats),
    /// The broadcast is over: everything that was encoded is published, the program has ended, and
    /// destinations have said goodbye.
    Ended,
    /// Something failed and was put right, or could not be.
    Fault {
        /// What.
        refusal: Refusal,
    },
}
