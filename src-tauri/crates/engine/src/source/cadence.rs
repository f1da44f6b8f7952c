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

/// Brings a camera's frames to the steps of the canvas: thins out one that is faster, and evens
/// out the jitter of one that is as fast, so that the mixer neither repeats nor skips a frame
/// only because two came a little too close together. Adds no latency.
#[derive(Debug, Clone)]
pub(crate) struct Cadence {
    grid: Grid,
    last: Option<u64>,
}

impl Cadence {
    pub(crate) const fn new(rate: u32) -> Self {
        Self { grid: Grid::new(rate), last: None }
    }

    /// The step that the frame of `moment` belongs to; none if that has one already.
    ///
    /// The step after the last one is preferred up to three quarters of a period away: only a
    /// lasting difference of the rates makes a step of two or none.
    pub(crate) fn place(&mut self, moment: Duration) -> Option<Duration> {
        let period = self.grid.at(1);
        let nearest = self.grid.next(moment.saturating_sub(period / 2));
        let step = match self.last.map(|last| last + 1) {
            Some(following) if self.grid.at(following).abs_diff(moment) <= period * 3 / 4 => following,
            Some(following) if nearest < following => return None,
            _ => nearest,
        };
        self.last = Some(step);
        Some(self.grid.at(step))
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

    /// The steps of 600 frames that come every `period` µs, `phase` µs after the grid, and late by
    /// up to `jitter` µs.
    fn steps(period: u64, phase: u64, jitter: u64) -> Vec<Duration> {
        let mut cadence = Cadence::new(30);
        let moment = |n: u64| Duration::from_micros(n * period + phase + n * 7919 % jitter.max(1));
        (0..600).filter_map(|n| cadence.place(moment(n))).collect()
    }

    #[test]
    fn a_camera_twice_as_fast_loses_every_second_picture() {
        for phase in [0, 3_000, 9_000, 16_000] {
            let taken = steps(16_667, phase, 2_000).len();
            assert!((299..=301).contains(&taken), "{taken}");
        }
    }

    #[test]
    fn a_camera_of_the_same_rate_that_jitters_fills_every_step_whatever_its_phase() {
        for phase in (0..33_333).step_by(1_111) {
            let steps = steps(33_333, phase, 8_000);
            let period = Duration::from_nanos(33_333_333);
            let uneven = steps.windows(2).filter(|pair| (pair[1] - pair[0]).abs_diff(period) > Duration::from_nanos(2));
            assert_eq!((steps.len(), uneven.count()), (600, 0), "phase {phase} µs");
        }
    }

    #[test]
    fn a_slower_camera_stays_slow_and_a_pause_is_not_made_good_by_a_burst() {
        assert_eq!(steps(66_667, 5_000, 5_000).len(), 600);
        let mut cadence = Cadence::new(30);
        assert_eq!(cadence.place(Duration::from_millis(1_000)), Some(Duration::from_secs(1)));
        assert_eq!(cadence.place(Duration::from_millis(5_001)), Some(Duration::from_secs(5)));
        assert_eq!(cadence.place(Duration::from_millis(5_002)), None);
    }
}
