//! Keeps blender and mixer running: one that fails or stands still is replaced by another.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::SourceId;
use media::ProgramTime;

use super::mailbox::Mailbox;
use super::request::Request;
use super::shared::Shared;
use crate::blender::{Bell, Blender, BlenderConfig, Lineup, Paint};
use crate::error::EngineError;
use crate::event::{EngineConfig, EngineEvent, EventSink};
use crate::graphics::Painter;
use crate::mixer::{AudioSlot, LevelMeter, Mixer, MixerConfig};
use crate::output::ProgramOutput;
use crate::watchdog;

/// The raw program, and all that is needed to make it anew.
pub(super) struct Program {
    blender: Option<Blender>,
    mixer: Arc<Mutex<Option<Arc<Mixer>>>>,
    pub(super) output: Arc<ProgramOutput>,
    pub(super) meter: Arc<LevelMeter>,
    pub(super) bell: Arc<Bell>,
    painter: Arc<Mutex<Painter>>,
    lineup: Lineup,
    config: EngineConfig,
    shared: Arc<Shared>,
    sink: EventSink,
    requests: Mailbox,
    frames: Progress,
    audio: Progress,
}

/// A number that must grow.
struct Progress {
    seen: u64,
    since: Instant,
    /// When whoever makes it grow was made.
    made: Instant,
}

impl Progress {
    fn new() -> Self {
        Self { seen: 0, since: Instant::now(), made: Instant::now() }
    }

    fn restart(&mut self) {
        (self.since, self.made) = (Instant::now(), Instant::now());
    }

    fn stands_still(&mut self, now: u64) -> bool {
        if now != self.seen {
            (self.seen, self.since) = (now, Instant::now());
        }
        self.since.elapsed() > watchdog::PROGRAM
    }
}

/// What of the program does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failed {
    Blender,
    Mixer,
}

impl Program {
    /// Starts with `lineup` and silence.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where blender or mixer cannot be made.
    pub(super) fn start(
        config: &EngineConfig,
        sink: EventSink,
        shared: Arc<Shared>,
        requests: Mailbox,
        painter: Painter,
        bell: Arc<Bell>,
        lineup: Lineup,
    ) -> Result<Self, EngineError> {
        let mut program = Self {
            blender: None,
            mixer: Arc::new(Mutex::new(None)),
            output: Arc::new(ProgramOutput::default()),
            meter: Arc::new(LevelMeter::new(sink.clone())),
            bell,
            painter: Arc::new(Mutex::new(painter)),
            lineup,
            config: config.clone(),
            shared,
            sink,
            requests,
            frames: Progress::new(),
            audio: Progress::new(),
        };
        *lock(&program.mixer) = Some(Arc::new(program.make_mixer()?));
        program.blender = Some(program.make_blender()?);
        Ok(program)
    }

    /// Shows `lineup`.
    pub(super) fn show(&mut self, lineup: Lineup) {
        self.lineup = lineup.again(&self.config.canvas);
        if let Some(blender) = &self.blender {
            blender.show(lineup);
        }
    }

    /// Adds a source to the mix.
    pub(super) fn add_audio(&self, id: &SourceId, slot: Arc<AudioSlot>) {
        if let Some(mixer) = &*lock(&self.mixer)
            && let Err(error) = mixer.add(id, slot)
        {
            tracing::error!(source = %id, %error, "a source is not heard");
        }
    }

    /// What takes a source out of the mix, on another thread: it may have to wait for the mixer.
    pub(super) fn audio_remover(&self) -> impl FnOnce(&SourceId) + Send + use<> {
        let mixer = self.mixer.clone();
        move |id| {
            let mixer = lock(&mixer).clone();
            if let Some(mixer) = mixer {
                mixer.remove(id);
            }
        }
    }

    /// What gives no frames or no audio any more.
    pub(super) fn stands_still(&mut self) -> Option<Failed> {
        if self.frames.stands_still(self.output.count().drawn) || self.blender_has_died() {
            return Some(Failed::Blender);
        }
        self.audio.stands_still(self.output.audio_end()).then_some(Failed::Mixer)
    }

    /// Whether there is no blender, or its thread panicked.
    pub(super) fn blender_has_died(&self) -> bool {
        self.blender.as_ref().is_none_or(Blender::has_died)
    }

    /// Makes the blender's thread panic at its next frame.
    #[cfg(test)]
    pub(super) fn break_blender(&self) {
        lock(&self.painter).is_broken = true;
    }

    /// How long ago the mixer was made.
    pub(super) fn mixer_age(&self) -> Duration {
        self.audio.made.elapsed()
    }

    /// Replaces what failed.
    ///
    /// # Errors
    ///
    /// Where the new one does not start either: there is none until the next attempt.
    pub(super) fn rebuild(&mut self, failed: Failed) -> Result<(), EngineError> {
        match failed {
            Failed::Blender => {
                self.frames.restart();
                drop(self.blender.take());
                self.blender = Some(self.make_blender()?);
            }
            Failed::Mixer => {
                self.audio.restart();
                let failed = lock(&self.mixer).take();
                let slots = failed.as_ref().map(|failed| failed.slots()).unwrap_or_default();
                if let Some(failed) = failed {
                    failed.save_graph();
                    drop(failed);
                }
                let mixer = self.make_mixer()?;
                for (id, slot) in slots {
                    mixer.add(&id, slot)?;
                }
                *lock(&self.mixer) = Some(Arc::new(mixer));
            }
        }
        Ok(())
    }

    fn make_blender(&self) -> Result<Blender, EngineError> {
        let canvas = self.config.canvas;
        let sink = self.sink.clone();
        Blender::start(BlenderConfig {
            canvas,
            clock: self.shared.clock.clone(),
            base_time: self.shared.base_time,
            lineup: self.lineup.again(&canvas),
            bell: self.bell.clone(),
            paint: Box::new(Dresser {
                painter: self.painter.clone(),
                shared: self.shared.clone(),
                sink: self.sink.clone(),
            }),
            shown: Box::new(move |plan| sink(EngineEvent::Shown(plan))),
            output: self.output.clone(),
        })
    }

    fn make_mixer(&self) -> Result<Mixer, EngineError> {
        let requests = self.requests.clone();
        Mixer::start(MixerConfig {
            clock: self.shared.clock.clone(),
            base_time: self.shared.base_time,
            graphs_dir: self.config.graphs_dir.clone(),
            output: self.output.clone(),
            meter: self.meter.clone(),
            failed: Box::new(move |problem| requests.put(Request::MixerFailed(problem))),
        })
    }
}

/// Draws the graphics, and reports each heart that is seen for the first time.
struct Dresser {
    painter: Arc<Mutex<Painter>>,
    shared: Arc<Shared>,
    sink: EventSink,
}

impl Paint for Dresser {
    fn is_due(&mut self, now: Duration) -> bool {
        lock(&self.painter).is_due(now)
    }

    fn paint(&mut self, frame: &mut gst_video::VideoFrameRef<&mut gst::BufferRef>, now: Duration) {
        for hue in lock(&self.painter).paint(frame, now) {
            let running = gst::ClockTime::from_nseconds(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX - 1));
            if let Some(at) = self.shared.program(running) {
                (self.sink)(EngineEvent::HeartShown { hue, at: ProgramTime::from_nanos(at.nseconds()) });
            }
        }
    }
}

/// Locks; a panic elsewhere does not stop the program.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
