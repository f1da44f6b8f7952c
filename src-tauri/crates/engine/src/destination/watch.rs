//! Decides, from numbers and times alone, whether the far end takes the program.

use std::time::{Duration, Instant};

use crate::watchdog;

/// From the first attempt to open the connection until the far end takes the program.
pub(super) const CONNECT: Duration = Duration::from_secs(6);
/// A far end that says no most often does so within this time after the connection was opened.
const PROOF: Duration = Duration::from_secs(1);
/// A connection that held so long counts as a good one.
const GOOD: Duration = Duration::from_secs(5);
/// Pauses between attempts, in seconds; the last one stays.
const PAUSES: [u64; 4] = [1, 2, 4, 8];

/// What is known of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is being opened.
    Opening,
    /// The far end takes the program.
    Taking,
    /// The far end did not answer in time.
    NoAnswer,
    /// The far end stopped taking.
    Silent,
}

/// Watches one connection.
#[derive(Debug)]
pub(super) struct Watch {
    began: Instant,
    /// When bytes were first taken.
    opened: Option<Instant>,
    /// When bytes were last taken, and how many there were.
    grew: Instant,
    bytes: u64,
    taking: Option<Instant>,
    measured: (Instant, u64),
    kbps: u32,
}

impl Watch {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, opened: None, grew: now, bytes: 0, taking: None, measured: (now, 0), kbps: 0 }
    }

    /// The far end took `taken` bytes in all; `waiting` says whether there is more for it.
    pub(super) fn observe(&mut self, now: Instant, taken: u64, waiting: bool) -> Verdict {
        if taken > self.bytes {
            self.opened = self.opened.or(Some(now));
            (self.bytes, self.grew) = (taken, now);
        } else if !waiting {
            self.grew = now;
        }
        self.measure(now);
        let Some(opened) = self.opened else {
            return if now - self.began > CONNECT { Verdict::NoAnswer } else { Verdict::Opening };
        };
        if now - self.grew > watchdog::DESTINATION {
            return Verdict::Silent;
        }
        if self.taking.is_none() && now - opened >= PROOF && now - self.grew < PROOF {
            self.taking = Some(now);
        }
        if self.taking.is_some() { Verdict::Taking } else { Verdict::Opening }
    }

    fn measure(&mut self, now: Instant) {
        let (since, bytes) = self.measured;
        let passed = now - since;
        if passed >= Duration::from_secs(1) {
            let bits = self.bytes.saturating_sub(bytes) * 8;
            let kbps = u128::from(bits) / passed.as_millis().max(1);
            self.kbps = u32::try_from(kbps).unwrap_or(u32::MAX);
            self.measured = (now, self.bytes);
        }
    }

    /// What was taken in the last second.
    pub(super) fn kbps(&self) -> u32 {
        self.kbps
    }

    /// Whether the far end was given time enough for an answer, and gave none.
    pub(super) fn waited_long(&self, now: Instant) -> bool {
        self.opened.is_none() && now - self.began >= watchdog::DESTINATION
    }

    /// Whether the far end ever took the program.
    pub(super) fn was_taking(&self) -> bool {
        self.taking.is_some()
    }

    /// Whether the connection held long enough for the next failure to be a new one.
    pub(super) fn was_good(&self, now: Instant) -> bool {
        self.taking.is_some_and(|since| now - since >= GOOD)
    }
}

/// How long to wait before attempt number `attempt` (0 is the first after a failure). A tenth more
/// or less by `id`, so that several destinations do not come back in the same moment.
pub(super) fn pause(attempt: usize, id: u64) -> Duration {
    let seconds = PAUSES[attempt.min(PAUSES.len() - 1)];
    let share = id.wrapping_mul(618) % 201;
    Duration::from_millis(seconds * (900 + share))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(base: Instant, ms: u64) -> Instant {
        base + Duration::from_millis(ms)
    }

    #[test]
    fn a_far_end_that_takes_for_a_second_is_on_air_and_measured() {
        let base = Instant::now();
        let mut watch = Watch::new(base);
        assert_eq!(watch.observe(at(base, 100), 0, true), Verdict::Opening);
        for ms in (200..2000).step_by(100) {
            let expected = if ms >= 1200 { Verdict::Taking } else { Verdict::Opening };
            assert_eq!(watch.observe(at(base, ms), ms * 100, true), expected, "{ms}");
        }
        assert!((790..=890).contains(&watch.kbps()), "{}", watch.kbps());
        assert!(watch.was_taking() && !watch.was_good(at(base, 2000)) && watch.was_good(at(base, 7000)));
    }

    #[test]
    fn no_answer_is_told_after_the_deadline() {
        let base = Instant::now();
        let mut watch = Watch::new(base);
        assert_eq!(watch.observe(at(base, 6000), 0, true), Verdict::Opening);
        assert_eq!(watch.observe(at(base, 6001), 0, true), Verdict::NoAnswer);
    }

    #[test]
    fn silence_is_told_only_where_there_was_something_to_send() {
        let base = Instant::now();
        let mut watch = Watch::new(base);
        watch.observe(base, 1000, true);
        assert_eq!(watch.observe(at(base, 1000), 2000, true), Verdict::Taking);
        assert_eq!(watch.observe(at(base, 9000), 2000, false), Verdict::Taking);
        assert_eq!(watch.observe(at(base, 13_000), 2000, true), Verdict::Taking);
        assert_eq!(watch.observe(at(base, 13_001), 2000, true), Verdict::Silent);
    }

    #[test]
    fn pauses_grow_to_eight_seconds_and_differ_by_destination() {
        for (attempt, seconds) in [1.0, 2.0, 4.0, 8.0, 8.0, 8.0].into_iter().enumerate() {
            let share = pause(attempt, 7).as_secs_f32() / seconds;
            assert!((0.9..=1.1).contains(&share), "attempt {attempt}: {share}");
        }
        let pauses: std::collections::HashSet<_> = (0..50).map(|id| pause(3, id)).collect();
        assert!(pauses.len() > 25);
        assert!(pauses.iter().all(|pause| (7200..=8800).contains(&pause.as_millis())));
    }
}
