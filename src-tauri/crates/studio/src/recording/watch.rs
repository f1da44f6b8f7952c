//! What a disk does that neither writes nor fails, and a recording that could not be opened.

use std::time::Duration;

use domain::{Input, Refusal, Severity};
use tokio::time::Instant;

use super::STOPPED;
use crate::actor::{Message, problem};

/// How long the disk may be silent before the operator is notified: a minute of the program can wait.
const SILENT: Duration = Duration::from_secs(10);
const STALLED: &str = "recording.stalled";

/// Whether the operator knows that the disk does not answer.
#[derive(Debug, Default)]
pub(crate) struct DiskWatch {
    is_known: bool,
}

impl DiskWatch {
    /// What to say now that the disk has been silent for `stalled`.
    pub(crate) fn look(&mut self, stalled: Option<Duration>) -> Vec<Message> {
        let is_silent = stalled.is_some_and(|stalled| stalled >= SILENT);
        if is_silent == std::mem::replace(&mut self.is_known, is_silent) {
            return Vec::new();
        }
        if is_silent {
            let text = "The disk does not answer, and nothing is recorded; the show goes on, and a minute of it waits for \
                        the disk";
            return vec![problem(Severity::Alarm, Refusal::new(STALLED, text))];
        }
        let goes_on = Refusal::new("recording.resumed", "The disk answers again, and the recording goes on");
        vec![Message::Input(Input::Solved(STALLED)), problem(Severity::Note, goes_on)]
    }
}

/// A recording that could not be opened is tried again this soon, then after twice that, and so on.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest that is waited between two tries.
const LAST_RETRY: Duration = Duration::from_secs(8);

/// When a recording that could not be opened is tried again. Time is an argument.
#[derive(Debug, Default)]
pub(crate) struct Reopening {
    /// Since it failed: when it is tried again, and what is waited after that.
    failed: Option<(Instant, Duration)>,
}

impl Reopening {
    /// It failed at `now`; whether the operator must be notified.
    pub(crate) fn failed(&mut self, now: Instant) -> bool {
        let pause = self.failed.map_or(FIRST_RETRY, |(_, pause)| (pause * 2).min(LAST_RETRY));
        self.failed.replace((now + pause, pause)).is_none()
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.failed.is_some_and(|(retry, _)| now >= retry)
    }

    /// It is open. What to say, where it was not.
    pub(crate) fn opened(&mut self) -> Vec<Message> {
        if self.failed.take().is_none() {
            return Vec::new();
        }
        let text = "The show is recorded from now on; its beginning is missing in the recording";
        let solved = STOPPED.map(|code| Message::Input(Input::Solved(code)));
        solved.into_iter().chain([problem(Severity::Note, Refusal::new("recording.resumed", text))]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_does_not_answer_is_reported_once_and_so_is_that_it_does_again() {
        let mut watch = DiskWatch::default();
        let mut codes = |stalled: Option<u64>| -> Vec<String> {
            let said = watch.look(stalled.map(Duration::from_secs)).into_iter();
            let code = |message| match message {
                Message::Input(Input::Problem { refusal, .. }) => refusal.code,
                Message::Input(Input::Solved(code)) => format!("solved {code}"),
                _ => "?".to_owned(),
            };
            said.map(code).collect()
        };
        assert_eq!(codes(None), [""; 0]);
        assert_eq!(codes(Some(9)), [""; 0]);
        assert_eq!(codes(Some(10)), ["recording.stalled"]);
        assert_eq!(codes(Some(11)), [""; 0]);
        assert_eq!(codes(None), ["solved recording.stalled", "recording.resumed"]);
        assert_eq!(codes(None), [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_recording_that_cannot_be_opened_is_tried_less_and_less_often_and_reported_once() {
        let mut reopening = Reopening::default();
        let now = Instant::now();
        assert!(!reopening.is_due(now) && reopening.opened().is_empty());
        assert!(reopening.failed(now) && !reopening.is_due(now) && reopening.is_due(now + FIRST_RETRY));
        for pause in [2, 4, 8, 8] {
            assert!(!reopening.failed(now));
            let pause = Duration::from_secs(pause);
            assert!(!reopening.is_due(now + pause - Duration::from_millis(1)) && reopening.is_due(now + pause));
        }
        assert_eq!(reopening.opened().len(), 3, "both alarms are solved, and it says so");
        assert!(!reopening.is_due(now + LAST_RETRY) && reopening.failed(now));
    }
}
