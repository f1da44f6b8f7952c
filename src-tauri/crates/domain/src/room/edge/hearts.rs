//! Taps that passed the rules, counted until the owner is sent them.

use std::collections::BTreeMap;
use std::time::Duration;

/// Between two words to the owner: nobody sees on the picture that a heart came so much later.
const WINDOW: Duration = Duration::from_millis(50);

/// What the owner was not sent yet.
#[derive(Debug, Default)]
pub(super) struct Taps {
    by_hue: BTreeMap<u16, u32>,
    sent_at: Option<Duration>,
}

impl Taps {
    pub(super) fn add(&mut self, hue: u16, count: u32) {
        if count > 0 {
            let sum = self.by_hue.entry(hue).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    /// What the owner is to be sent now, if a window is over.
    pub(super) fn take_window(&mut self, now: Duration) -> Option<BTreeMap<u16, u32>> {
        if self.deadline()? > now {
            return None;
        }
        self.sent_at = Some(now);
        self.take()
    }

    /// All of it, if there is any.
    pub(super) fn take(&mut self) -> Option<BTreeMap<u16, u32>> {
        (!self.by_hue.is_empty()).then(|| std::mem::take(&mut self.by_hue))
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let due = self.sent_at.map_or(Duration::ZERO, |sent_at| sent_at + WINDOW);
        (!self.by_hue.is_empty()).then_some(due)
    }
}
