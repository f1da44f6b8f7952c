//! A token bucket without a timer: it only remembers when it will be full again.

use std::time::Duration;

/// Allows `burst` at once and one more each `interval`.
///
/// This is the generic cell rate algorithm (ITU-T I.371): one moment of state, exact, and no
/// drift however rarely it is asked.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    interval: Duration,
    tolerance: Duration,
    full_at: Duration,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(burst: u32, interval: Duration) -> Self {
        Self { interval, tolerance: interval * burst.saturating_sub(1), full_at: Duration::ZERO }
    }

    /// Takes one token, or says how long it takes until there is one.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let debt = self.full_at.saturating_sub(now);
        if debt > self.tolerance {
            return Err(debt - self.tolerance);
        }
        self.full_at = self.full_at.max(now) + self.interval;
        Ok(())
    }

    /// Whether nothing would be forgotten with this bucket.
    pub(super) fn is_full(&self, now: Duration) -> bool {
        self.full_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_one_each_interval() {
        let mut bucket = Bucket::new(3, Duration::from_millis(100));
        let at = Duration::from_millis;
        assert!((0..3).all(|_| bucket.take(at(1000)).is_ok()));
        assert_eq!(bucket.take(at(1000)), Err(at(100)));
        assert_eq!(bucket.take(at(1099)), Err(at(1)));
        assert_eq!(bucket.take(at(1100)), Ok(()));
        assert_eq!(bucket.take(at(1100)), Err(at(100)));
        assert!(!bucket.is_full(at(1300)));
        assert!(bucket.is_full(at(1400)));
    }
}
