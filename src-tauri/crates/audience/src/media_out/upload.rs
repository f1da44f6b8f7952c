//! What the connection carries: how many sessions fit, and when the operator must know.

use domain::{Refusal, Severity};

use crate::config;
use crate::episode::Notice;

/// What a session's datagrams are more than its units: headers, sender reports, what is sent again.
const OVERHEAD_PERCENT: u64 = 110;
/// From here on the operator is warned.
const NEARLY_PERCENT: u64 = 90;
/// Below this another warning may follow.
const CALM_PERCENT: u64 = 75;

/// Whether a session counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upload {
    /// It leaves this computer.
    Counts,
    /// It stays here.
    Free,
}

/// What the operator knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Warned {
    Nothing,
    Nearly,
    Full,
}

/// The budget of all sessions.
pub(super) struct UploadBudget {
    config: Option<config::Upload>,
    warned: Warned,
}

/// About one more session.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) fits: bool,
    /// What the operator does not know yet.
    pub(super) notice: Option<Notice>,
}

impl UploadBudget {
    /// Without a configuration everything fits.
    pub(super) fn new(config: Option<config::Upload>) -> Self {
        Self { config, warned: Warned::Nothing }
    }

    /// What a session of a program that has `kbps` takes, in kb/s.
    pub(super) fn of_session(&self, kbps: u32) -> u64 {
        let least = self.config.map_or(0, |config| config.session_kbps);
        u64::from(least.max(kbps)) * OVERHEAD_PERCENT / 100
    }

    /// Whether a session that takes `more` fits beside those that take `used`, in kb/s.
    pub(super) fn decide(&mut self, used: u64, more: u64) -> Decision {
        let Some(config) = self.config else { return Decision { fits: true, notice: None } };
        let budget = u64::from(config.kbps);
        let fits = used + more <= budget;
        if used * 100 < budget * CALM_PERCENT {
            self.warned = Warned::Nothing;
        }
        let now = match fits {
            false => Warned::Full,
            true if (used + more) * 100 >= budget * NEARLY_PERCENT => Warned::Nearly,
            true => Warned::Nothing,
        };
        if now <= self.warned {
            return Decision { fits, notice: None };
        }
        self.warned = now;
        let (code, what) = if fits {
            ("audience.upload_nearly_used", "nearly used; soon nobody else can watch here")
        } else {
            ("audience.upload_full", "used; whoever comes now is turned away until somebody leaves")
        };
        let message = format!(
            "The upload budget of {budget} kb/s is {what}. Viewers take {used} kb/s, one more takes {more}. Raise the \
             budget if your connection carries more, or lower the video's bit rate before the next show"
        );
        Decision { fits, notice: Some(Notice { severity: Severity::Warning, refusal: Refusal::new(code, message) }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(budget: &mut UploadBudget, used: u64) -> (bool, Option<String>) {
        let Decision { fits, notice } = budget.decide(used, 1000);
        (fits, notice.map(|notice| notice.refusal.code))
    }

    #[test]
    fn the_operator_is_warned_once_before_and_once_when_somebody_is_turned_away() {
        let mut budget = UploadBudget::new(Some(config::Upload { kbps: 10_000, session_kbps: 900 }));
        let nearly = || Some("audience.upload_nearly_used".to_owned());
        let full = || Some("audience.upload_full".to_owned());
        assert_eq!(decide(&mut budget, 0), (true, None));
        assert_eq!(decide(&mut budget, 7900), (true, None));
        assert_eq!(decide(&mut budget, 8000), (true, nearly()));
        assert_eq!(decide(&mut budget, 9000), (true, None), "exactly fits");
        assert_eq!(decide(&mut budget, 9001), (false, full()));
        assert_eq!(decide(&mut budget, 10_000), (false, None));
        assert_eq!(decide(&mut budget, 8500), (true, None), "it was full a moment ago");
        assert_eq!(decide(&mut budget, 7000), (true, None));
        assert_eq!(decide(&mut budget, 9500), (false, full()), "it was calm in between");
    }

    #[test]
    fn a_session_takes_what_the_program_has_and_at_least_what_was_said() {
        let budget = UploadBudget::new(Some(config::Upload { kbps: 10_000, session_kbps: 1000 }));
        assert_eq!([0, 500, 2000].map(|kbps| budget.of_session(kbps)), [1100, 1100, 2200]);
        let mut unlimited = UploadBudget::new(None);
        assert_eq!(decide(&mut unlimited, u64::from(u32::MAX)), (true, None));
    }
}
