//! Pushes the program to other places, over RTMP.
//!
//! Each destination is a reader of the program with a pipeline of its own, and a supervisor that
//! connects, watches and tries again. What waits is bounded and dropped up to the next keyframe:
//! whatever the far end does, nobody else waits. Its address, which holds the stream key, is in no
//! log, error, event or graph.

mod certificate;
mod problem;
mod push;
mod supervisor;
mod unsent;
mod watch;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use domain::{DestinationId, DestinationReport, DestinationState, PushTarget};
use media::Program;

use crate::event::{EngineEvent, EventSink};
use crate::thread_names;
use supervisor::Supervisor;

/// A destination that is kept on air until the program is over or this is dropped. Dropping says
/// goodbye to the far end and waits for it, some seconds at most; an [`EngineEvent::Destination`]
/// then says that it ended.
pub(crate) struct Destination {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the handle and the supervisor's thread share.
#[derive(Default)]
struct Shared {
    closed: AtomicBool,
    lost: AtomicU64,
}

impl Destination {
    /// Starts pushing `program` to `target`, from a keyframe on. `host` is what may be shown of its
    /// address. Graphs of pipelines that miss a deadline go to `graphs_dir`.
    pub(crate) fn start(
        id: DestinationId,
        target: PushTarget,
        host: String,
        program: Program,
        graphs_dir: PathBuf,
        sink: EventSink,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        let emit = sink.clone();
        let (theirs, stopping) = (shared.clone(), Arc::default());
        let supervisor = Supervisor { id, target, host, program, graphs_dir, shared: theirs, sink, stopping };
        let thread = thread::Builder::new().name(thread_names::destination(id)).spawn(move || supervisor.run());
        if let Err(error) = &thread {
            tracing::error!(%error, "a destination could not be started");
            let (state, problem) = (DestinationState::Failed, "the system gave no more threads".to_owned());
            let report = DestinationReport { id, state, code: "destination.unusable", problem, kbps: 0 };
            emit(EngineEvent::Destination(report));
        }
        Self { shared, thread: thread.ok() }
    }

    /// One whose thread panics at once.
    #[cfg(test)]
    pub(crate) fn that_panics() -> Self {
        Self { shared: Arc::default(), thread: Some(thread::spawn(|| panic!("a test"))) }
    }

    /// Whether its thread has ended: the program is over, or it panicked.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Frames that the far end was too slow for, so far.
    pub(crate) fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        let Some(thread) = self.thread.take() else { return };
        thread.thread().unpark();
        if thread.join().is_err() {
            tracing::error!("a destination's supervisor panicked");
        }
    }
}
