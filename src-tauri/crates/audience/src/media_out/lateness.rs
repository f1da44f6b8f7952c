//! How far the media thread is behind.

use std::time::{Duration, Instant};

/// How late the thread is: the worst of the last one to two seconds, measured from where a unit's
/// program time lies on the wall to its being sent.
#[derive(Debug, Default)]
pub(super) struct Lateness {
    since: Option<Instant>,
    current: Duration,
    before: Duration,
}

impl Lateness {
    /// Something was sent so late.
    pub(super) fn note(&mut self, late: Duration, now: Instant) {
        self.turn(now);
        self.current = self.current.max(late);
    }

    /// The worst lately.
    pub(super) fn worst(&mut self, now: Instant) -> Duration {
        self.turn(now);
        self.current.max(self.before)
    }

    /// Begins another second when one is over.
    fn turn(&mut self, now: Instant) {
        const SECOND: Duration = Duration::from_secs(1);
        let since = *self.since.get_or_insert(now);
        let age = now.saturating_duration_since(since);
        if age >= SECOND {
            self.before = if age < SECOND * 2 { self.current } else { Duration::ZERO };
            self.current = Duration::ZERO;
            self.since = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_the_worst_of_the_last_seconds() {
        let (mut lateness, start) = (Lateness::default(), Instant::now());
        let ms = Duration::from_millis;
        lateness.note(ms(5), start);
        lateness.note(ms(90), start + ms(100));
        lateness.note(ms(7), start + ms(1100));
        assert_eq!(lateness.worst(start + ms(1200)), ms(90));
        lateness.note(ms(8), start + ms(2200));
        assert_eq!(lateness.worst(start + ms(2200)), ms(8));
        assert_eq!(lateness.worst(start + ms(9000)), ms(0));
    }
}
