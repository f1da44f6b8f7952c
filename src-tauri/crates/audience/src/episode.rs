//! What the service needs from others, and what it tells them.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{EpisodeId, Person, ProgramMs, PublicViewer, Replay, Said, Seq, ShowSlug, Timeline, ViewerId};
use tokio::sync::oneshot;

/// One broadcast, as the service must know it.
pub struct Episode {
    /// Which.
    pub id: EpisodeId,
    /// Its show: the address of its page.
    pub show: ShowSlug,
    /// Its title.
    pub title: String,
    /// Greater than every place that was ever given in this episode.
    pub next_seq: Seq,
    /// The last comments, in their order.
    pub backlog: Vec<Said>,
    /// Where its room writes.
    pub journal: Arc<dyn Journal>,
}

/// Where a room keeps what happens in it. Supplied by the studio; must never block.
pub trait Journal: Send + Sync + 'static {
    /// Who has this token, if anybody.
    fn identity(&self, token_hash: [u8; 32], answer: oneshot::Sender<Option<PublicViewer>>);
    /// Keeps a comment; `stored` is answered with true when it would survive a crash. Dropping it
    /// means false.
    fn append_chat(&self, said: &Said, token_hash: [u8; 32], stored: oneshot::Sender<bool>);
    /// Adds hearts to the sums of the second that starts at `second_ms`. A second may come in
    /// several parts.
    fn append_hearts(&self, second_ms: ProgramMs, by_hue: &BTreeMap<u16, u32>);
}

/// What the archive has for an address.
#[derive(Debug, Clone)]
pub enum ReplayLookup {
    /// This.
    Found {
        /// The episode.
        replay: Replay,
    },
    /// It was there and was deleted.
    Gone,
    /// There never was one.
    Unknown,
}

/// Where replays come from. Supplied by the studio; may block, and is called where it may.
pub trait Library: Send + Sync + 'static {
    /// Looks for a replay.
    fn replay(&self, episode: &EpisodeId) -> ReplayLookup;
    /// What happened in it.
    fn timeline(&self, episode: &EpisodeId) -> Option<Timeline>;
}

/// What the audience did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AudienceEvent {
    /// A comment is in the archive.
    Said(Said),
    /// A comment is no more.
    Removed(Seq),
    /// Accepted hearts, at once, for the picture.
    Hearts {
        /// Program time.
        at_ms: ProgramMs,
        /// Their colour.
        hue: u16,
        /// How many.
        count: u32,
        /// Accepted since the room opened.
        total: u64,
    },
    /// Who is here, at most once a second.
    Presence {
        /// People in the room.
        viewers: u32,
        /// The most there were at once.
        peak: u32,
        /// Those without a name.
        anonymous: u32,
        /// Those with one, at most 200.
        people: Vec<Person>,
    },
    /// A viewer is muted, or may speak again.
    Muted {
        /// Who.
        viewer: ViewerId,
        /// Whether.
        muted: bool,
    },
}
