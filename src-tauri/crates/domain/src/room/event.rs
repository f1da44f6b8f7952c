//! What may happen to a room, and what follows from it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Bye, OnPicture, Person, ProgramMs, PublicViewer, Said, Seq, ToViewer, ViewerId};

/// One connection of a viewer. A person with two tabs has two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// The moment of an event, on the two clocks that a room knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Monotonic time since any fixed moment.
    pub elapsed: Duration,
    /// What the newest unit of the program carries; zero before the show.
    pub program_ms: ProgramMs,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomEvent {
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
        /// What the archive knows the token by; comes back with [`RoomEffect::Store`].
        token_hash: [u8; 32],
    },
    /// A connection is gone.
    Left {
        /// Which.
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
    /// Somebody tapped.
    Hearts {
        /// Their connection.
        connection: ConnectionId,
        /// How often.
        count: u32,
    },
    /// The archive took a comment, or could not.
    Stored {
        /// Which.
        seq: Seq,
        /// Whether it is there.
        kept: bool,
    },
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
    /// The host removes a comment.
    Remove(Seq),
    /// The host mutes a viewer, or lets them speak again.
    Mute {
        /// Who.
        viewer: ViewerId,
        /// Whether.
        muted: bool,
    },
    /// [`Room::deadline`](super::Room::deadline) has passed.
    Tick,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomEffect {
    /// One connection is told something.
    Tell(ConnectionId, ToViewer),
    /// Everybody is told the same.
    TellAll(ToViewer),
    /// A connection is closed, with the reason.
    Dismiss(ConnectionId, Bye),
    /// The archive must keep a comment; the answer is [`RoomEvent::Stored`].
    Store {
        /// The comment.
        said: Said,
        /// Proof of who wrote it.
        token_hash: [u8; 32],
    },
    /// A comment is in the archive and everybody is told: now it may go on the picture.
    Published(Said),
    /// A comment is no more.
    Removed(Seq),
    /// Accepted hearts, for the picture, at once.
    Hearts {
        /// Program time.
        at_ms: ProgramMs,
        /// Their colour.
        hue: u16,
        /// How many.
        count: u32,
        /// Since the start.
        total: u64,
    },
    /// The archive must add these to a second's sums.
    KeepHearts {
        /// Start of the second.
        second_ms: ProgramMs,
        /// How many more of each hue.
        by_hue: BTreeMap<u16, u32>,
    },
    /// Who is here, for the studio.
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
