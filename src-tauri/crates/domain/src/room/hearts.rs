//! Hearts: counted exactly, told in windows, summed by seconds.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Now;
use crate::ProgramMs;

/// Between two messages to everybody.
const WINDOW: Duration = Duration::from_millis(200);
/// How long a second's sum may wait for the archive when program time stands still.
const SECOND: Duration = Duration::from_secs(1);

/// The hearts that were not told or not kept yet, and the total.
#[derive(Debug, Default)]
pub(super) struct Hearts {
    pub(super) total: u64,
    window: BTreeMap<u16, u32>,
    told_at: Option<Duration>,
    second: Option<Second>,
}

/// Hearts of one second of the program.
#[derive(Debug)]
struct Second {
    start: ProgramMs,
    opened: Duration,
    by_hue: BTreeMap<u16, u32>,
}

impl Hearts {
    /// Counts accepted hearts. If they open another second, the sum of the one before.
    pub(super) fn add(&mut self, now: Now, hue: u16, count: u32) -> Option<(ProgramMs, BTreeMap<u16, u32>)> {
        self.total += u64::from(count);
        *self.window.entry(hue).or_default() += count;
        let start = second_of(now.program_ms);
        let finished = self.second.take_if(|second| second.start != start);
        let second = self.second.get_or_insert_with(|| Second { start, opened: now.elapsed, by_hue: BTreeMap::new() });
        *second.by_hue.entry(hue).or_default() += count;
        finished.map(|second| (second.start, second.by_hue))
    }

    /// What everybody is to be told now, if a window is over.
    pub(super) fn take_window(&mut self, now: Now) -> Option<BTreeMap<u16, u32>> {
        if self.window_due()? > now.elapsed {
            return None;
        }
        self.told_at = Some(now.elapsed);
        Some(std::mem::take(&mut self.window))
    }

    /// The sum of a second that is over, or of any if `all`.
    pub(super) fn take_second(&mut self, now: Now, all: bool) -> Option<(ProgramMs, BTreeMap<u16, u32>)> {
        let over = |second: &mut Second| {
            all || second_of(now.program_ms) != second.start || now.elapsed >= second.opened + SECOND
        };
        self.second.take_if(over).map(|second| (second.start, second.by_hue))
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let second = self.second.as_ref().map(|second| second.opened + SECOND);
        [self.window_due(), second].into_iter().flatten().min()
    }

    fn window_due(&self) -> Option<Duration> {
        let due = self.told_at.map_or(Duration::ZERO, |told_at| told_at + WINDOW);
        (!self.window.is_empty()).then_some(due)
    }
}

fn second_of(at: ProgramMs) -> ProgramMs {
    ProgramMs(at.0 / 1000 * 1000)
}
