//! The blender: draws every frame of the program, whatever the sources do.
//!
//! One thread keeps to the canvas' rate on the one clock. For each program frame it takes from
//! every layer's slot the newest frame that is not later than the frame's time, draws the layers in
//! order, then the graphics. It waits for a frame that is due, but never longer than [`PATIENCE`];
//! what comes later is shown late. Nothing is linked or unlinked on air: a composition is only
//! another list of layers.

mod bell;
mod fit;
mod lineup;
mod slot;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::{Canvas, PlanId};
use gst::ClockTime;
use gst::prelude::{BufferPoolExt, BufferPoolExtManual, ClockExt};

pub(crate) use bell::Bell;
pub(crate) use fit::Pixels;
pub(crate) use lineup::Lineup;
pub(crate) use slot::VideoSlot;

use crate::error::EngineError;
use crate::format::video_info;
use crate::output::ProgramOutput;
use crate::source::cadence::Grid;
use crate::thread_names;
use bell::Heard;

/// How long a program frame waits, from its time on, for source frames that are due.
const PATIENCE: Duration = Duration::from_millis(80);
/// After a longer delay frames are left out; before, they are caught up with.
const CATCH_UP: Duration = Duration::from_secs(1);
const WHAT: &str = "blender";

/// What is drawn over the layers.
pub(crate) trait Paint: Send {
    /// Whether anything is to be drawn at `now` (running time, which never goes back). Where not,
    /// the frame is not touched, and may be a source's own.
    fn is_due(&mut self, now: Duration) -> bool;
    /// Draws over a frame of the canvas' size.
    fn paint(&mut self, frame: &mut gst_video::VideoFrameRef<&mut gst::BufferRef>, now: Duration);
}

/// What the blender needs from outside.
pub(crate) struct BlenderConfig {
    pub(crate) canvas: Canvas,
    pub(crate) clock: gst::Clock,
    pub(crate) base_time: ClockTime,
    /// What is shown at first.
    pub(crate) lineup: Lineup,
    /// The one that the slots ring.
    pub(crate) bell: Arc<Bell>,
    pub(crate) paint: Box<dyn Paint>,
    /// Called when a lineup is on a program frame.
    pub(crate) shown: Box<dyn Fn(PlanId) + Send>,
    pub(crate) output: Arc<ProgramOutput>,
}

/// The running blender. It ends when it is dropped.
pub(crate) struct Blender {
    next: Arc<Mutex<Option<Lineup>>>,
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

impl Blender {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the system gives no memory or no thread.
    pub(crate) fn start(config: BlenderConfig) -> Result<Self, EngineError> {
        let next = Arc::new(Mutex::new(None));
        let bell = config.bell.clone();
        bell.begin();
        config.lineup.expect();
        let work = Work::new(config, next.clone())?;
        let thread = std::thread::Builder::new()
            .name(thread_names::BLENDER.to_owned())
            .spawn(move || work.run())
            .map_err(|error| EngineError::Thread { problem: error.to_string() })?;
        Ok(Self { next, bell, thread: Some(thread) })
    }

    /// Shows `lineup`, all of it from one frame on: the next one that is drawn.
    pub(crate) fn show(&self, lineup: Lineup) {
        lineup.expect();
        *lock(&self.next) = Some(lineup);
    }

    /// Whether its thread has ended, which only a panic does.
    pub(crate) fn has_died(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Blender {
    fn drop(&mut self) {
        self.bell.end();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the blender panicked");
        }
    }
}

struct Work {
    canvas: Canvas,
    clock: gst::Clock,
    base_time: ClockTime,
    grid: Grid,
    lineup: Lineup,
    next: Arc<Mutex<Option<Lineup>>>,
    bell: Arc<Bell>,
    pool: gst_video::VideoBufferPool,
    info: gst_video::VideoInfo,
    paint: Box<dyn Paint>,
    shown: Box<dyn Fn(PlanId) + Send>,
    output: Arc<ProgramOutput>,
}

impl Work {
    fn new(config: BlenderConfig, next: Arc<Mutex<Option<Lineup>>>) -> Result<Self, EngineError> {
        let info = video_info(&config.canvas);
        let failed = |error: gst::glib::BoolError| EngineError::build(WHAT, error);
        let pool = gst_video::VideoBufferPool::new();
        let mut pool_config = pool.config();
        let size = u32::try_from(info.size()).unwrap_or(u32::MAX);
        pool_config.set_params(Some(&info.to_caps().map_err(failed)?), size, 0, 0);
        pool.set_config(pool_config).map_err(failed)?;
        pool.set_active(true).map_err(failed)?;
        Ok(Self {
            canvas: config.canvas,
            clock: config.clock,
            base_time: config.base_time,
            grid: Grid::new(config.canvas.fps),
            lineup: config.lineup,
            next,
            bell: config.bell,
            pool,
            info,
            paint: config.paint,
            shown: config.shown,
            output: config.output,
        })
    }

    fn run(mut self) {
        let mut number = self.grid.next(self.now());
        loop {
            if self.now() > self.grid.at(number) + CATCH_UP {
                number = self.grid.next(self.now());
            }
            let time = self.grid.at(number);
            if self.wait(time) == Heard::End {
                break;
            }
            let arriving = self.switch();
            self.frame(time, self.grid.at(number + 1) - time);
            if let Some(plan) = arriving {
                (self.shown)(plan);
            }
            number += 1;
        }
        if let Err(error) = self.pool.set_active(false) {
            tracing::warn!(%error, "the program's frames were not given back");
        }
    }

    /// Waits until it is `time`, and then until every slot has its frame or patience is over.
    fn wait(&self, time: Duration) -> Heard {
        if self.bell.pass(time.saturating_sub(self.now())) == Heard::End {
            return Heard::End;
        }
        let deadline = time + PATIENCE;
        loop {
            let rings = self.bell.rings();
            if self.lineup.is_ready(running(time)) {
                return Heard::Ring;
            }
            let left = deadline.saturating_sub(self.now());
            if left.is_zero() {
                return Heard::Nothing;
            }
            if self.bell.wait(rings, left) == Heard::End {
                return Heard::End;
            }
        }
    }

    /// Takes up a lineup that waits.
    fn switch(&mut self) -> Option<PlanId> {
        let next = lock(&self.next).take()?;
        next.settle(&self.lineup);
        self.lineup = next;
        Some(self.lineup.plan)
    }

    fn frame(&mut self, time: Duration, duration: Duration) {
        let pool = &self.pool;
        let drawn = self.lineup.draw(running(time), &self.canvas, || pool.acquire_buffer(None).ok());
        let Some(mut buffer) = drawn else {
            tracing::error!("no memory for a program frame");
            return;
        };
        let writable = buffer.make_mut();
        writable.set_pts(running(time));
        writable.set_dts(ClockTime::NONE);
        writable.set_duration(running(duration));
        if self.paint.is_due(time)
            && let Ok(mut frame) = gst_video::VideoFrameRef::from_buffer_ref_writable(writable, &self.info)
        {
            self.paint.paint(&mut frame, time);
        }
        self.output.frame(&buffer, running(self.now()));
    }

    /// Running time.
    fn now(&self) -> Duration {
        self.clock.time().saturating_sub(self.base_time).into()
    }
}

fn running(time: Duration) -> ClockTime {
    ClockTime::from_nseconds(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX - 1))
}

/// Locks; a panic elsewhere does not stop the program.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
