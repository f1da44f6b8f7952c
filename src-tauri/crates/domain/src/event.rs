//! What the window is sent: a snapshot, and then each section of it as it changes.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::status::OnProgram;
use crate::{
    AudienceStatus, Check, DestinationStatus, Device, Disk, Health, Levels, Links, Moderation, Notice, Phase, Removal,
    Replay, Said, Seq, Setup, SourceStatus,
};

/// Everything the window shows. It can be rebuilt from this at any moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Snapshot {
    /// Number of the last event that is already contained.
    #[ts(type = "number")]
    pub number: u64,
    /// Where the broadcast stands.
    pub phase: Phase,
    /// What was chosen.
    pub setup: Setup,
    /// What was found.
    pub devices: Vec<Device>,
    /// What camera, microphone and screen do.
    pub sources: Vec<SourceStatus>,
    /// The check list.
    pub checks: Vec<Check>,
    /// Where the program is pushed.
    pub destinations: Vec<DestinationStatus>,
    /// Where people watch.
    pub links: Links,
    /// Who watches.
    pub audience: AudienceStatus,
    /// Who may not speak, and who waits to be let in.
    pub moderation: Moderation,
    /// The last 500 comments of this episode, oldest first.
    pub chat: Vec<Said>,
    /// Comments that were removed a moment ago and can be put back, oldest first.
    pub removals: Vec<Removal>,
    /// What the operator put on the picture.
    pub on_program: OnProgram,
    /// Health and numbers.
    pub health: Health,
    /// Room on the disk; none before it was measured.
    pub disk: Option<Disk>,
    /// Replays, newest first.
    pub library: Vec<Replay>,
    /// What the operator must know, oldest first.
    pub notices: Vec<Notice>,
}

/// A change. Apart from the chat, each replaces one section of the snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
#[ts(export)]
#[allow(missing_docs, reason = "each variant is named after the section of the snapshot that it replaces")]
pub enum Event {
    Phase(Phase),
    Setup(Setup),
    Devices(Vec<Device>),
    Sources(Vec<SourceStatus>),
    Checks(Vec<Check>),
    Destinations(Vec<DestinationStatus>),
    Links(Links),
    Audience(AudienceStatus),
    Moderation(Moderation),
    Removals(Vec<Removal>),
    OnProgram(OnProgram),
    Health(Health),
    Disk(Disk),
    Library(Vec<Replay>),
    Notices(Vec<Notice>),
    /// A comment was accepted, or put back: it stands where its `seq` says.
    Said(Said),
    /// A comment was removed.
    Removed(Seq),
    /// A new episode: the chat is empty.
    ChatCleared,
}

/// An event with its number; a gap makes the window ask for a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Numbered {
    /// One more than that of the event before.
    #[ts(type = "number")]
    pub number: u64,
    /// What changed.
    pub event: Event,
}

/// One thing that a subscriber is sent. The window gets an array of them at once, in their order, and
/// with it, most of the time, a picture of the monitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(export)]
#[allow(clippy::large_enum_variant, reason = "short-lived, serialised at once")]
pub enum Update {
    /// First: where things stand.
    Snapshot {
        /// Everything.
        snapshot: Snapshot,
    },
    /// What changed since.
    Event {
        /// The change.
        numbered: Numbered,
    },
    /// Levels since the last ones, about 15 a second, not numbered.
    Levels {
        /// The levels.
        levels: Levels,
    },
    /// How many seconds 3-2-1 still has, or how long the show lasts: the clocks of the window.
    Clock {
        /// Unix time now, as the studio has it.
        #[ts(type = "number")]
        now_ms: u64,
    },
}
