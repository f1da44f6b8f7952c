//! What the owner of a room, its edges and the host say to each other. All of it can be written
//! as JSON: one day it crosses a WebSocket between two computers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EdgeId, Envelope, Epoch, Mark};
use crate::{
    AudienceStatus, BroadcastState, HeldVoice, OnPicture, PageId, ProgramMs, PublicViewer, RefusedCode, Said, Seq,
    ViewerId, Voice,
};

/// What makes a comment the same comment, however often it arrives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CommentKey {
    /// The page that it was written in, or a number made for the connection of a page without one.
    pub page: PageId,
    /// The page's own name for it.
    pub id: String,
}

/// Where somebody's connection comes from: their address under a key of the episode's, so that it says
/// nothing about the address to whoever has not both. Nobody has one whose address says nothing about
/// who they are: this computer's own, or a proxy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place(pub [u8; 16]);

/// An accepted comment on its way into the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// As everybody sees it.
    pub said: Said,
    /// What makes it the same one.
    pub key: CommentKey,
    /// What the archive knows its writer's token by.
    pub token_hash: [u8; 32],
    /// Where it came from.
    pub place: Option<Place>,
}

/// What the archive answered for a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stored {
    /// It is there, and survives the death of the process.
    Kept,
    /// It was there already, at this place: the same comment came before.
    Repeated(Seq),
    /// It is not there.
    Failed,
}

/// What the host or the program does to a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostOrder {
    /// The program arrives.
    OnAir,
    /// The program stopped arriving, or arrives again.
    Interrupted(bool),
    /// The show is over.
    Ended {
        /// The replay's page, where there is one.
        replay_url: Option<String>,
    },
    /// What the picture carries from now on.
    OnPicture(Vec<OnPicture>),
    /// The episode has this title from now on.
    Title(String),
    /// The host says something: cleaned, and within its bounds.
    Say(String),
    /// A comment is taken back.
    Remove(Seq),
    /// A comment that was taken back stands again at its place, for everybody; once.
    Restore(Said),
    /// A viewer is silenced, or may speak again.
    Voice {
        /// Whom it concerns.
        viewer: ViewerId,
        /// What they may do from now on.
        voice: Voice,
    },
    /// What somebody said who waits for the host is said.
    LetIn {
        /// Whom it concerns.
        viewer: ViewerId,
    },
}

/// What the host learns from a room: the same value from here to the studio's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomNews {
    /// A comment is in the archive, and everybody was sent it: now it may go on the picture.
    Said(Said),
    /// What the host said could not be kept, and nobody was sent it: the words.
    NotSaid(String),
    /// A comment is no more.
    Removed(Seq),
    /// A viewer is silenced, or may speak again.
    Voice {
        /// Whom it concerns.
        viewer: ViewerId,
        /// What they may do from now on.
        voice: Voice,
    },
    /// Who waits for the host: all of them.
    Held(Vec<HeldVoice>),
    /// Accepted hearts, for the picture, within 50 ms of the tap.
    Hearts {
        /// Program time of the moment they were accepted.
        at_ms: ProgramMs,
        /// Their colour.
        hue: u16,
        /// How many more.
        count: u32,
        /// Since the room opened, these included.
        total: u64,
    },
    /// Who is here, at most once a second.
    Presence(AudienceStatus),
}

impl RoomNews {
    /// Whether the next of its kind makes up for one that was lost. What does not pass must never
    /// share a queue that drops with what does.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Hearts { .. } | Self::Presence(_))
    }
}

/// Where the broadcast stands, as pages show it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Before, on air, interrupted or over.
    pub state: BroadcastState,
    /// Title of the episode.
    pub title: String,
    /// What the picture carries.
    pub on_picture: Vec<OnPicture>,
    /// The replay's page, once there is one.
    pub replay_url: Option<String>,
}

/// People of one edge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Here now.
    pub viewers: u32,
    /// The most at once since the counts before.
    pub most: u32,
    /// Those without a name.
    pub anonymous: u32,
    /// Names of those who came since the counts before, at most 5.
    pub joined: Vec<String>,
    /// Those with a name, at most 200.
    pub people: Vec<PublicViewer>,
    /// Comments that they were not shown, since the edge began.
    pub skipped: u64,
}

/// Who waits for an answer: the word of an edge with this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// Which edge.
    pub edge: EdgeId,
    /// In which of its lives.
    pub epoch: Epoch,
    /// The number of its word.
    pub n: u64,
}

/// A comment that passed an edge's rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Say {
    /// Its writer, with the name that they bear from now on.
    pub viewer: PublicViewer,
    /// What the archive knows the writer's token by.
    pub token_hash: [u8; 32],
    /// What makes it the same comment.
    pub key: CommentKey,
    /// Cleaned, and not too long.
    pub text: String,
    /// The moment that its writer was seeing.
    pub at_ms: ProgramMs,
    /// Where it came from.
    pub place: Option<Place>,
}

/// From an edge to the owner, numbered, and said again until the owner heard it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Up {
    /// Somebody wrote a comment. Answered with [`Down::Said`], [`Down::Accepted`] or [`Down::Refused`].
    Say(Say),
    /// Somebody came with a name, or wants another one. Answered with [`Down::Named`] where that has a
    /// number, or others must know.
    Named {
        /// Under the name; its number is the owner's to give.
        viewer: PublicViewer,
        /// Whether they had another name before.
        is_renamed: bool,
    },
    /// Accepted taps since the last word about them, for each hue.
    Hearts(BTreeMap<u16, u32>),
    /// Who is at this edge, at most once a second.
    Presence(Counts),
    /// Somebody silenced is here, or came.
    Seen {
        /// Who.
        viewer: ViewerId,
        /// From where.
        places: Vec<Place>,
    },
}

