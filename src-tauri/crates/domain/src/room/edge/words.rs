//! What reaches an edge and what follows, as far as it is no frame between edge and owner.

use crate::room::{CommentKey, ConnectionId, Place, ToEdge, ToOwner};
use crate::{Bye, PageId, ProgramMs, PublicViewer, ToViewer};

/// Which page a viewer's comments come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// It said so: a comment's id means the same comment also over another connection.
    Theirs(PageId),
    /// It did not; this number was made for the connection, and ids mean nothing.
    Ours(PageId),
}

/// What a viewer's connection brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewerEvent {
    /// Somebody said hello.
    Joined {
        /// Their connection.
        connection: ConnectionId,
        /// Who they are: resumed, or new and random.
        viewer: PublicViewer,
        /// The name in their hello, as they wrote it; it replaces a resumed one.
        name: Option<String>,
        /// Goes back to them in the welcome, to resume this identity.
        token: String,
        /// What the archive knows the token by.
        token_hash: [u8; 32],
        /// The page they came with.
        page: Page,
        /// Where they come from.
        place: Option<Place>,
    },
    /// A connection is gone.
    Left {
        /// Theirs.
        connection: ConnectionId,
    },
    /// Somebody wrote a comment.
    Say {
        /// Their connection.
        connection: ConnectionId,
        /// Theirs, echoed.
        id: String,
        /// As they wrote it.
        text: String,
        /// As they wrote it; counts where they have no name yet.
        name: Option<String>,
        /// The program time that they saw.
        at_ms: Option<ProgramMs>,
    },
    /// Somebody wants another name.
    Rename {
        /// Their connection.
        connection: ConnectionId,
        /// Theirs, echoed where it is refused.
        id: Option<String>,
        /// As they wrote it.
        name: String,
    },
    /// Somebody tapped.
    Hearts {
        /// Their connection.
        connection: ConnectionId,
        /// How often.
        count: u32,
    },
}

/// A connection, as another life of its edge needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seated {
    /// Which.
    pub connection: ConnectionId,
    /// Whose, under the name that they bear now.
    pub viewer: PublicViewer,
    /// What the archive knows their token by.
    pub token_hash: [u8; 32],
    /// The page they came with.
    pub page: Page,
    /// Where they come from.
    pub place: Option<Place>,
}

/// What reaches an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EdgeInput {
    /// From a viewer.
    Viewer(ViewerEvent),
    /// A frame of the owner.
    Received(ToEdge),
    /// The owner can be reached, perhaps again: whatever was said meanwhile may be lost.
    Connected,
    /// Whatever was counted goes to the owner now: the room is about to close.
    Flush,
    /// [`Edge::deadline`](super::Edge::deadline) has passed.
    Tick,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EdgeEffect {
    /// The owner is sent a frame.
    ToOwner(ToOwner),
    /// Viewers are sent something.
    Deliver(Delivery),
}

/// What viewers are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// To one connection.
    To(ConnectionId, ToViewer),
    /// The same to everybody who was welcomed.
    ToAll(ToViewer),
    /// A connection is closed, with the reason.
    Dismiss(ConnectionId, Bye),
}

impl ViewerEvent {
    /// Whose it is.
    #[must_use]
    pub const fn connection(&self) -> ConnectionId {
        match self {
            Self::Joined { connection, .. }
            | Self::Left { connection }
            | Self::Say { connection, .. }
            | Self::Rename { connection, .. }
            | Self::Hearts { connection, .. } => *connection,
        }
    }
}

impl Page {
    /// What makes a comment of this page the same one; `count` numbers those of a connection.
    pub(super) fn key(&self, id: &str, count: u64) -> CommentKey {
        match self {
            Self::Theirs(page) => CommentKey { page: page.clone(), id: id.to_owned() },
            Self::Ours(page) => CommentKey { page: page.clone(), id: count.to_string() },
        }
    }
}
