//! What is observed, section by section, as the window shows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Command, DestinationId, EpisodeId, NoticeId, Refusal, Seq, SourceId, ViewerId};

/// Milliseconds of program time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[ts(export, type = "number")]
pub struct ProgramMs(pub u64);

/// Milliseconds of Unix time (UTC), as the system clock has it. It may be set back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[ts(export, type = "number")]
pub struct UnixMs(pub u64);

impl UnixMs {
    /// Milliseconds from `earlier` to this; 0 where the clock was set back.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment and `milliseconds`. Saturates.
    #[must_use]
    pub const fn plus(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }
}

/// Where the broadcast stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "phase", rename_all = "snake_case")]
#[ts(export)]
pub enum Phase {
    /// Nothing is on air.
    Idle,
    /// 3-2-1; the show starts at `until`.
    CountingDown {
        /// When it is zero.
        until: UnixMs,
    },
    /// The encoding runs; the proof is awaited.
    Starting {
        /// The episode.
        episode: EpisodeId,
        /// When it began.
        since: UnixMs,
    },
    /// On air.
    OnAir {
        /// The episode.
        episode: EpisodeId,
        /// When it began.
        since: UnixMs,
        /// Whether the studio received and decoded its own public output.
        proof: Proof,
    },
    /// The recording is being finished.
    Ending {
        /// The episode.
        episode: EpisodeId,
    },
    /// It is over; the replay is shown until the operator goes on.
    Ended {
        /// The episode.
        episode: EpisodeId,
    },
    /// Going on air did not work. Nothing is on air.
    Failed {
        /// Why.
        reason: Refusal,
    },
}

/// Whether the studio saw its own public output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "proof", rename_all = "snake_case")]
#[ts(export)]
pub enum Proof {
    /// Received and decoded: sixty pictures with advancing time, and sound.
    Verified,
    /// Not within 8 s, or not since.
    Unverified {
        /// Why, for a person.
        reason: String,
    },
}

/// One line of the check list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Check {
    /// Which.
    pub id: CheckId,
    /// How it stands.
    pub state: CheckState,
    /// What it says: what was observed, or what to do.
    pub text: String,
}

/// The lines of the check list, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CheckId {
    /// The camera moves: not black, not frozen.
    Camera,
    /// The microphone is heard.
    Microphone,
    /// Room for two hours of recording.
    Disk,
    /// The viewer's page answers.
    Page,
    /// Destinations accepted the program.
    Destinations,
}

/// How a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CheckState {
    /// Not known yet.
    Waiting,
    /// Observed to be good.
    Good,
    /// Observed to be bad: a warning, never a refusal.
    Bad,
}

/// Where a destination stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum DestinationState {
    /// Waiting for the show.
    Idle,
    /// Opening the connection.
    Connecting,
    /// The far end takes the program.
    OnAir,
    /// It was lost or silent; another attempt follows.
    Retrying,
    /// It said no; no further attempt without a change.
    Failed,
    /// The show is over.
    Ended,
}

/// A destination as the window shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DestinationStatus {
    /// Which.
    pub id: DestinationId,
    /// The far end's name, without path and key.
    pub host: String,
    /// Where it stands.
    pub state: DestinationState,
    /// The stable name of the last reason, e.g. `destination.silent`; empty if none.
    pub code: String,
    /// What happened and what to do; empty if nothing is wrong.
    pub problem: String,
    /// Bits that the far end took in the last second, in kb/s.
    pub kbps: u32,
    /// Whether the key is given apart from the address. One that stands in it can be changed, too.
    pub wants_key: bool,
    /// Whether the address needs a key that was not given in this session.
    pub key_missing: bool,
}

/// Where people watch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Links {
    /// The viewer's page at an address that the chosen audience can reach.
    pub viewer_url: String,
    /// The WHEP address.
    pub whep_url: String,
    /// The room's address.
    pub room_url: String,
    /// The page's address as a QR code: an SVG path of unit squares, and its side in squares.
    pub qr_path: String,
    /// Side of the QR code in squares, quiet zone not included; 0 where there is none.
    pub qr_side: u32,
    /// Whether nobody but this computer can open the page at that address.
    pub only_here: bool,
}

impl Links {
    /// The multivariant playlist of HLS.
    #[must_use]
    pub fn hls_url(&self) -> String {
        format!("{}/index.m3u8", self.viewer_url)
    }
}

