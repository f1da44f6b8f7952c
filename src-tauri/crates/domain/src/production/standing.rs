//! Notices that stand for as long as their cause does: nothing has to take them back. And which
//! notices are about one and the same cause, and which leave with their show.

use super::Production;
use crate::{
    Act, Command, Device, DeviceChoice, Notice, NoticeId, Phase, Refusal, Severity, SourceKind, SourceSetup,
    SourceState, SourceStatus, UnixMs,
};

/// Silence on air is worth a warning after so many milliseconds.
const SILENCE_WARNING_MS: u64 = 5_000;
/// Silence on air is an alarm after so many milliseconds.
const SILENCE_ALARM_MS: u64 = 15_000;
const SILENT: &str = "audio.silent";
const MUTED: &str = "audio.muted";
const LOST: &str = "source.lost.";
/// What the studio says of the recording that runs, in different words at different times.
const OF_THE_RECORDING: &str = "recording.";
/// Recordings of earlier shows: apart from the one that runs.
const OF_EARLIER_ONES: [&str; 3] = ["recording.unfinished", "recording.recovered", "recording.none"];
/// How the codes of notices begin that are about one show: a new one begins without them.
const OF_A_SHOW: [&str; 8] =
    ["audio.", "probe.", "recording.", "destination.", "engine.", "chat.", "archive.", "studio."];
/// How the codes of notices begin that are about what is on air now.
const OF_THE_AIR: [&str; 2] = ["audio.", "probe."];
/// Cannot be filed, and stands until it can.
const UNFINISHED: &str = OF_EARLIER_ONES[0];

/// How loud the program is, as far as the operator must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quiet {
    /// Something is heard, or nothing is meant to be.
    No,
    /// Nobody is heard because the operator muted them.
    Muted,
    /// Nothing is heard, and nobody meant that.
    Silent(Severity),
}

/// A notice that follows from how things stand.
struct Standing {
    severity: Severity,
    code: String,
    text: String,
    act: Option<Act>,
}

impl Production {
    /// Notifies the operator; a notice of the same cause is replaced.
    pub(super) fn notice(&mut self, severity: Severity, refusal: Refusal) {
        let Refusal { code, message: text } = refusal;
        if severity == Severity::Alarm && is_of_the_recording(&code) && self.is_busy() {
            self.recording_stopped = Some(code.clone());
        }
        let same = |notice: &Notice| notice.code != code && cause(&notice.code) == cause(&code);
        // The disk is full for the archive, too: the recording's words say what becomes of the show.
        if code == "archive.disk_full" && self.snapshot.notices.iter().any(same) {
            return;
        }
        // Nobody is to be heard where no microphone was chosen.
        if code == "probe.silent" && self.chosen_microphones().next().is_none() {
            return;
        }
        self.put_notice(severity, code, text, None);
    }

    /// What has this code is over.
    pub(super) fn solved(&mut self, code: &str) {
        if self.recording_stopped.as_deref() == Some(code) {
            self.recording_stopped = None;
        }
        self.snapshot.notices.retain(|notice| notice.code != code);
    }

    pub(super) fn dismiss(&mut self, id: NoticeId) {
        if let Some(notice) = self.snapshot.notices.iter().find(|notice| notice.id == id) {
            // It may stand on; it is said again when it gets worse.
            self.dismissed.insert(notice.code.clone(), notice.severity);
        }
        self.snapshot.notices.retain(|notice| notice.id != id);
    }

    /// A new show begins: what was said about the one before is over.
    pub(super) fn forget_the_last_show(&mut self) {
        self.recording_stopped = None;
        self.dismissed.clear();
        let goes = |code: &str| OF_A_SHOW.iter().any(|kind| code.starts_with(kind)) && code != UNFINISHED;
        self.snapshot.notices.retain(|notice| !goes(&notice.code));
    }

    /// The show is over: what was to be done about its sound and picture is, too.
    pub(super) fn forget_the_air(&mut self) {
        self.recording_stopped = None;
        self.snapshot.notices.retain(|notice| !OF_THE_AIR.iter().any(|kind| notice.code.starts_with(kind)));
    }

    /// Brings the notices that follow from how things stand up to date.
    pub(super) fn stand(&mut self, now: UnixMs) {
        let mut standing: Vec<Standing> = self.lost_sources();
        standing.extend(self.quiet_notice(now));
        let stands = |code: &str| standing.iter().any(|one| one.code == code);
        self.snapshot.notices.retain(|notice| !is_standing(&notice.code) || stands(&notice.code));
        self.dismissed.retain(|code, _| !is_standing(code) || stands(code));
        for Standing { severity, code, text, act } in standing {
            let known = self.snapshot.notices.iter().find(|notice| notice.code == code);
            let is_said =
                known.is_some_and(|notice| (notice.severity, &notice.text, &notice.act) == (severity, &text, &act));
            let is_dismissed = self.dismissed.get(&code).is_some_and(|at| rank(severity) <= rank(*at));
            if !is_said && !is_dismissed {
                self.dismissed.remove(&code);
                self.put_notice(severity, code, text, act);
            }
        }
    }

