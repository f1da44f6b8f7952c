//! What the service needs from others, and what it emits.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::room::{Comment, Place, RoomNews, Stored};
use domain::{EpisodeId, ProgramMs, PublicViewer, Refusal, Replay, Said, Seq, Severity, ShowSlug, Timeline, ViewerId};
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
    /// Who spoke in it, and from where.
    pub spoke: Vec<(ViewerId, Option<Place>)>,
    /// Who was called what in it, in the order in which they came by it.
    pub named: Vec<PublicViewer>,
    /// Under this key its people's addresses become places. Random, and the same for as long as the
    /// episode is.
    pub place_key: [u8; 32],
    /// Where its room writes.
    pub journal: Arc<dyn Journal>,
}

/// Where a room keeps what happens in it. Supplied by the studio; must never block.
pub trait Journal: Send + Sync + 'static {
    /// Who has this token, if anybody.
    fn identity(&self, token_hash: [u8; 32], answer: oneshot::Sender<Option<PublicViewer>>);
    /// Keeps a comment, unless one with its key is there. [`Stored::Kept`] means that it survives the
    /// death of the process; dropping `stored` means [`Stored::Failed`].
    fn append_chat(&self, comment: Comment, stored: oneshot::Sender<Stored>);
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
    /// The newest episode of `show` that can be watched afterwards.
    fn last_replay(&self, show: &ShowSlug) -> Option<Replay>;
    /// What happened in it.
    fn timeline(&self, episode: &EpisodeId) -> Option<Timeline>;
}

/// What the operator must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, and what to do.
    pub refusal: Refusal,
}

/// What the audience did, or what happened to what serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AudienceEvent {
    /// Something in the room.
    Room(RoomNews),
    /// Something that the operator must know about the service; every open show's events bring it.
    Notice(Notice),
    /// A defect of ours tore the room. It was made anew with its people, order and moderation.
    RoomRestarted,
    /// That happened again and again: the room is closed until the next episode.
    RoomLost,
}
