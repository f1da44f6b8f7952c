//! When to ask for a keyframe: at once for the first who needs one, at most once a second for all.

use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(1);

/// Whether somebody needs a keyframe, and when one was asked for last.
#[derive(Debug, Default)]
pub(super) struct KeyframePace {
    wanted: bool,
    asked: Option<Instant>,
}

impl KeyframePace {
    /// Somebody needs one.
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// One arrived, or nobody is left who needs one.
    pub(super) fn satisfied(&mut self) {
        self.wanted = false;
    }

    /// Whether to ask now. Stays wanted until one arrives, so that a lost request is repeated.
    pub(super) fn ask(&mut self, now: Instant) -> bool {
        let ask = self.due().is_some_and(|due| due.is_none_or(|due| due <= now));
        if ask {
            self.asked = Some(now);
        }
        ask
    }

    /// When [`Self::ask`] will say yes: `Some(None)` is at once, none is never.
    pub(super) fn due(&self) -> Option<Option<Instant>> {
        self.wanted.then(|| self.asked.map(|asked| asked + INTERVAL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_together_asks_once_a_second_until_one_arrives() {
        let start = Instant::now();
        let mut pace = KeyframePace::default();
        assert!(!pace.ask(start));
        pace.want();
        assert!(pace.ask(start));
        pace.want();
        assert!(!pace.ask(start + INTERVAL / 2));
        assert!(pace.ask(start + INTERVAL));
        pace.satisfied();
        assert!(!pace.ask(start + INTERVAL * 3));
        pace.want();
        assert!(pace.ask(start + INTERVAL * 3));
    }
}