    /// Whether somebody should be heard, and nobody is.
    pub(super) fn quiet(&self, now: UnixMs) -> Quiet {
        let silent_for = match (&self.snapshot.phase, self.observed.silent_since) {
            (Phase::OnAir { since, .. }, Some(silent)) => now.since(silent.max(*since)),
            _ => 0,
        };
        // A microphone that is lost says so itself, and where none was chosen nothing is to be heard.
        let open = self.chosen_microphones().filter(|(_, row)| row.state != SourceState::Lost);
        let (muted, heard): (Vec<_>, Vec<_>) = open.partition(|(source, _)| source.strip.muted);
        if silent_for < SILENCE_WARNING_MS || (muted.is_empty() && heard.is_empty()) {
            Quiet::No
        } else if heard.is_empty() {
            Quiet::Muted
        } else if silent_for < SILENCE_ALARM_MS {
            Quiet::Silent(Severity::Warning)
        } else {
            Quiet::Silent(Severity::Alarm)
        }
    }

    fn quiet_notice(&self, now: UnixMs) -> Option<Standing> {
        let (severity, code, text) = match self.quiet(now) {
            Quiet::No => return None,
            Quiet::Muted => (Severity::Note, MUTED, "You are muted: people hear nothing of you"),
            Quiet::Silent(Severity::Alarm) => {
                let text = "Nothing has been heard on air for 15 seconds: check the microphone, and its gain";
                (Severity::Alarm, SILENT, text)
            }
            Quiet::Silent(severity) => (severity, SILENT, "Nothing is heard on air: check the microphone and its gain"),
        };
        let muted = self.chosen_microphones().find(|(source, _)| source.strip.muted);
        let unmute = muted.filter(|_| code == MUTED).map(|(source, _)| Act {
            label: "Unmute".to_owned(),
            command: Box::new(Command::SetMuted { id: source.id.clone(), muted: false }),
        });
        Some(Standing { severity, code: code.to_owned(), text: text.to_owned(), act: unmute })
    }

    fn lost_sources(&self) -> Vec<Standing> {
        let lost = self.snapshot.sources.iter().filter(|row| row.state == SourceState::Lost);
        lost.map(|row| self.lost_source(row)).collect()
    }

    fn lost_source(&self, row: &SourceStatus) -> Standing {
        let (word, name, on_air) = (row.kind.word().replace('-', " "), &row.name, self.is_on_air());
        let people = match (on_air, row.kind) {
            (false, _) => "",
            (true, SourceKind::Microphone | SourceKind::ComputerSound) => ": people hear nothing of it",
            (true, SourceKind::Camera | SourceKind::Screen) => ": people see its last picture, then a slate",
        };
        let remedy = match row.kind {
            SourceKind::Screen => "It comes back by itself as soon as it can be seen again",
            SourceKind::ComputerSound => "It comes back by itself with the loudspeaker that played it",
            SourceKind::Camera | SourceKind::Microphone => "Plug it in again: it comes back by itself",
        };
        let other = self.another_for(row);
        Standing {
            severity: if on_air { Severity::Alarm } else { Severity::Warning },
            code: format!("{LOST}{}", row.id),
            text: format!("The {word} “{name}” is lost{people}. {remedy}"),
            act: other.map(|device| Act {
                label: format!("Use “{}”", device.name),
                command: Box::new(Command::SelectSource {
                    id: row.id.clone(),
                    choice: DeviceChoice::Device(device.id.clone()),
                }),
            }),
        }
    }

    /// A device that could take the place of the one that is lost. It is offered, never taken.
    fn another_for(&self, row: &SourceStatus) -> Option<&Device> {
        let taken = |id: &str| self.snapshot.sources.iter().any(|row| row.device.as_deref() == Some(id));
        let fits = |device: &&Device| device.kind == row.kind.devices() && device.unusable.is_none();
        self.snapshot.devices.iter().filter(fits).find(|device| !taken(&device.id))
    }

    fn chosen_microphones(&self) -> impl Iterator<Item = (&SourceSetup, &SourceStatus)> {
        let chosen = self.snapshot.sources.iter();
        let chosen = chosen.filter(|row| row.kind == SourceKind::Microphone && row.state != SourceState::Off);
        chosen.filter_map(|row| {
            let source = self.snapshot.setup.sources.iter().find(|source| source.id == row.id)?;
            Some((source, row))
        })
    }

    fn put_notice(&mut self, severity: Severity, code: String, text: String, act: Option<Act>) {
        self.snapshot.notices.retain(|notice| cause(&notice.code) != cause(&code));
        self.next_notice += 1;
        let id = NoticeId(self.next_notice);
        self.snapshot.notices.push(Notice { id, severity, code, text, act });
        if self.snapshot.notices.len() > 20 {
            self.snapshot.notices.remove(0);
        }
    }
}

/// Whether a notice of this code is one of those that follow from how things stand.
fn is_standing(code: &str) -> bool {
    code == SILENT || code == MUTED || code.starts_with(LOST)
}

fn is_of_the_recording(code: &str) -> bool {
    code.starts_with(OF_THE_RECORDING) && !OF_EARLIER_ONES.contains(&code)
}

/// What a notice is about: of two about the same, the newer one is true.
fn cause(code: &str) -> &str {
    match code {
        "archive.disk_full" => OF_THE_RECORDING,
        code if is_of_the_recording(code) => OF_THE_RECORDING,
        // The probe heard what the meters hear.
        "probe.silent" => SILENT,
        code => code,
    }
}

const fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::Note => 0,
        Severity::Warning => 1,
        Severity::Alarm => 2,
    }
}
