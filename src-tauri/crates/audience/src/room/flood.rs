//! Frames of one connection: so many a second, no more, and of those that cannot be read far fewer.

use std::time::Duration;

use tokio::time::Instant;

/// At once.
const BURST: u32 = 60;
/// For each frame after that. The room's own buckets are far stricter.
const INTERVAL: Duration = Duration::from_millis(50);

/// Unreadable ones at once, and for each after that: a page that says one again and again is no attack.
const BAD_BURST: u32 = 20;
const BAD_INTERVAL: Duration = Duration::from_secs(5);

/// Counts frames.
pub(super) struct Flood {
    burst: u32,
    interval: Duration,
    full_at: Instant,
}

impl Flood {
    /// For all frames, whatever is in them.
    pub(super) fn new(now: Instant) -> Self {
        Self { burst: BURST, interval: INTERVAL, full_at: now }
    }

    /// For those that cannot be read.
    pub(super) fn of_unreadable(now: Instant) -> Self {
        Self { burst: BAD_BURST, interval: BAD_INTERVAL, full_at: now }
    }

    /// Notes a frame; true if there are too many.
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        self.full_at = self.full_at.max(now) + self.interval;
        self.full_at.duration_since(now) > self.interval * self.burst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_fine_and_a_flood_is_not() {
        let start = Instant::now();
        let mut flood = Flood::new(start);
        assert!((0..BURST).all(|_| !flood.is_over(start)));
        assert!(flood.is_over(start));
        assert!(!flood.is_over(start + INTERVAL * 2));
    }
}
