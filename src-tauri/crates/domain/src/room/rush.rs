//! So many in any second, and in a rush evenly, not the first of each second.

use std::collections::VecDeque;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Lets through so many in any second, exactly. Half of them may come at once.
#[derive(Debug)]
pub(super) struct Rush {
    in_a_second: u32,
    taken: VecDeque<Duration>,
    /// When the next one is due, in a rush.
    turn: Duration,
}

impl Rush {
    pub(super) fn new(in_a_second: u32) -> Self {
        Self { in_a_second: in_a_second.max(1), taken: VecDeque::new(), turn: Duration::ZERO }
    }

    /// Whether one passes now.
    pub(super) fn take(&mut self, now: Duration) -> bool {
        while self.taken.front().is_some_and(|first| *first + SECOND <= now) {
            self.taken.pop_front();
        }
        let (interval, most) = (SECOND / self.in_a_second, self.in_a_second as usize);
        let passes = self.taken.len() < most.div_ceil(2) || (self.taken.len() < most && self.turn <= now);
        if passes {
            self.taken.push_back(now);
            self.turn = self.turn.max(now.saturating_sub(interval)) + interval;
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(in_a_second: u32, arrivals: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut rush = Rush::new(in_a_second);
        arrivals.into_iter().filter(|ms| rush.take(Duration::from_millis(*ms))).collect()
    }

    #[test]
    fn in_a_rush_so_many_pass_in_any_second_evenly() {
        let cases = [(30, 1, 10), (30, 1, 33), (100, 3, 1), (100, 7, 10)];
        for (most, at_once, every) in cases {
            let taken = taken(most, (0..10_000).step_by(every).flat_map(|ms| std::iter::repeat_n(ms, at_once)));
            let in_second = |end: u64| taken.iter().filter(|ms| **ms <= end && **ms + 1000 > end).count();
            assert!((0..10_000).all(|end| in_second(end) <= most as usize), "{most} {at_once} {every}");
            let in_fifth = |start: u64| taken.iter().filter(|ms| (start..start + 200).contains(ms)).count();
            let fifths: Vec<usize> = (3000..9_800).step_by(200).map(in_fifth).collect();
            let (least, fair) = (fifths.iter().min(), most as usize / 5);
            assert!(least >= Some(&(fair / 2)), "{most} {at_once} {every}: {fifths:?}");
            assert!(taken.len() * 10 >= most as usize * 90, "{most} {at_once} {every}: {}", taken.len());
        }
    }

    #[test]
    fn what_comes_at_once_where_there_is_little_passes_at_once() {
        assert_eq!(taken(30, [5; 15]).len(), 15);
        assert_eq!(taken(30, (0..10_000).step_by(40)).len(), 250, "25 a second");
    }
}
