//! The room's messages on the wire (one JSON object a text frame; `docs/contract.md`), and a replay's
//! timeline.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

use crate::{PageId, ProgramMs, Seq, UnixMs, ViewerId, names};

/// From the viewer. Unknown types and fields are ignored by the reader, not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(export)]
pub enum FromViewer {
    /// First, within 10 s.
    Hello {
        /// Without one the viewer is anonymous.
        #[serde(default)]
        #[ts(optional = nullable)]
        name: Option<String>,
        /// 128 random bits in hexadecimal that resume an identity.
        #[serde(default)]
        #[ts(optional = nullable)]
        token: Option<String>,
        /// Made anew at each load of the page. With it a comment's `id` is said once, whatever happens
        /// to the socket. One that is none counts as none.
        #[serde(default, deserialize_with = "page_or_none")]
        #[ts(optional = nullable)]
        page: Option<PageId>,
    },
    /// A comment.
    Say {
        /// Echoed in the answer; at most 64 bytes.
        id: String,
        /// The comment.
        text: String,
        /// Given with the first comment.
        #[serde(default)]
        #[ts(optional = nullable)]
        name: Option<String>,
        /// The program time that the viewer saw.
        #[serde(default)]
        #[ts(optional = nullable)]
        at_ms: Option<ProgramMs>,
    },
    /// Wants to be called otherwise from now on. Answered with [`ToViewer::Renamed`] or
    /// [`ToViewer::Refused`].
    Rename {
        /// The new name.
        name: String,
        /// Echoed where it is refused; at most 64 bytes.
        #[serde(default)]
        #[ts(optional = nullable)]
        id: Option<String>,
    },
    /// Taps since the last one.
    Hearts {
        /// 1 to 50.
        count: u32,
    },
}

/// As with tokens: what is malformed proves nothing, and is no reason to turn anybody away.
fn page_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PageId>, D::Error> {
    let page = Option::<String>::deserialize(deserializer)?.as_deref().and_then(PageId::parse);
    Ok(page.filter(|page| *page != names::host_page()))
}

/// A viewer as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PublicViewer {
    /// The same over all their connections.
    pub id: ViewerId,
    /// Their name; empty for anonymous ones.
    pub name: String,
    /// Their colour, in degrees, 0 to 359.
    pub hue: u16,
    /// `host`, where they are one: then the studio itself wrote it. Nobody's socket can have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub badge: Option<String>,
    /// 2 for the second person in this episode whose name looks like this one, then 3, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub n: Option<u16>,
}

/// An accepted comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Said {
    /// Its place.
    pub seq: Seq,
    /// The moment its writer was seeing.
    pub at_ms: ProgramMs,
    /// Its writer, as they were called then.
    pub viewer: PublicViewer,
    /// The comment, cleaned.
    pub text: String,
}

/// The last comments, oldest first. Clones are the same list: whoever writes it for many people needs
/// to write it once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog(Arc<Vec<Said>>);

impl Backlog {
    /// Whether both are the same list, not only equal.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for Backlog {
    type Target = [Said];

    fn deref(&self) -> &[Said] {
        &self.0
    }
}

impl FromIterator<Said> for Backlog {
    fn from_iter<I: IntoIterator<Item = Said>>(said: I) -> Self {
        Self(Arc::new(said.into_iter().collect()))
    }
}

impl Serialize for Backlog {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_slice().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Backlog {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|said| Self(Arc::new(said)))
    }
}

/// What the audience knows about the broadcast.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum BroadcastState {
    /// Before the show.
    #[default]
    Waiting,
    /// The program arrives.
    OnAir,
    /// The program does not arrive, and the show is not over.
    Interrupted,
    /// It is over.
    Ended,
}

/// What the picture already carries, so that the page does not show it twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum OnPicture {
    /// Comments.
    Chat,
    /// Hearts.
    Hearts,
}

/// Why a message was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum RefusedCode {
    /// A comment needs a name, and one that is not the host's.
    NameNeeded,
    /// Nothing left after cleaning.
    Empty,
    /// More than 500 characters.
    TooLong,
    /// Slower, please.
    TooFast,
    /// The host muted this viewer.
    Muted,
    /// The show is over.
    Closed,
    /// This frame could not be read; whatever else was sent is as it was.
    Unreadable,
}

