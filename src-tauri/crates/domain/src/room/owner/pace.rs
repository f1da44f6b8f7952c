//! How many comments a room accepts, whoever writes them.

use std::time::Duration;

use crate::room::rush::Rush;

const SECOND: Duration = Duration::from_secs(1);
/// Nobody is asked to wait longer.
const LONGEST: Duration = Duration::from_secs(30);

/// What a room accepts, and when those who were turned away may come back.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    rush: Rush,
    /// The moment that was given to whoever was turned away last. Each gets one of their own, so that
    /// they do not all come back at once: the more there are, the longer they wait.
    last_return: Duration,
}

impl Pace {
    pub(super) fn new(in_a_second: u32) -> Self {
        Self { interval: SECOND / in_a_second.max(1), rush: Rush::new(in_a_second), last_return: Duration::ZERO }
    }

    /// Notes a comment that is accepted now, or says when its writer may try again.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        if self.rush.take(now) {
            return Ok(());
        }
        let next = self.last_return + self.interval;
        self.last_return = next.clamp(now + SECOND, now + LONGEST);
        Err(self.last_return - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::limits::ACCEPTED_A_SECOND as MOST;

    #[test]
    fn a_hundred_in_any_second_and_whoever_is_turned_away_waits_longer_the_more_there_are() {
        let mut pace = Pace::new(MOST);
        let at = Duration::from_millis;
        let mut accepted = Vec::new();
        let mut retries = Vec::new();
        for ms in (0..10_000).flat_map(|ms| [ms; 3]) {
            match pace.take(at(ms)) {
                Ok(()) => accepted.push(ms),
                Err(retry) => retries.push(retry),
            }
        }
        assert!(
            accepted
                .iter()
                .all(|end| accepted.iter().filter(|ms| **ms <= *end && **ms + 1000 > *end).count() <= MOST as usize)
        );
        assert!(accepted.len() > 950, "{} of a thousand", accepted.len());
        assert_eq!((retries[0], retries.iter().max()), (at(1000), Some(&LONGEST)));
        assert!(retries[50] > retries[0] && retries[1000] > retries[50]);
        assert_eq!(pace.take(at(60_000)), Ok(()), "who waited long enough is heard");
    }
}
