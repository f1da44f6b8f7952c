//! Counts the frames of the program, and those that should have been.

use std::sync::atomic::{AtomicU64, Ordering};

use gst::ClockTime;

/// A frame that leaves the blender so much after its time was not drawn in time. The blender's own
/// patience is well below this.
const LATE: ClockTime = ClockTime::from_mseconds(400);

/// What was counted since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FrameCount {
    /// Frames that were drawn.
    pub(crate) drawn: u64,
    /// Frames that are missing between two that were drawn, or were drawn late.
    pub(crate) dropped: u64,
}

/// Written by the blender's thread, read by others.
#[derive(Debug, Default)]
pub(crate) struct FrameCounter {
    drawn: AtomicU64,
    dropped: AtomicU64,
    /// When the next frame is due, in ns of running time; 0 before the first.
    due: AtomicU64,
}

impl FrameCounter {
    /// A frame of `pts` was drawn at `now` (both running time).
    pub(crate) fn frame(&self, pts: ClockTime, duration: ClockTime, now: ClockTime) {
        self.drawn.fetch_add(1, Ordering::Relaxed);
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
    pub(crate) fn count(&self) -> FrameCount {
        FrameCount { drawn: self.drawn.load(Ordering::Relaxed), dropped: self.dropped.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_no_gap_but_a_missing_frame_is() {
        let counter = FrameCounter::default();
        let frame = ClockTime::from_nseconds(33_333_333);
        for n in [0u64, 1, 2, 4, 5] {
            let pts = ClockTime::from_nseconds(n * 1_000_000_000 / 30);
            counter.frame(pts, frame, pts);
        }
        assert_eq!(counter.count(), FrameCount { drawn: 5, dropped: 1 });
        let pts = ClockTime::from_nseconds(200_000_000);
        counter.frame(pts, frame, pts + ClockTime::SECOND);
        assert_eq!(counter.count().dropped, 2);
    }
}