/// Why the server closes the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Bye {
    /// A frame over 2 KiB.
    TooBig,
    /// The viewer does not read fast enough.
    TooSlow,
    /// Not the protocol.
    Protocol,
    /// The host removed them.
    Removed,
    /// No room for more people.
    Full,
    /// The show is over.
    Ended,
    /// The service stops.
    Shutdown,
}

/// To the viewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(export)]
pub enum ToViewer {
    /// The answer to hello.
    Welcome {
        /// Version of this protocol: 1.
        v: u32,
        /// The viewer as others see them.
        viewer: PublicViewer,
        /// Resumes this identity.
        token: String,
        /// Where the broadcast stands.
        state: BroadcastState,
        /// Title of the episode.
        title: String,
        /// Program time now.
        program_ms: ProgramMs,
        /// What the picture carries.
        on_picture: Vec<OnPicture>,
        /// Accepted hearts so far.
        #[ts(type = "number")]
        hearts: u64,
        /// The last 50 comments.
        #[ts(as = "Vec<Said>")]
        backlog: Backlog,
        /// The replay's page, where the show is over and the replay is there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        replay_url: Option<String>,
    },
    /// An accepted comment, anybody's.
    Said(Said),
    /// Their own comment waits for the host; `accepted` or `refused` follows.
    Held {
        /// The `id` that the viewer gave it.
        id: String,
        /// Why, in a sentence.
        message: String,
    },
    /// The host muted this viewer, or lets them speak again.
    Voice {
        /// Whether neither comments nor hearts of theirs are taken.
        muted: bool,
        /// The same in a sentence.
        message: String,
    },
    /// Accepted comments of others that are not shown here, because too many write at once; at most
    /// 1 message a second.
    Skipped {
        /// How many since the last message.
        count: u32,
        /// The same in a sentence.
        message: String,
    },
    /// Their own comment is in the archive.
    Accepted {
        /// The `id` that the viewer gave it.
        id: String,
        /// Its place.
        seq: Seq,
    },
    /// Accepted hearts of everybody, at most 5 messages a second.
    Hearts {
        /// Program time.
        at_ms: ProgramMs,
        /// How many of each hue since the last message.
        by_hue: BTreeMap<u16, u32>,
        /// Since the start.
        #[ts(type = "number")]
        total: u64,
    },
    /// Who is here, at most 1 a second.
    Presence {
        /// People in the room.
        viewers: u32,
        /// The most there were at once.
        peak: u32,
        /// Those without a name.
        anonymous: u32,
        /// Names of at most 5 who came since the last message.
        joined: Vec<String>,
    },
    /// A comment that is no more.
    Removed {
        /// Its place.
        seq: Seq,
    },
    /// Somebody is called otherwise from now on; what they said before stands under their old name. Their
    /// own connections are sent it too where their name got a number.
    Renamed {
        /// As everybody sees them now.
        viewer: PublicViewer,
    },
    /// Nothing else was sent for a while: the server is there. A page that hears nothing for 10 s has
    /// lost its connection, whatever its socket says.
    Beat,
    /// Their message was not accepted.
    Refused {
        /// Theirs; none for hearts, and where it could not be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        id: Option<String>,
        /// The reason, for programs.
        code: RefusedCode,
        /// When another attempt makes sense, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        retry_ms: Option<u32>,
        /// The reason in a sentence, for people.
        message: String,
    },
    /// The broadcast changed.
    State {
        /// Where it stands.
        state: BroadcastState,
        /// Title of the episode.
        title: String,
        /// What the picture carries.
        on_picture: Vec<OnPicture>,
        /// The replay's page, once there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        replay_url: Option<String>,
    },
    /// The server closes the socket now.
    Bye {
        /// The reason.
        code: Bye,
    },
}

/// What happened in a replay, on program time (`timeline.json`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Timeline {
    /// Title of the episode.
    pub title: String,
    /// When it began.
    pub started_at: UnixMs,
    /// When the replay is deleted; none if it is kept.
    pub expires_at: Option<UnixMs>,
    /// Length of the recording.
    pub duration_ms: ProgramMs,
    /// Comments in the order of `seq`.
    pub chat: Vec<Said>,
    /// Seconds in which there were hearts, in order.
    pub hearts: Vec<TimelineSecond>,
}

/// The hearts of one second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TimelineSecond {
    /// Start of the second.
    pub at_ms: ProgramMs,
    /// How many of each hue.
    pub by_hue: BTreeMap<u16, u32>,
}
