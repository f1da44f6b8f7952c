//! Cameras, screens, microphones and still pictures: each a supervised source of its own.
//!
//! A source runs on its own thread until it is dropped: starting → running → lost → reopened with
//! growing pauses → running, for ever. What it makes has the format that the program wants, so that
//! a source which fails, freezes or falls behind is nobody else's concern.

pub(crate) mod cadence;
mod capture;
mod chains;
mod drift;
mod format;
mod level;
mod observer;
mod resample;
mod slide;
mod still;
pub mod strip;
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

use domain::{Role, SourceSpec, SourceState};

use crate::event::EngineEvent;
use crate::joint::{SourceContext, SourceSink};

pub use test_picture::{Planes, TestPicture};

/// A source's thread has so long to end: one state change with its deadline, and a second.
const CLOSE_DEADLINE: Duration = Duration::from_secs(6);

/// A source that is open, supervised until it is dropped.
pub(crate) struct Source {
    role: Role,
    /// Dropped to ask the thread to end.
    stop: Option<SyncSender<()>>,
    /// Closes when the thread has ended.
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Source {
    /// Opens `spec` for `role`. Returns at once; what happens is told to `sink`, at first
    /// [`SourceState::Starting`].
    pub(crate) fn open(role: Role, spec: &SourceSpec, context: SourceContext, sink: Arc<dyn SourceSink>) -> Source {
        let (stop, stopped) = mpsc::sync_channel(0);
        let (running, ended) = mpsc::sync_channel::<()>(0);
        let spec = spec.clone();
        let teller = Teller::new(role, Arc::clone(&sink));
        let spawned = thread::Builder::new().name(format!("source-{role:?}").to_lowercase()).spawn(move || {
            let _running = running;
            run(&spec, &Shared { role, context, sink }, teller, &stopped);
        });
        let thread = match spawned {
            Ok(thread) => Some(thread),
            Err(error) => {
                tracing::error!(?role, %error, "a source got no thread");
                None
            }
        };
        Source { role, stop: Some(stop), ended, thread }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        drop(self.stop.take());
        let Some(thread) = self.thread.take() else { return };
        if self.ended.recv_timeout(CLOSE_DEADLINE) == Err(RecvTimeoutError::Timeout) {
            tracing::error!(role = ?self.role, "a source did not close in time and was abandoned");
        } else if thread.join().is_err() {
            tracing::error!(role = ?self.role, "a source ended with a panic");
        }
    }
}

/// What every part of one source needs.
struct Shared {
    role: Role,
    context: SourceContext,
    sink: Arc<dyn SourceSink>,
}

fn run(spec: &SourceSpec, shared: &Shared, mut teller: Teller, stop: &Receiver<()>) {
    teller.tell(SourceState::Starting, None);
    match (spec, shared.role) {
        (SourceSpec::Test, Role::Camera) => test_devices::camera(shared, &mut teller, stop),
        (SourceSpec::Test, Role::Screen) => test_devices::screen(shared, &mut teller, stop),
        (SourceSpec::Test, Role::Microphone) => test_devices::microphone(shared, &mut teller, stop),
        (SourceSpec::Image(path), _) => {
            supervise::supervise(&mut teller, stop, |teller| still::run(path, shared, teller, stop));
        }
        (SourceSpec::Device(id), _) => {
            supervise::supervise(&mut teller, stop, |teller| capture::run(id, shared, teller, stop));
        }
    }
}

/// Tells each change of a source's state once.
struct Teller {
    role: Role,
    sink: Arc<dyn SourceSink>,
    last: Option<(SourceState, Option<String>)>,
}

impl Teller {
    fn new(role: Role, sink: Arc<dyn SourceSink>) -> Self {
        Self { role, sink, last: None }
    }

    fn tell(&mut self, state: SourceState, problem: Option<String>) {
        let now = Some((state, problem));
        if now == self.last {
            return;
        }
        self.last = now.clone();
        if let Some((state, problem)) = now {
            self.sink.event(EngineEvent::Source { role: self.role, state, problem });
        }
    }
}
