//! Health in one word, its cause and the remedy, from observed numbers only.

use super::Production;
use crate::{DestinationState, Health, HealthWord, Phase, Proof, Refusal, Severity, Stats, UnixMs};

/// Silence on air is worth a warning after so many milliseconds.
const SILENCE_WARNING_MS: u64 = 5_000;
/// Silence on air is an alarm after so many milliseconds.
const SILENCE_ALARM_MS: u64 = 15_000;
/// The code of the notice about silence.
const SILENT: &str = "audio.silent";

impl Production {
    /// Takes the numbers of the last second.
    pub(super) fn numbers(&mut self, stats: Stats) {
        let now = (stats.dropped_encoder, stats.dropped_network, stats.dropped_rendering);
        let before = std::mem::replace(&mut self.last_dropped, now);
        let lost = (now.0.saturating_sub(before.0), now.1.saturating_sub(before.1), now.2.saturating_sub(before.2));
        let (word, cause, remedy) = self.judge(&stats, lost);
        self.snapshot.health = Health { word, cause: cause.to_owned(), remedy: remedy.to_owned(), stats };
    }

    fn judge(
        &self,
        stats: &Stats,
        (encoder, network, rendering): (u64, u64, u64),
    ) -> (HealthWord, &'static str, &'static str) {
        if !self.is_on_air() {
            return (HealthWord::Good, "", "");
        }
        let fps = self.canvas.fps;
        let percent = |lost: u64| lost * 100 / u64::from(fps);
        if stats.fps < 1.0 {
            return (
                HealthWord::Down,
                "No pictures leave the encoder",
                "End the show and start again; the recording is kept",
            );
        }
        let poor = |lost| percent(lost) > 5;
        let fair = |lost| percent(lost) > 1;
        if poor(rendering) || poor(encoder) {
            return (
                HealthWord::Poor,
                "The computer is too slow for this picture",
                "Close other programs, or use a smaller picture",
            );
        }
        if poor(network) {
            return (
                HealthWord::Poor,
                "Units were lost on their way to viewers or destinations",
                "Look at the destinations",
            );
        }
        if fair(rendering) || fair(encoder) || fair(network) {
            return (HealthWord::Fair, "Some pictures were lost in the last second", "Close other programs");
        }
        if matches!(&self.snapshot.phase, Phase::OnAir { proof: Proof::Unverified { .. }, .. }) {
            return (HealthWord::Fair, "The studio has not seen its own show", "Open the viewers' page and look");
        }
        let retries =
            |row: &crate::DestinationStatus| matches!(row.state, DestinationState::Retrying | DestinationState::Failed);
        if self.snapshot.destinations.iter().any(retries) {
            return (HealthWord::Fair, "A destination does not take the program", "Look at the destinations");
        }
        (HealthWord::Good, "", "")
    }

    /// Says so when nothing is heard on air, once each time and once more when it lasts.
    pub(super) fn silence(&mut self, now: UnixMs) {
        let silent_for = match (&self.snapshot.phase, self.observed.silent_since) {
            (Phase::OnAir { since, .. }, Some(silent)) => now.since(silent.max(*since)),
            _ => 0,
        };
        let (severity, text) = if silent_for < SILENCE_WARNING_MS {
            self.observed.silence_told = None;
            self.snapshot.notices.retain(|notice| notice.code != SILENT);
            return;
        } else if silent_for < SILENCE_ALARM_MS {
            (Severity::Warning, "Nothing is heard on air: check the microphone and its gain")
        } else {
            (
                Severity::Alarm,
                "Nothing has been heard on air for 15 seconds: check the microphone, its gain and whether it is muted",
            )
        };
        if self.observed.silence_told.replace(severity) != Some(severity) {
            self.notice(severity, Refusal::new(SILENT, text));
        }
    }
}
