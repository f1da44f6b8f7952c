//! What every thread of the engine may ask at any time: the time.

use std::sync::atomic::{AtomicU64, Ordering};

use gst::ClockTime;
use gst::prelude::ClockExt;

/// No program zero.
const NONE: u64 = u64::MAX;

/// The one clock, the one base time, and program zero while on air.
pub(super) struct Shared {
    pub(super) clock: gst::Clock,
    pub(super) base_time: ClockTime,
    zero: AtomicU64,
}

impl Shared {
    /// Time begins now. GStreamer must be initialised.
    pub(super) fn new() -> Self {
        // The system clock as it is by default: monotonic.
        let clock = gst::SystemClock::obtain();
        let base_time = clock.time();
        Self { clock, base_time, zero: AtomicU64::new(NONE) }
    }

    /// The present running time of every pipeline.
    pub(super) fn running_now(&self) -> ClockTime {
        self.clock.time().saturating_sub(self.base_time)
    }

    /// The present program time; none unless on air.
    pub(super) fn program_now(&self) -> Option<ClockTime> {
        Some(self.running_now().saturating_sub(self.zero()?))
    }

    /// The program time of `running`; none unless on air, or before program zero.
    pub(super) fn program(&self, running: ClockTime) -> Option<ClockTime> {
        running.checked_sub(self.zero()?)
    }

    pub(super) fn set_zero(&self, zero: Option<ClockTime>) {
        self.zero.store(zero.map_or(NONE, ClockTime::nseconds), Ordering::Release);
    }

    fn zero(&self) -> Option<ClockTime> {
        let zero = self.zero.load(Ordering::Acquire);
        (zero != NONE).then(|| ClockTime::from_nseconds(zero))
    }
}
