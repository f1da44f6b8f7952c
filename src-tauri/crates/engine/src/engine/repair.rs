//! What the engine's thread does after a panic in one of its own steps, which is a defect.
//!
//! Blender, mixer, encoders and sources have threads of their own, and go on. So the first time only
//! the target is shown once more: whatever the step left half done is then as it should be. Another
//! panic soon after, or in the repair, and everything is made anew. Where that does not help, the
//! show ends, and its recording is whole.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use domain::Refusal;

use super::director::{Air, Director};
use super::program::Failed;
use crate::error::EngineError;
use crate::event::EngineEvent;

/// Panics within this time of each other have one cause.
const SOON: Duration = Duration::from_secs(20);
const PART: &str = "engine";

/// How often the engine was repaired lately.
#[derive(Default)]
pub(super) struct Repairs {
    last: Option<Instant>,
    count: u32,
}

impl Repairs {
    /// Another one; which of those that come soon after each other it is, from 1.
    fn another(&mut self, now: Instant) -> u32 {
        let is_soon = self.last.is_some_and(|last| now.saturating_duration_since(last) < SOON);
        self.count = if is_soon { self.count + 1 } else { 1 };
        self.last = Some(now);
        self.count
    }
}

impl Director {
    /// Does one step; none where it panicked, and everything was put right.
    pub(super) fn survive<T>(&mut self, step: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let done = catch_unwind(AssertUnwindSafe(|| step(self))).ok();
        if done.is_none() {
            self.put_right();
        }
        done
    }

    fn put_right(&mut self) {
        self.fault(&EngineError::Panicked { part: PART });
        self.settle();
        let count = self.repairs.another(Instant::now());
        let attempt = |director: &mut Self, repair: fn(&mut Self) -> Result<(), EngineError>| {
            let outcome = catch_unwind(AssertUnwindSafe(|| repair(director)));
            if let Ok(Err(error)) = &outcome {
                tracing::error!(%error, "the engine could not be put right");
            }
            matches!(outcome, Ok(Ok(())))
        };
        if count == 1 && attempt(self, Self::show_again) {
            return;
        }
        if count <= 2 && attempt(self, Self::make_anew) {
            return;
        }
        if self.broadcast.is_some() {
            self.fault(&EngineError::GaveUp);
            if catch_unwind(AssertUnwindSafe(|| self.end())).is_err() {
                self.settle();
            }
        }
    }

    /// A broadcast that was lost in the step is over, and is said to be.
    fn settle(&mut self) {
        if matches!(self.air, Air::Off) {
            self.over();
        }
    }

    /// The last target that could be shown.
    fn show_again(&mut self) -> Result<(), EngineError> {
        if let Some(plan) = self.plan.clone() {
            self.show(plan);
        }
        Ok(())
    }

    fn make_anew(&mut self) -> Result<(), EngineError> {
        self.sources.close_others(&Default::default(), &self.program);
        self.program.rebuild(Failed::Blender)?;
        self.program.rebuild(Failed::Mixer)?;
        if let Air::On(on_air, _) = &mut self.air {
            on_air.rebuild()?;
        }
        self.show_again()
    }

    /// Says that the broadcast is over, or that it did not begin, if there is one.
    pub(super) fn over(&mut self) {
        let Some(broadcast) = self.broadcast.take() else { return };
        // It has ended already, unless the thread that ends it died.
        self.program.output.set_encoder(None);
        broadcast.program.end();
        self.shared.set_zero(None);
        self.emit(if broadcast.is_beginning {
            EngineEvent::BeginFailed { refusal: Refusal::from_coded(&EngineError::Panicked { part: PART }) }
        } else {
            EngineEvent::Ended
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_panics_that_follow_each_other_soon_are_counted_together() {
        let (mut repairs, now) = (Repairs::default(), Instant::now());
        assert_eq!(repairs.another(now), 1);
        assert_eq!(repairs.another(now + SOON / 2), 2);
        assert_eq!(repairs.another(now + SOON), 3);
        assert_eq!(repairs.another(now + SOON * 3), 1);
    }
}
