//! Between the encoders' threads, which must not wait, and a destination's supervisor.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::queue::Queue;
use crate::joint::{EncodedUnit, Tap};

/// A queue behind a lock that is never held for longer than it takes to put in or take out a unit.
#[derive(Default)]
pub(super) struct Mailbox {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Default)]
struct Inside {
    queue: Queue,
    closed: bool,
}

impl Tap for Mailbox {
    fn take(&self, unit: &EncodedUnit) {
        self.lock().queue.push(unit);
        self.changed.notify_one();
    }
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a connection could begin; false when the mailbox was closed.
    pub(super) fn wait_for_a_start(&self) -> bool {
        let inside = self.lock();
        let waits = |inside: &mut Inside| !inside.closed && !inside.queue.can_begin();
        let inside = self.changed.wait_while(inside, waits).unwrap_or_else(PoisonError::into_inner);
        !inside.closed
    }

    /// Waits for `pause`, or for ever, or until the mailbox is closed.
    pub(super) fn wait(&self, pause: Option<Duration>) {
        let inside = self.lock();
        let pause = pause.unwrap_or(Duration::MAX);
        drop(self.changed.wait_timeout_while(inside, pause, |inside| !inside.closed));
    }

    /// Waits for `pause`, or until it is closed, or, where they are wanted, until there are units.
    pub(super) fn wait_for_units(&self, pause: Duration, wanted: bool) {
        let inside = self.lock();
        let waits = |inside: &mut Inside| !(inside.closed || wanted && inside.queue.has_units());
        drop(self.changed.wait_timeout_while(inside, pause, waits));
    }

    pub(super) fn pop(&self) -> Option<EncodedUnit> {
        self.lock().queue.pop()
    }

    /// A connection takes units from now on.
    pub(super) fn open(&self) {
        self.lock().queue.open();
    }

    /// No connection takes units any more.
    pub(super) fn shut(&self) {
        self.lock().queue.close();
    }

    /// The destination is to end.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Pictures that the far end was too slow for.
    pub(super) fn dropped(&self) -> u64 {
        self.lock().queue.dropped()
    }
}
