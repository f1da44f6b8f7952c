//! Wakes the blender: a frame came, or it shall end.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::lock;

/// Rung by sources, heard by the blender.
#[derive(Default)]
pub(crate) struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Default)]
struct State {
    rings: u64,
    ended: bool,
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// It was rung.
    Ring,
    /// Nothing, for the whole time.
    Nothing,
    /// The blender shall end.
    End,
}

impl Bell {
    /// A frame came.
    pub(super) fn ring(&self) {
        lock(&self.state).rings += 1;
        self.rung.notify_all();
    }

    /// The blender that listens shall end.
    pub(super) fn end(&self) {
        lock(&self.state).ended = true;
        self.rung.notify_all();
    }

    /// A new blender listens.
    pub(super) fn begin(&self) {
        lock(&self.state).ended = false;
    }

    /// How often it was rung; to be asked before looking at what a ring may have changed.
    pub(super) fn rings(&self) -> u64 {
        lock(&self.state).rings
    }

    /// Waits for `span`, or until it is rung more than `rings` times.
    pub(super) fn wait(&self, rings: u64, span: Duration) -> Heard {
        self.wait_while(span, |state| state.rings == rings)
    }

    /// Waits for `span` whatever rings.
    pub(super) fn pass(&self, span: Duration) -> Heard {
        self.wait_while(span, |_| true)
    }

    fn wait_while(&self, span: Duration, quiet: impl Fn(&State) -> bool) -> Heard {
        let deadline = Instant::now() + span;
        let mut state = lock(&self.state);
        loop {
            if state.ended {
                return Heard::End;
            }
            if !quiet(&state) {
                return Heard::Ring;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Heard::Nothing;
            }
            state = self.rung.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
