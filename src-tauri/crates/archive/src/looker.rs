//! The thread that answers who a token belongs to, on a connection of its own: a room never waits
//! for it, and it never waits for the writer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use domain::PublicViewer;
use rusqlite::Connection;

use crate::{ArchiveError, library};

/// Questions that may wait. When full, "nobody" is answered at once: the viewer is greeted as new.
const WAITING: usize = 1024;

/// Given who it is. Must not block.
pub(crate) type Known = Box<dyn FnOnce(Option<PublicViewer>) + Send>;

struct Question {
    token_hash: [u8; 32],
    known: Known,
}

/// Where questions go. The thread ends when this is dropped.
pub(crate) struct Looker {
    questions: SyncSender<Question>,
}

impl Looker {
    /// The place for questions, and what the thread must run.
    pub(crate) fn new(connection: Connection, restarts: Arc<AtomicU64>) -> (Self, impl FnOnce() + Send + 'static) {
        let (questions, received) = sync_channel(WAITING);
        (Self { questions }, move || answer(&connection, &received, &restarts))
    }

    pub(crate) fn ask(&self, token_hash: [u8; 32], known: Known) {
        match self.questions.try_send(Question { token_hash, known }) {
            Ok(()) => {}
            Err(TrySendError::Full(question) | TrySendError::Disconnected(question)) => {
                tracing::warn!("the archive has no time to say who a viewer is");
                (question.known)(None);
            }
        }
    }
}

fn answer(connection: &Connection, questions: &Receiver<Question>, restarts: &AtomicU64) {
    for Question { token_hash, known } in questions {
        let looked = catch_unwind(AssertUnwindSafe(|| library::identity(connection, &token_hash)));
        let viewer = looked.unwrap_or_else(|_| {
            restarts.fetch_add(1, Ordering::Relaxed);
            Err(ArchiveError::Defect)
        });
        let viewer = viewer.unwrap_or_else(|error| {
            tracing::error!(%error, "an identity could not be looked up");
            None
        });
        if catch_unwind(AssertUnwindSafe(|| known(viewer))).is_err() {
            tracing::error!("an answer panicked");
        }
    }
}
