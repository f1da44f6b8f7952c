//! Pushes the program to other places, over RTMP.
//!
//! Each destination is a pipeline of its own with a supervisor that connects, watches and tries
//! again. It takes the encoded program through a bounded queue that drops whole GOPs: whatever the
//! far end does, nobody else waits. Its address, which holds the stream key, is in no log, error,
//! event or graph.

mod mailbox;
mod problem;
mod push;
mod queue;
mod supervisor;
mod unsent;
mod watch;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use domain::{DestinationId, DestinationState, Secret};

use crate::event::{EngineEvent, EventSink};
use crate::joint::Tap;
use mailbox::Mailbox;
use supervisor::Supervisor;

/// A destination that is kept on air until this is dropped. Dropping says goodbye to the far end
/// and waits for it, some seconds at most; [`EngineEvent::Destination`] then tells that it ended.
pub(crate) struct DestinationHandle {
    mailbox: Arc<Mailbox>,
    thread: Option<JoinHandle<()>>,
}

impl DestinationHandle {
    /// Pictures that were dropped because the far end was too slow, so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.mailbox.dropped()
    }
}

impl Drop for DestinationHandle {
    fn drop(&mut self) {
        self.mailbox.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a destination's supervisor panicked");
        }
    }
}

/// A destination.
pub(crate) struct Destination;

impl Destination {
    /// Starts pushing what the tap takes to `address`, from its first keyframe on. `host` is what
    /// may be shown of the address. Graphs of pipelines that miss a deadline go to `graphs_dir`.
    pub(crate) fn start(
        id: DestinationId,
        address: Secret,
        host: String,
        graphs_dir: PathBuf,
        sink: EventSink,
    ) -> (DestinationHandle, Arc<dyn Tap>) {
        let mailbox = Arc::new(Mailbox::default());
        let told = sink.clone();
        let (shared, stopping) = (mailbox.clone(), Arc::default());
        let supervisor = Supervisor { id, address, host, graphs_dir, mailbox: shared, sink, stopping };
        let thread = thread::Builder::new().name(format!("destination-{id}")).spawn(move || supervisor.run());
        if let Err(error) = &thread {
            tracing::error!(%error, "a destination could not be started");
            let (state, problem) = (DestinationState::Failed, "the system gave no more threads".to_owned());
            told(EngineEvent::Destination { id, state, code: "destination.unusable", problem, kbps: 0 });
        }
        (DestinationHandle { mailbox: mailbox.clone(), thread: thread.ok() }, mailbox)
    }
}
