//! Health in one word, its cause and the remedy, from what was observed and nothing else. Off air:
//! whether a show could begin.

use super::standing::Quiet;
use super::{Content, Production};
use crate::{
    CheckId, CheckState, DestinationState, DeviceChoice, Health, HealthWord, Phase, Proof, Severity, SourceKind,
    SourceState, Stats, UnixMs,
};

/// The disk is worth a look below so many bytes.
const LITTLE_ROOM: u64 = 2_000_000_000;
/// The disk is all but full below so many bytes.
const NO_ROOM: u64 = 500_000_000;

/// What lowers the word, why, and what to do.
type Finding = (HealthWord, &'static str, String);

impl Production {
    /// Takes the numbers of the last second.
    pub(super) fn numbers(&mut self, stats: Stats) {
        let now = (stats.dropped_encoder, stats.dropped_network, stats.dropped_rendering);
        let before = std::mem::replace(&mut self.last_dropped, now);
        self.lost = (now.0.saturating_sub(before.0), now.1.saturating_sub(before.1), now.2.saturating_sub(before.2));
        self.snapshot.health.stats = stats;
    }

    /// The worst that is so; of what is equally bad, the first.
    pub(super) fn judge(&mut self, now: UnixMs) {
        let (word, cause, remedy) = match &self.snapshot.phase {
            Phase::Idle | Phase::CountingDown { .. } | Phase::Failed { .. } => self.readiness(),
            Phase::OnAir { .. } => {
                let mut worst = (HealthWord::Good, "", String::new());
                for finding in self.findings(now) {
                    if rank(finding.0) > rank(worst.0) {
                        worst = finding;
                    }
                }
                (worst.0, worst.1.to_owned(), worst.2)
            }
            Phase::Starting { .. } | Phase::Ending { .. } | Phase::Ended { .. } => {
                (HealthWord::Good, String::new(), String::new())
            }
        };
        let health = &mut self.snapshot.health;
        if health.word != word || health.cause != cause || health.remedy != remedy {
            *health = Health { word, cause, remedy, stats: std::mem::take(&mut health.stats) };
        }
    }

    /// What of the check list is missing.
    fn readiness(&self) -> (HealthWord, String, String) {
        let bad = self.snapshot.checks.iter().find(|check| check.state == CheckState::Bad);
        let waits = |id| !matches!(id, CheckId::Microphone | CheckId::Destinations);
        let waiting =
            || self.snapshot.checks.iter().find(|check| check.state == CheckState::Waiting && waits(check.id));
        if let Some(check) = bad {
            // A line of the list says what is so, and after a colon what to do.
            let (cause, remedy) = check.text.split_once(": ").unwrap_or((&check.text, ""));
            (HealthWord::Missing, cause.to_owned(), super::sentence(remedy))
        } else if let Some(check) = waiting() {
            (HealthWord::Missing, "One moment".to_owned(), check.text.clone())
        } else {
            (HealthWord::Ready, String::new(), String::new())
        }
    }

    fn findings(&self, now: UnixMs) -> impl Iterator<Item = Finding> {
        let groups = [self.of_the_encoding(), self.of_the_picture(), self.of_the_sound(now), self.of_what_is_kept()];
        groups.into_iter().flatten().chain(self.of_the_audience())
    }

    fn of_the_encoding(&self) -> Vec<Finding> {
        let stats = &self.snapshot.health.stats;
        let (encoder, network, rendering) = self.lost;
        let percent = |lost: u64| lost * 100 / u64::from(self.canvas.fps.max(1));
        let (poor, fair) = (|lost| percent(lost) > 5, |lost| percent(lost) > 1);
        let mut found = Vec::new();
        if stats.program_ms.0 > 0 && stats.fps < 1.0 {
            let remedy = "End the show and start again; the recording is kept";
            found.push(finding(HealthWord::Down, "No pictures leave the encoder", remedy));
        }
        if poor(rendering) || poor(encoder) {
            let remedy = "Close other programs, or use a smaller picture";
            found.push(finding(HealthWord::Poor, "The computer is too slow for this picture", remedy));
        } else if poor(network) {
            let cause = "Parts of the show did not reach viewers or destinations";
            found.push(finding(HealthWord::Poor, cause, "Look at the destinations, and at your connection"));
        } else if fair(rendering) || fair(encoder) || fair(network) {
            let cause = "Some pictures were lost in the last second";
            found.push(finding(HealthWord::Fair, cause, "Close other programs"));
        }
        found
    }

    fn of_the_picture(&self) -> Vec<Finding> {
        let videos: Vec<_> = self.snapshot.sources.iter().filter(|row| row.kind.is_video()).collect();
        let has = |state| videos.iter().any(|row| row.state == state);
        let mut found = Vec::new();
        if videos.iter().all(|row| row.state == SourceState::Off) {
            let remedy = "Choose a camera, share the screen, or use the test picture";
            found.push(finding(HealthWord::Poor, "There is no picture: people see a slate", remedy));
        } else if has(SourceState::Lost) {
            let is_screen = videos.iter().find(|row| row.state == SourceState::Lost).map(|row| row.kind);
            let (cause, remedy) = if is_screen == Some(SourceKind::Screen) {
                ("The screen is lost", "It comes back by itself; or choose another source")
            } else {
                ("The camera is lost", "Plug it in again, or choose another")
            };
            let word = if has(SourceState::Running) { HealthWord::Fair } else { HealthWord::Poor };
            found.push(finding(word, cause, remedy));
        }
        let (state, camera) = self.first_of(SourceKind::Camera);
        let content = camera.and_then(|id| self.observed.sources.get(id)?.content);
        match (state, content) {
            (SourceState::Running, Some(Content { black: true, .. })) => {
                found.push(finding(HealthWord::Fair, "The camera is black", "Open its cover, or turn on a light"));
            }
            (SourceState::Running, Some(Content { still: true, .. })) => {
                let remedy = "Move, or plug the camera in again";
                found.push(finding(HealthWord::Fair, "The picture stands still", remedy));
            }
            _ => {}
        }
        found
    }

    fn of_the_sound(&self, now: UnixMs) -> Vec<Finding> {
        let (state, _) = self.first_of(SourceKind::Microphone);
        let is_lost = |row: &crate::SourceStatus| !row.kind.is_video() && row.state == SourceState::Lost;
        let wanted = self.snapshot.setup.sources.iter().filter(|source| source.kind == SourceKind::Microphone);
        let wanted = wanted.filter(|source| source.choice != DeviceChoice::None).count();
        if self.snapshot.sources.iter().any(is_lost) {
            return vec![finding(HealthWord::Poor, "The microphone is lost", "Plug it in again, or choose another")];
        }
        if state == SourceState::Off && wanted > 0 {
            let remedy = "Plug one in, or choose “None” for a show without sound";
            return vec![finding(HealthWord::Fair, "No microphone was found: nothing is heard", remedy)];
        }
        match self.quiet(now) {
            Quiet::No => Vec::new(),
            Quiet::Muted => vec![finding(HealthWord::Fair, "You are muted", "Unmute the microphone to be heard")],
            Quiet::Silent(severity) => {
                let word = if severity == Severity::Alarm { HealthWord::Poor } else { HealthWord::Fair };
                vec![finding(word, "Nothing is heard", "Check the microphone and its gain")]
            }
        }
    }

    /// The recording, and the disk.
    fn of_what_is_kept(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if let Some(code) = &self.recording_stopped {
            let remedy = match code.as_str() {
                "recording.disk_full" => "Free some space: it is recorded again by itself",
                _ => "The show goes on without it; the notice says more",
            };
            found.push(finding(HealthWord::Fair, "Nothing is recorded", remedy));
        }
        if let Some(disk) = self.snapshot.disk.filter(|disk| disk.free_bytes < LITTLE_ROOM) {
            let word = if disk.free_bytes < NO_ROOM { HealthWord::Poor } else { HealthWord::Fair };
            let remedy = format!("Room for {}: delete replays or other files", super::minutes(disk.minutes_left));
            found.push((word, "The disk is almost full", remedy));
        }
        found
    }

    fn of_the_audience(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.observed.page == Some(false) {
            let remedy = "Look whether a firewall is in the way";
            found.push(finding(HealthWord::Poor, "The viewers' page does not answer", remedy));
        }
        if matches!(&self.snapshot.phase, Phase::OnAir { proof: Proof::Unverified { .. }, .. }) {
            let remedy = "Open the viewers' page and look";
            found.push(finding(HealthWord::Fair, "The studio has not seen its own show", remedy));
        }
        let rows = &self.snapshot.destinations;
        if rows.iter().any(|row| matches!(row.state, DestinationState::Retrying | DestinationState::Failed)) {
            let cause = "A destination does not take the program";
            found.push(finding(HealthWord::Fair, cause, "Look at the destinations"));
        }
        if rows.iter().any(|row| row.key_missing) {
            let remedy = "Give its stream key, or remove it";
            found.push(finding(HealthWord::Fair, "A destination needs its key", remedy));
        }
        found
    }
}

fn finding(word: HealthWord, cause: &'static str, remedy: &str) -> Finding {
    (word, cause, remedy.to_owned())
}

const fn rank(word: HealthWord) -> u8 {
    match word {
        HealthWord::Good | HealthWord::Ready | HealthWord::Missing => 0,
        HealthWord::Fair => 1,
        HealthWord::Poor => 2,
        HealthWord::Down => 3,
    }
}
