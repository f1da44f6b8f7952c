//! What the host sees of those who may not speak, and of those who wait to be let in.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{PublicViewer, Said, UnixMs, ViewerId};

/// Whether somebody may speak in an episode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Voice {
    /// As everybody.
    #[default]
    Free,
    /// They read; neither comments nor hearts of theirs are taken.
    Muted,
    /// They are not let into the room.
    Ejected,
}

impl Voice {
    /// Whether nothing of theirs is taken.
    #[must_use]
    pub const fn is_silenced(self) -> bool {
        !matches!(self, Self::Free)
    }
}

/// Somebody new from an address where somebody was silenced: what they wrote waits for the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HeldVoice {
    /// Who.
    pub viewer: PublicViewer,
    /// What they wrote, oldest first.
    pub texts: Vec<String>,
}

/// A comment that the host removed a moment ago. It is nowhere any more but here, where it can be
/// put back from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Removal {
    /// What was said, and where it stood.
    pub said: Said,
    /// From when on it is gone for good.
    #[ts(type = "number")]
    pub until: UnixMs,
}

/// Somebody whom the host silenced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Silenced {
    /// Who.
    pub id: ViewerId,
    /// Their name, as far as the studio knew it; else empty.
    pub name: String,
    /// Their colour, in degrees.
    pub hue: u16,
    /// How.
    pub voice: Voice,
}

/// What there is to decide, and what was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Moderation {
    /// Who waits to be let in.
    pub held: Vec<HeldVoice>,
    /// Who may not speak, the latest last.
    pub silenced: Vec<Silenced>,
}
