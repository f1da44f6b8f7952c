//! Panics on threads that are not ours.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does `work` on a thread of GStreamer's. A panic, which would end the process there, ends this
/// piece of work only: none, then. The panic itself is logged where it happens.
pub(crate) fn contain<T>(what: &'static str, work: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(work)).ok();
    if done.is_none() {
        tracing::error!(what, "a piece of work was given up");
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_one_piece_of_work() {
        assert_eq!(contain("a test", || 7), Some(7));
        assert_eq!(contain("a test", || -> u32 { panic!("a test") }), None);
    }
}
