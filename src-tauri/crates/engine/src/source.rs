//! Cameras, screens, microphones and still images: each a supervised source of its own.
//!
//! A source runs on its own thread until it is dropped: starting → running → lost → reopened with
//! growing pauses → running, for ever. What it makes has the format that the program wants, so that
//! a source which fails, freezes or falls behind is nobody else's concern.

pub(crate) mod cadence;
mod capture;
mod chains;
pub mod clock_strip;
mod drift;
mod format;
mod inspector;
mod level;
mod lost;
mod resample;
mod slide;
mod still;
mod supervise;
mod test_devices;
mod test_picture;
mod test_sound;
#[cfg(test)]
mod tests;
pub(crate) mod x_death;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use domain::{SourceId, SourceKind, SourceSpec, SourceState};

use crate::event::EngineEvent;
use crate::joint::{SourceContext, SourceSink};
use crate::state_change::Stuck;
use crate::thread_names;

pub use test_picture::{Planes, TestPicture};

/// A source's thread has so long to end: one state change with its deadline, and a second.
const CLOSE_DEADLINE: Duration = Duration::from_secs(6);

/// A source that is open, supervised until it is dropped.
pub(crate) struct Source {
    id: SourceId,
    /// Dropped to ask the thread to end.
    stop: Option<SyncSender<()>>,
    /// Closes when the thread has ended.
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Source {
    /// Opens `spec`, on a thread of its own that first does what must be done `before`. Returns at
    /// once; what happens goes to `sink`, at first [`SourceState::Starting`].
    pub(crate) fn open(
        id: &SourceId,
        spec: &SourceSpec,
        context: SourceContext,
        sink: Arc<dyn SourceSink>,
        before: impl FnOnce() + Send + 'static,
    ) -> Source {
        let (stop, stopped) = mpsc::sync_channel(0);
        let (running, ended) = mpsc::sync_channel::<()>(0);
        let reporter = Reporter::new(id.clone(), Arc::clone(&sink));
        let common = Common { id: id.clone(), spec: spec.clone(), context, sink, stuck: Stuck::default() };
        let spawned = thread::Builder::new().name(thread_names::source(id)).spawn(move || {
            let _running = running;
            before();
            run(&common, reporter, &stopped);
        });
        let thread = match spawned {
            Ok(thread) => Some(thread),
            Err(error) => {
                tracing::error!(source = %id, %error, "a source got no thread");
                None
            }
        };
        Source { id: id.clone(), stop: Some(stop), ended, thread }
    }

    /// Whether its thread has ended although it is open, which only a panic does.
    pub(crate) fn has_died(&self) -> bool {
        self.thread.as_ref().is_some_and(JoinHandle::is_finished)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        drop(self.stop.take());
        let Some(thread) = self.thread.take() else { return };
        if self.ended.recv_timeout(CLOSE_DEADLINE) == Err(RecvTimeoutError::Timeout) {
            tracing::error!(source = %self.id, "a source did not close in time and was abandoned");
        } else if thread.join().is_err() {
            tracing::error!(source = %self.id, "a source ended with a panic");
        }
    }
}

/// What every part of one source needs.
struct Common {
    id: SourceId,
    spec: SourceSpec,
    context: SourceContext,
    sink: Arc<dyn SourceSink>,
    /// Attempts that hang.
    stuck: Stuck,
}

fn run(common: &Common, mut reporter: Reporter, stop: &Receiver<()>) {
    reporter.report(SourceState::Starting, None);
    match &common.spec {
        SourceSpec::Test(SourceKind::Camera) => test_devices::camera(common, &mut reporter, stop),
        SourceSpec::Test(SourceKind::Screen) => test_devices::screen(common, &mut reporter, stop),
        SourceSpec::Test(SourceKind::Microphone | SourceKind::ComputerSound) => {
            test_devices::microphone(common, &mut reporter, stop)
        }
        SourceSpec::Image(path) => {
            supervise::supervise(&mut reporter, stop, &common.stuck, |reporter| {
                still::run(path, common, reporter, stop)
            });
        }
        SourceSpec::Device(kind, id) => {
            supervise::supervise(&mut reporter, stop, &common.stuck, |reporter| {
                capture::run(*kind, id, common, reporter, stop)
            });
        }
    }
}

/// Emits each change of a source's state once.
struct Reporter {
    id: SourceId,
    sink: Arc<dyn SourceSink>,
    last: Option<(SourceState, Option<String>)>,
}

impl Reporter {
    fn new(id: SourceId, sink: Arc<dyn SourceSink>) -> Self {
        Self { id, sink, last: None }
    }

    fn report(&mut self, state: SourceState, problem: Option<String>) {
        let now = Some((state, problem));
        if now == self.last {
            return;
        }
        self.last = now.clone();
        if let Some((state, problem)) = now {
            self.sink.event(EngineEvent::Source { id: self.id.clone(), state, problem });
        }
    }
}
