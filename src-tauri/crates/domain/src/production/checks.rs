//! The check list: what was observed, line by line. It warns; it forbids nothing.

use super::{Content, Production};
use crate::{Check, CheckId, CheckState, DestinationState, Reach, SourceKind, SourceState, UnixMs};

/// A microphone was heard if it was loud within so many milliseconds.
const HEARD_WITHIN_MS: u64 = 10_000;
/// Room for so many minutes of recording is enough.
const MINUTES_ENOUGH: u64 = 120;

impl Production {
    pub(super) fn checks(&self, now: UnixMs) -> Vec<Check> {
        let mut checks = vec![self.picture_check(), self.sound_check(now), self.disk_check(), self.page_check()];
        checks.extend(self.destinations_check());
        checks
    }

    fn picture_check(&self) -> Check {
        let (state, camera) = self.first_of(SourceKind::Camera);
        let content = camera.and_then(|id| self.observed.sources.get(id)?.content);
        let (state, text) = match (state, content) {
            (SourceState::Off, _) if self.first_of(SourceKind::Screen).0 == SourceState::Running => {
                (CheckState::Good, "No camera; the screen is shown")
            }
            (SourceState::Off, _) => (CheckState::Bad, "No camera: choose one, or share the screen"),
            (SourceState::Lost, _) => (CheckState::Bad, "The camera is lost: plug it in again, or choose another"),
            (SourceState::Starting, _) | (SourceState::Running, None) => (CheckState::Waiting, "Looking at the camera"),
            (SourceState::Running, Some(Content { black: true, .. })) => {
                (CheckState::Bad, "The camera is black: open its cover, or turn on a light")
            }
            (SourceState::Running, Some(Content { still: true, .. })) => {
                (CheckState::Bad, "The picture stands still: move, or plug the camera in again")
            }
            (SourceState::Running, Some(_)) => (CheckState::Good, "The camera moves"),
        };
        check(CheckId::Camera, state, text)
    }

    fn sound_check(&self, now: UnixMs) -> Check {
        let (state, microphone) = self.first_of(SourceKind::Microphone);
        let heard_at = microphone.and_then(|id| self.observed.sources.get(id)?.heard_at);
        let heard = heard_at.is_some_and(|at| now.since(at) < HEARD_WITHIN_MS);
        let setup = self.snapshot.setup.sources.iter().find(|source| Some(&source.id) == microphone);
        let muted = setup.is_some_and(|source| source.strip.muted);
        let (state, text) = match state {
            SourceState::Off => (CheckState::Bad, "No microphone: choose one"),
            SourceState::Lost => (CheckState::Bad, "The microphone is lost: plug it in again, or choose another"),
            _ if muted => (CheckState::Bad, "The microphone is muted: unmute it to be heard"),
            _ if heard => (CheckState::Good, "The microphone is heard"),
            SourceState::Starting => (CheckState::Waiting, "Listening to the microphone"),
            SourceState::Running => (CheckState::Waiting, "Say something: nothing was heard yet"),
        };
        check(CheckId::Microphone, state, text)
    }

    fn disk_check(&self) -> Check {
        match self.snapshot.disk {
            None => check(CheckId::Disk, CheckState::Waiting, "Measuring the disk"),
            Some(disk) if disk.minutes_left >= MINUTES_ENOUGH => {
                let text = format!("Room for {} of recording", super::minutes(disk.minutes_left));
                Check { id: CheckId::Disk, state: CheckState::Good, text }
            }
            Some(disk) => {
                let room = super::minutes(disk.minutes_left);
                let text = format!("Room for {room} only: delete replays or other files");
                Check { id: CheckId::Disk, state: CheckState::Bad, text }
            }
        }
    }

    fn page_check(&self) -> Check {
        let in_a_network = self.snapshot.setup.reach == Some(Reach::ThisNetwork);
        let (state, text) = match self.observed.page {
            _ if in_a_network && self.snapshot.links.only_here => {
                (CheckState::Bad, "This computer is in no network: connect it, or only its own browsers can watch")
            }
            None => (CheckState::Waiting, "Asking for the viewers' page"),
            Some(true) => (CheckState::Good, "The viewers' page answers"),
            Some(false) => {
                (CheckState::Bad, "The viewers' page does not answer: look whether a firewall is in the way")
            }
        };
        check(CheckId::Page, state, text)
    }

    /// No line without a destination.
    fn destinations_check(&self) -> Option<Check> {
        let rows = &self.snapshot.destinations;
        let count = |state| rows.iter().filter(|row| row.state == state).count();
        let troubled = count(DestinationState::Failed) + count(DestinationState::Retrying);
        let (state, text) = if rows.is_empty() {
            return None;
        } else if rows.iter().any(|row| row.key_missing) {
            (CheckState::Bad, "A destination needs its key: give it, or remove the destination".to_owned())
        } else if troubled > 0 {
            (
                CheckState::Bad,
                format!("{troubled} of {} destinations do not take the program: look at them", rows.len()),
            )
        } else if count(DestinationState::OnAir) == rows.len() {
            (CheckState::Good, "The destinations take the program".to_owned())
        } else {
            (CheckState::Waiting, "Destinations are asked when the show begins".to_owned())
        };
        Some(Check { id: CheckId::Destinations, state, text })
    }
}

fn check(id: CheckId, state: CheckState, text: &str) -> Check {
    Check { id, state, text: text.to_owned() }
}
