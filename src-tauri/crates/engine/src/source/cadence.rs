//! When things happen: the grid of a made source, and what of a faster one is taken.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gst::prelude::ClockExt;

/// Asked to end: the owner of the source dropped its end of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopped;

/// The present moment in running time.
pub(crate) fn running_time(clock: &gst::Clock, base_time: gst::ClockTime) -> Duration {
    Duration::from(clock.time().saturating_sub(base_time))
}

/// The present moment in Unix time.
pub(crate) fn unix_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Waits for `span`, or less when the owner wants the source to end.
pub(crate) fn wait(stop: &Receiver<()>, span: Duration) -> Result<(), Stopped> {
    match stop.recv_timeout(span) {
        Err(RecvTimeoutError::Timeout) => Ok(()),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => Err(Stopped),
    }
}

/// A grid of equal steps in running time: `rate` a second, counted from running time zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    rate: u32,
}

impl Grid {
    pub(crate) const fn new(rate: u32) -> Self {
        Self { rate }
    }

    /// When step `number` is.
    pub(crate) fn at(self, number: u64) -> Duration {
        let nanoseconds = u128::from(number) * 1_000_000_000 / u128::from(self.rate.max(1));
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    /// The first step at or after `moment`.
    pub(crate) fn next(self, moment: Duration) -> u64 {
        let steps = (moment.as_nanos() * u128::from(self.rate.max(1))).div_ceil(1_000_000_000);
        let number = u64::try_from(steps).unwrap_or(u64::MAX);
        // `at` rounds down: the step that just passed may be the one that is meant.
        if number > 0 && self.at(number - 1) >= moment { number - 1 } else { number }
    }
}

/// Thins out a source that is faster than the canvas, without adding latency.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    period: Duration,
    due: Duration,
}

impl Pace {
    pub(crate) fn new(rate: u32) -> Self {
        Self { period: Duration::from_secs(1) / rate.max(1), due: Duration::ZERO }
    }

    /// Whether the picture that arrived at `moment` is taken.
    pub(crate) fn take(&mut self, moment: Duration) -> bool {
        // Cameras jitter by a few milliseconds: a third of a period early is on time.
        if moment + self.period / 3 < self.due {
            return false;
        }
        let steady = self.due + self.period;
        self.due = if moment > steady { moment + self.period } else { steady };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_finds_its_own_steps() {
        for rate in [1, 24, 30, 50, 60, 100] {
            let grid = Grid::new(rate);
            for number in [0, 1, 2, 29, 30, 31, 1_000_003] {
                assert_eq!(grid.next(grid.at(number)), number, "{rate}");
                assert_eq!(grid.next(grid.at(number) + Duration::from_nanos(1)), number + 1, "{rate}");
            }
        }
    }

    #[test]
    fn a_camera_twice_as_fast_loses_every_second_picture() {
        let mut pace = Pace::new(30);
        let taken = (0..600).filter(|n| pace.take(Duration::from_micros(n * 16_667))).count();
        assert!((299..=301).contains(&taken), "{taken}");
    }

    #[test]
    fn a_camera_of_the_same_rate_that_jitters_loses_nothing() {
        let mut pace = Pace::new(30);
        let jitter = |n: u64| n * 7919 % 16_000;
        let taken = (0..600).filter(|n| pace.take(Duration::from_micros(n * 33_333 + jitter(*n)))).count();
        assert_eq!(taken, 600);
    }

    #[test]
    fn a_pause_is_not_made_good_by_a_burst() {
        let mut pace = Pace::new(30);
        assert!(pace.take(Duration::from_millis(0)));
        assert!(pace.take(Duration::from_secs(5)));
        assert!(!pace.take(Duration::from_millis(5_005)));
    }
}
