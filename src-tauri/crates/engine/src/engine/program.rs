//! Keeps a mixer running: one that fails or stands still is replaced by another.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use domain::{Canvas, Layer, PlanId, Rect, Role};
use media::ProgramTime;

use super::request::Request;
use super::shared::Shared;
use crate::error::EngineError;
use crate::event::{EngineConfig, EngineEvent, EventSink};
use crate::graphics::Painter;
use crate::mixer::{LevelMeter, Mixer, MixerConfig, ProgramOutput, Slots};

/// A mixer that gives no picture for so long is replaced.
const STANDSTILL: Duration = Duration::from_secs(4);

/// The mixer, and all that is needed to make another.
pub(super) struct Program {
    mixer: Option<Mixer>,
    pub(super) output: Arc<ProgramOutput>,
    pub(super) slots: Arc<Slots>,
    pub(super) meter: Arc<LevelMeter>,
    painter: Arc<Mutex<Painter>>,
    layers: Vec<Layer>,
    config: EngineConfig,
    shared: Arc<Shared>,
    sink: EventSink,
    requests: mpsc::SyncSender<Request>,
    /// How many pictures had left the mixer when they were last seen to advance, and when.
    advanced: (u64, Instant),
    made: Instant,
}

impl Program {
    /// Starts the program with the slots as they are.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the mixer cannot be built or started.
    pub(super) fn start(
        config: &EngineConfig,
        sink: EventSink,
        shared: Arc<Shared>,
        requests: mpsc::SyncSender<Request>,
        painter: Painter,
        slots: Arc<Slots>,
    ) -> Result<Self, EngineError> {
        let mut program = Self {
            mixer: None,
            output: Arc::new(ProgramOutput::default()),
            slots,
            meter: Arc::new(LevelMeter::new(sink.clone())),
            painter: Arc::new(Mutex::new(painter)),
            layers: vec![Layer { role: Role::Camera, rect: full(&config.canvas) }],
            config: config.clone(),
            shared,
            sink,
            requests,
            advanced: (0, Instant::now()),
            made: Instant::now(),
        };
        program.mixer = Some(program.make()?);
        Ok(program)
    }

    /// Makes `layers` the layout.
    pub(super) fn show(&mut self, plan: PlanId, layers: Vec<Layer>) {
        self.layers.clone_from(&layers);
        if let Some(mixer) = &self.mixer {
            mixer.show(plan, layers);
        }
    }

    /// Replaces the mixer, which failed.
    ///
    /// # Errors
    ///
    /// Where the new one does not start either: then there is no program until the next attempt.
    pub(super) fn rebuild(&mut self) -> Result<(), EngineError> {
        if let Some(failed) = self.mixer.take() {
            failed.save_graph();
            drop(failed);
        }
        self.advanced.1 = Instant::now();
        self.made = Instant::now();
        self.mixer = Some(self.make()?);
        Ok(())
    }

    /// How long ago the mixer was made.
    pub(super) fn age(&self) -> Duration {
        self.made.elapsed()
    }

    /// Whether the mixer is missing, or gave no picture for some seconds.
    pub(super) fn stands_still(&mut self) -> bool {
        let pictures = self.output.observed().pictures;
        if pictures != self.advanced.0 {
            self.advanced = (pictures, Instant::now());
        }
        self.advanced.1.elapsed() > STANDSTILL
    }

    fn make(&self) -> Result<Mixer, EngineError> {
        let (painter, shared, sink) = (self.painter.clone(), self.shared.clone(), self.sink.clone());
        let paint = move |frame: &mut gst_video::VideoFrameRef<&mut gst::BufferRef>, running: gst::ClockTime| {
            let mut painter = painter.lock().unwrap_or_else(PoisonError::into_inner);
            for hue in painter.paint(frame, running.into()) {
                if let Some(at) = shared.program(running) {
                    sink(EngineEvent::HeartShown { hue, at: ProgramTime::from_nanos(at.nseconds()) });
                }
            }
        };
        let (sink, requests) = (self.sink.clone(), self.requests.clone());
        Mixer::start(MixerConfig {
            canvas: self.config.canvas,
            clock: self.shared.clock.clone(),
            base_time: self.shared.base_time,
            graphs_dir: self.config.graphs_dir.clone(),
            slots: self.slots.clone(),
            layers: self.layers.clone(),
            paint: Box::new(paint),
            shown: Box::new(move |plan| sink(EngineEvent::Shown(plan))),
            output: self.output.clone(),
            meter: self.meter.clone(),
            failed: Box::new(move |problem| {
                let _ = requests.try_send(Request::ProgramFailed(problem));
            }),
        })
    }
}

fn full(canvas: &Canvas) -> Rect {
    Rect { x: 0, y: 0, width: canvas.width, height: canvas.height }
}
