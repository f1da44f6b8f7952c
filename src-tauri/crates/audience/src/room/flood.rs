//! Frames of one connection, whatever is in them: so many a second, no more.

use std::time::Duration;

use tokio::time::Instant;

/// At once.
const BURST: u32 = 60;
/// For each frame after that. The room's own buckets are far stricter.
const INTERVAL: Duration = Duration::from_millis(50);

/// Counts frames.
pub(super) struct Flood {
    full_at: Instant,
}

impl Flood {
    pub(super) fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Notes a frame; true if there are too many.
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        self.full_at = self.full_at.max(now) + INTERVAL;
        self.full_at.duration_since(now) > INTERVAL * BURST
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
