//! When keyframes come: on a grid of program time, and when somebody asks.

use std::time::{Duration, Instant};

use crate::ProgramTime;

/// Keyframes stand on a grid of this step, counted from program zero.
pub const GOP: Duration = Duration::from_secs(2);
/// All askers of one program together get at most one keyframe in this time.
pub const KEYFRAME_INTERVAL: Duration = Duration::from_secs(1);

/// Which frames must be keyframes so that one stands at every step of [`GOP`].
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyframeGrid {
    /// The step that the newest frame belongs to.
    step: Option<u64>,
}

impl KeyframeGrid {
    /// Whether the frame of `pts` is the first at or after a step of the grid. To be asked of every
    /// frame, in order; the first one is always a keyframe. A frame belongs to a step up to a
    /// millisecond before it, because frame times are rounded.
    pub fn is_due(&mut self, pts: ProgramTime) -> bool {
        let step = (pts + Duration::from_millis(1)).as_nanos() / GOP.as_nanos() as u64;
        let due = self.step.is_none_or(|known| step > known);
        if due {
            self.step = Some(step);
        }
        due
    }
}

/// Gathers wishes for a keyframe: at once for the first, at most one in [`KEYFRAME_INTERVAL`].
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyframePace {
    wanted: bool,
    asked: Option<Instant>,
}

impl KeyframePace {
    /// Somebody needs one.
    pub const fn want(&mut self) {
        self.wanted = true;
    }

    /// One came.
    pub const fn satisfied(&mut self) {
        self.wanted = false;
    }

    /// Whether to ask the encoder now. Stays wanted until one comes, so that a lost request is
    /// repeated.
    pub fn ask(&mut self, now: Instant) -> bool {
        let ask = self.due(now).is_some_and(|due| due <= now);
        if ask {
            self.asked = Some(now);
        }
        ask
    }

    /// When [`Self::ask`] will say yes; none while nobody wants one.
    #[must_use]
    pub fn due(&self, now: Instant) -> Option<Instant> {
        self.wanted.then(|| self.asked.map_or(now, |asked| asked + KEYFRAME_INTERVAL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_together_asks_once_an_interval_until_one_comes() {
        let start = Instant::now();
        let mut pace = KeyframePace::default();
        assert!(!pace.ask(start));
        pace.want();
        assert!(pace.ask(start));
        pace.want();
        assert!(!pace.ask(start + KEYFRAME_INTERVAL / 2));
        assert!(pace.ask(start + KEYFRAME_INTERVAL));
        pace.satisfied();
        assert!(!pace.ask(start + KEYFRAME_INTERVAL * 3));
        pace.want();
        assert!(pace.ask(start + KEYFRAME_INTERVAL * 3));
    }

    #[test]
    fn one_frame_a_step_is_due_at_every_rate_and_after_a_hole() {
        for fps in [24, 25, 30, 50, 60] {
            let mut grid = KeyframeGrid::default();
            let frames = (0..fps * 10).map(|n| ProgramTime::from_nanos(n * 1_000_000_000 / fps));
            let due: Vec<u64> = frames.filter(|pts| grid.is_due(*pts)).map(ProgramTime::as_millis).collect();
            assert_eq!(due, [0, 2000, 4000, 6000, 8000], "{fps}");
        }
        let mut grid = KeyframeGrid::default();
        let due = [0, 1000, 7100, 7133, 8000].map(|ms| grid.is_due(ProgramTime::from_millis(ms)));
        assert_eq!(due, [true, false, true, false, true]);
    }
}
