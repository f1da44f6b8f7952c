//! Counts what leaves the mixer, and what should have.

use std::sync::atomic::{AtomicU64, Ordering};

use gst::ClockTime;

/// A picture that leaves the mixer so much after its moment was not made in time. The mixer's own
/// latency and a frame of waiting are well below this.
const LATE: ClockTime = ClockTime::from_mseconds(400);

/// What was counted since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    /// Pictures that left the mixer.
    pub(crate) pictures: u64,
    /// Pictures that are missing between two that left it, or left it late.
    pub(crate) dropped: u64,
}

/// Written by the picture's thread, read by others.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    pictures: AtomicU64,
    dropped: AtomicU64,
    /// When the next picture is due, in ns of running time; 0 before the first.
    due: AtomicU64,
}

impl Observer {
    /// A picture with `pts` left the mixer at `now` (both running time).
    pub(crate) fn picture(&self, pts: ClockTime, duration: ClockTime, now: ClockTime) {
        self.pictures.fetch_add(1, Ordering::Relaxed);
        let due = ClockTime::from_nseconds(self.due.swap((pts + duration).nseconds(), Ordering::Relaxed));
        if due.is_zero() {
            return;
        }
        let step = duration.nseconds().max(1);
        let missing = (pts.saturating_sub(due).nseconds() + step / 2) / step;
        let late = u64::from(now.saturating_sub(pts) > LATE);
        if missing + late > 0 {
            self.dropped.fetch_add(missing + late, Ordering::Relaxed);
        }
    }

    /// What was counted so far.
    pub(crate) fn observed(&self) -> Observed {
        Observed { pictures: self.pictures.load(Ordering::Relaxed), dropped: self.dropped.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_no_gap_but_a_missing_picture_is() {
        let observer = Observer::default();
        let frame = ClockTime::from_nseconds(33_333_333);
        for n in [0u64, 1, 2, 4, 5] {
            let pts = ClockTime::from_nseconds(n * 1_000_000_000 / 30);
            observer.picture(pts, frame, pts);
        }
        assert_eq!(observer.observed(), Observed { pictures: 5, dropped: 1 });
        let pts = ClockTime::from_nseconds(200_000_000);
        observer.picture(pts, frame, pts + ClockTime::SECOND);
        assert_eq!(observer.observed().dropped, 2);
    }
}
