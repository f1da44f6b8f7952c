//! How many comments everybody is shown, however many are accepted: what is faster nobody reads, and
//! to send it to five thousand people would take the uplink.

use std::time::Duration;

use crate::ToViewer;
use crate::room::rush::Rush;

const SECOND: Duration = Duration::from_secs(1);

/// What is shown, and what is not.
#[derive(Debug)]
pub(super) struct Pace {
    rush: Rush,
    unsaid: u32,
    skipped: u64,
    said_at: Option<Duration>,
}

impl Pace {
    /// Shows so many in any second.
    pub(super) fn new(in_a_second: u32) -> Self {
        Self { rush: Rush::new(in_a_second), unsaid: 0, skipped: 0, said_at: None }
    }

    /// Whether the comment that arrives now is shown to everybody.
    pub(super) fn is_shown(&mut self, now: Duration) -> bool {
        let is_shown = self.rush.take(now);
        if !is_shown {
            self.unsaid = self.unsaid.saturating_add(1);
            self.skipped += 1;
        }
        is_shown
    }

    /// Comments that were not shown, since the edge began.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// What everybody is to be sent now about comments that they were not shown, at most once a second.
    pub(super) fn take_word(&mut self, now: Duration) -> Option<ToViewer> {
        if self.deadline()? > now {
            return None;
        }
        self.said_at = Some(now);
        let count = std::mem::take(&mut self.unsaid);
        let comments = if count == 1 { "1 comment is".to_owned() } else { format!("{count} comments are") };
        let message =
            format!("So many people write at once that {comments} not shown here. The replay has all of them.");
        Some(ToViewer::Skipped { count, message })
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        (self.unsaid > 0).then(|| self.said_at.map_or(Duration::ZERO, |said_at| said_at + SECOND))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_once_a_second_how_many_were_not_shown() {
        let mut pace = Pace::new(30);
        let at = Duration::from_millis;
        assert_eq!((pace.deadline(), pace.take_word(at(0))), (None, None));
        let arrive = |pace: &mut Pace, ms, count| (0..count).filter(|_| !pace.is_shown(at(ms))).count();
        arrive(&mut pace, 100, 20);
        let count = |word| match word {
            Some(ToViewer::Skipped { count, .. }) => Some(count),
            _ => None,
        };
        assert_eq!(count(pace.take_word(at(100))), Some(5));
        arrive(&mut pace, 200, 3);
        assert_eq!((count(pace.take_word(at(1099))), pace.deadline()), (None, Some(at(1100))));
        assert_eq!((count(pace.take_word(at(1100))), pace.skipped()), (Some(3), 8));
    }
}
