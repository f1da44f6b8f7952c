//! What waits for one viewer: bounded, and shared with everybody else's.

use axum::extract::ws::Utf8Bytes;
use domain::{Bye, ToViewer};
use tokio::sync::{mpsc, oneshot};

/// The room's end: never waits.
pub(super) struct Outbox {
    queue: mpsc::Sender<Utf8Bytes>,
    farewell: oneshot::Sender<Bye>,
}

/// The connection's end.
pub(super) struct Inbox {
    pub(super) queue: mpsc::Receiver<Utf8Bytes>,
    /// Fires when the room lets go; only an orderly end lets what waits in the queue go first.
    pub(super) farewell: oneshot::Receiver<Bye>,
}

/// The viewer is too far behind.
#[derive(Debug)]
pub(super) struct Full;

/// Both ends.
pub(super) fn outbox(capacity: usize) -> (Outbox, Inbox) {
    let (sender, queue) = mpsc::channel(capacity);
    let (farewell_sender, farewell) = oneshot::channel();
    (Outbox { queue: sender, farewell: farewell_sender }, Inbox { queue, farewell })
}

impl Outbox {
    /// Adds a message. A connection that is already gone takes everything: its own event follows.
    pub(super) fn post(&self, text: Utf8Bytes) -> Result<(), Full> {
        match self.queue.try_send(text) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Full),
        }
    }

    /// Lets the viewer go.
    pub(super) fn dismiss(self, bye: Bye) {
        // The connection may have ended by itself.
        let _ = self.farewell.send(bye);
    }
}

/// A message as it goes over the wire.
pub(super) fn written(message: &ToViewer) -> Option<Utf8Bytes> {
    match serde_json::to_string(message) {
        Ok(text) => Some(text.into()),
        Err(error) => {
            tracing::error!(%error, "a message of ours cannot be written");
            None
        }
    }
}