/// A person in the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Person {
    /// Who.
    pub id: ViewerId,
    /// Their name; empty where they gave none.
    pub name: String,
    /// Their colour, in degrees.
    pub hue: u16,
    /// 2 for the second person whose name looks like this one, then 3, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub n: Option<u16>,
    /// Whether the host silenced them.
    pub muted: bool,
}

/// Who watches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AudienceStatus {
    /// People in the room now.
    pub viewers: u32,
    /// The most there were at once in this episode.
    pub peak: u32,
    /// Those of them without a name.
    pub anonymous: u32,
    /// Accepted hearts in this episode.
    #[ts(type = "number")]
    pub hearts: u64,
    /// Comments that viewers were not shown, because too many wrote at once.
    #[ts(type = "number")]
    pub skipped: u64,
    /// Those with a name, at most 200.
    pub people: Vec<Person>,
}

/// Health in one word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum HealthWord {
    /// Nothing to do.
    #[default]
    Good,
    /// People may notice.
    Fair,
    /// People notice.
    Poor,
    /// Nothing reaches them.
    Down,
    /// Off air: nothing is missing for a show.
    Ready,
    /// Off air: something is missing; the cause says what.
    Missing,
}

/// Health, its cause and the remedy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Health {
    /// In one word.
    pub word: HealthWord,
    /// Why; empty when good.
    pub cause: String,
    /// What to do; empty when good.
    pub remedy: String,
    /// The numbers behind it.
    pub stats: Stats,
}

/// What was observed in the last second.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct Stats {
    /// Program time reached.
    pub program_ms: ProgramMs,
    /// Encoded pictures in the last second.
    pub fps: f32,
    /// Pictures that the mixer did not produce in time, since the start.
    #[ts(type = "number")]
    pub dropped_rendering: u64,
    /// Pictures that the encoder did not take, since the start.
    #[ts(type = "number")]
    pub dropped_encoder: u64,
    /// Units that an audience or destination queue did not take, since the start.
    #[ts(type = "number")]
    pub dropped_network: u64,
    /// Encoded bits in the last second, in kb/s.
    pub encoded_kbps: u32,
    /// Bytes on disk of the running recording.
    #[ts(type = "number")]
    pub recording_bytes: u64,
    /// Frames of each source that arrived after the program frame that they were for, since the
    /// source was opened. They are shown, late.
    #[ts(as = "BTreeMap<SourceId, u32>")]
    pub late_frames: BTreeMap<SourceId, u64>,
}

/// Room on the disk that holds the recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Disk {
    /// Free bytes.
    #[ts(type = "number")]
    pub free_bytes: u64,
    /// Minutes of recording that fit.
    #[ts(type = "number")]
    pub minutes_left: u64,
}

/// Levels, after the mix and before it, in dBFS (0 is full scale, −60 and below is silence).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Levels {
    /// Peak of left and right of the program.
    pub program_peak_db: [f32; 2],
    /// RMS of left and right of the program.
    pub program_rms_db: [f32; 2],
    /// Peak of each source that gives audio, before gain and mute.
    pub sources_peak_db: BTreeMap<SourceId, f32>,
}

impl Levels {
    /// These, with `earlier` ones' peaks where they are higher: one message for both.
    #[must_use]
    pub fn and(mut self, earlier: &Self) -> Self {
        for (peak, before) in self.program_peak_db.iter_mut().zip(earlier.program_peak_db) {
            *peak = peak.max(before);
        }
        for (source, before) in &earlier.sources_peak_db {
            let peak = self.sources_peak_db.entry(source.clone()).or_insert(*before);
            *peak = peak.max(*before);
        }
        self
    }
}

/// How urgent a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Something may go wrong.
    Warning,
    /// Something went wrong.
    Alarm,
}

/// Something the operator must know; stays until dismissed or solved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Notice {
    /// Which.
    pub id: NoticeId,
    /// How urgent.
    pub severity: Severity,
    /// Its stable name; a new notice with the same code replaces the old one.
    pub code: String,
    /// What happened, what still works and what to do.
    pub text: String,
    /// What can be done about it with one click; none where there is nothing.
    pub act: Option<Act>,
}

/// Something that a notice offers to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Act {
    /// What stands on its button.
    pub label: String,
    /// What the button asks for.
    pub command: Box<Command>,
}

/// What the operator put on the picture by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OnProgram {
    /// The comment that is shown large.
    pub comment: Option<Seq>,
    /// Whether the title card is shown.
    pub title: bool,
    /// Whether the waiting slate is shown, with the title, in place of the sources.
    pub slate: bool,
}
