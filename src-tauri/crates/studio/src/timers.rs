//! When something is due again, by name.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Time passes for the state machine.
    Tick,
    /// What repeats itself is taken from its lane, the sum of hearts too: a number that changes
    /// with every tap cannot be read, and a window pays for every change.
    Latest,
    /// The window's clocks.
    Clock,
    /// The disk is measured.
    Disk,
    /// The viewer's page is asked for.
    Page,
    /// Replays that are due are deleted.
    Expiry,
    /// What did not work is tried again: to listen, to plan.
    Retry,
}

/// Each with its interval, and when it is due for the first time, in milliseconds.
const EVERY: [(Due, u64, u64); 7] = [
    (Due::Tick, 100, 100),
    (Due::Latest, 50, 50),
    (Due::Clock, 1_000, 1_000),
    (Due::Disk, 2_000, 100),
    (Due::Page, 5_000, 500),
    (Due::Expiry, 10_000, 5_000),
    (Due::Retry, 15_000, 15_000),
];

/// The actor's timers. A round that was missed is not made up for.
pub(crate) struct Timers {
    intervals: [(Due, Interval); 7],
}

impl Timers {
    /// Starts all of them.
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        let intervals = EVERY.map(|(due, every, first)| {
            let mut interval = interval_at(now + Duration::from_millis(first), Duration::from_millis(every));
            interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
            (due, interval)
        });
        Self { intervals }
    }

    /// The next one that is due. Cancel safe.
    pub(crate) async fn next(&mut self) -> Due {
        std::future::poll_fn(|context| {
            let due = self
                .intervals
                .iter_mut()
                .find_map(|(due, interval)| interval.poll_tick(context).is_ready().then_some(*due));
            due.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn everything_is_due_as_often_as_it_says() {
        let mut timers = Timers::start();
        let end = Instant::now() + Duration::from_millis(30_050);
        let mut seen = Vec::new();
        while let Ok(due) = tokio::time::timeout_at(end, timers.next()).await {
            seen.push(due);
        }
        let times = |wanted: Due| seen.iter().filter(|due| **due == wanted).count();
        assert_eq!((times(Due::Tick), times(Due::Latest), times(Due::Clock)), (300, 601, 30));
        assert_eq!((times(Due::Disk), times(Due::Page), times(Due::Expiry), times(Due::Retry)), (15, 6, 3, 2));
    }
}
