//! Hearts of all edges: counted exactly, passed on in windows.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Errand, Owner, OwnerEffect};
use crate::ProgramMs;
use crate::room::{Now, RoomNews};

/// Between two messages to everybody.
const WINDOW: Duration = Duration::from_millis(200);

/// The total, and what everybody was not sent yet.
#[derive(Debug)]
pub(super) struct Hearts {
    total: u64,
    window: BTreeMap<u16, u32>,
    sent_at: Option<Duration>,
}

impl Hearts {
    pub(super) fn new(total: u64) -> Self {
        Self { total, window: BTreeMap::new(), sent_at: None }
    }

    /// All of them.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// All that no coming window will bring.
    pub(super) fn sent_total(&self) -> u64 {
        self.total - self.window.values().map(|count| u64::from(*count)).sum::<u64>()
    }

    /// Counts accepted hearts; the total with them.
    pub(super) fn add(&mut self, hue: u16, count: u32) -> u64 {
        self.total += u64::from(count);
        let sum = self.window.entry(hue).or_default();
        *sum = sum.saturating_add(count);
        self.total
    }

    /// What everybody is to be sent now, if a window is over.
    pub(super) fn take_window(&mut self, now: Duration) -> Option<BTreeMap<u16, u32>> {
        if self.deadline()? > now {
            return None;
        }
        self.sent_at = Some(now);
        Some(std::mem::take(&mut self.window))
    }

    /// When a window is over.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let due = self.sent_at.map_or(Duration::ZERO, |sent_at| sent_at + WINDOW);
        (!self.window.is_empty()).then_some(due)
    }
}

impl Owner {
    /// Edges accepted these; they count also after the end.
    pub(super) fn taps(&mut self, now: Now, by_hue: BTreeMap<u16, u32>, effects: &mut Vec<OwnerEffect>) {
        let at_ms = now.program_ms;
        for (&hue, &count) in &by_hue {
            let total = self.hearts.add(hue, count);
            effects.push(OwnerEffect::Errand(Errand::News(RoomNews::Hearts { at_ms, hue, count, total })));
        }
        if !by_hue.is_empty() {
            let second_ms = ProgramMs(at_ms.0 / 1000 * 1000);
            effects.push(OwnerEffect::Errand(Errand::KeepHearts { second_ms, by_hue }));
        }
    }
}