/// From the owner to every edge, numbered, and said again to whoever missed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Down {
    /// A comment is in the archive: everybody is sent it, and its writer an answer.
    Said {
        /// As everybody sees it.
        said: Said,
        /// Whoever brought it; none where they brought it to another life of the owner.
        asker: Option<Asker>,
    },
    /// A comment is in the archive, and was said before or removed meanwhile.
    Accepted {
        /// Whoever brought it.
        asker: Asker,
        /// Its place.
        seq: Seq,
    },
    /// A comment waits for the host; another answer follows.
    Held {
        /// Whoever brought it.
        asker: Asker,
    },
    /// A comment was not accepted.
    Refused {
        /// Whoever brought it.
        asker: Asker,
        /// The reason.
        code: RefusedCode,
        /// When another attempt makes sense, in milliseconds.
        retry_ms: Option<u32>,
    },
    /// Somebody is called so from now on.
    Named {
        /// As everybody sees them now.
        viewer: PublicViewer,
        /// Whether everybody is told, or they themselves.
        to_all: bool,
    },
    /// A comment is no more.
    Removed(Seq),
    /// A comment that was no more stands at its place again.
    Restored(Said),
    /// A viewer is silenced, or may speak again.
    Voice {
        /// Whom it concerns.
        viewer: ViewerId,
        /// What they may do from now on.
        voice: Voice,
    },
    /// The broadcast changed.
    Standing(Standing),
}

/// From the owner to every edge: numbered, so that none is taken twice, but never repaired: the
/// next one says it all again. So nothing above ever waits behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passing {
    /// Hearts of everybody, at most five a second.
    Hearts {
        /// Program time of the owner.
        at_ms: ProgramMs,
        /// How many of each hue since the last one.
        by_hue: BTreeMap<u16, u32>,
        /// Since the start.
        total: u64,
    },
    /// People at all edges, at most once a second.
    Presence(Present),
}

/// People at all edges.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present {
    /// Here now.
    pub viewers: u32,
    /// The most there were at once.
    pub peak: u32,
    /// Those without a name.
    pub anonymous: u32,
    /// Names of at most 5 who came since the last time.
    pub joined: Vec<String>,
}

/// All that an edge must know, for one that has nothing or missed too much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WholeState {
    /// The owner's next word.
    pub mark: Mark,
    /// The owner's next [`Passing`].
    pub passing: u64,
    /// Where the broadcast stands.
    pub standing: Standing,
    /// The last 50 comments.
    pub backlog: Vec<Said>,
    /// Comments that were taken back, the last of them.
    pub removed: Vec<Seq>,
    /// Who may not speak.
    pub silenced: Vec<(ViewerId, Voice)>,
    /// Accepted hearts.
    pub hearts: u64,
    /// Who is here.
    pub present: Present,
}

/// A frame from an edge to the owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "nearly all that crosses are words, which are the large ones")]
pub enum ToOwner {
    /// A word. Nothing before `oldest` will be said again: somebody heard it.
    Word {
        /// The oldest word that the edge still has.
        oldest: u64,
        /// The word.
        envelope: Envelope<Up>,
    },
    /// The edge is in this life, has everything before `mark` (nothing, where there is none), and
    /// wants the rest.
    Since {
        /// The edge's own life.
        epoch: Epoch,
        /// What it has of the owner.
        mark: Option<Mark>,
    },
}

/// A frame from the owner to an edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToEdge {
    /// A word.
    Word(Envelope<Down>),
    /// Hearts or presence.
    Passing(Envelope<Passing>),
    /// Everything, in place of words that are gone.
    State(Box<WholeState>),
    /// The owner has everything before this mark of the edge.
    Heard(Mark),
    /// The owner wants everything of the edge from this mark on.
    Since(Mark),
}

/// What another owner needs to go on where one stood, after a restart or in another place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Where the broadcast stands.
    pub standing: Standing,
    /// Greater than every place that was ever given in this episode.
    pub next: Seq,
    /// The last comments, in their order.
    pub backlog: Vec<Said>,
    /// Comments that were taken back, the last of them.
    pub removed: Vec<Seq>,
    /// Who may not speak.
    pub silenced: Vec<(ViewerId, Voice)>,
    /// Who has, or had, which name, in the order in which they came by it.
    pub named: Vec<PublicViewer>,
    /// Who spoke, and from where.
    pub spoke: Vec<(ViewerId, Option<Place>)>,
    /// Silenced people, and where they were seen.
    pub seen: Vec<(ViewerId, Place)>,
    /// What waits for the host.
    pub held: Vec<Say>,
    /// Comments that the archive did not answer for yet, in their order. A successor who will not hear
    /// its answers has none: it finds those that were kept in the archive, and edges bring the others again.
    pub pending: Vec<Comment>,
    /// Accepted hearts.
    pub hearts: u64,
    /// The most people at once.
    pub peak: u32,
    /// What of each edge is in all this already.
    pub heard: Vec<(EdgeId, Mark)>,
}
