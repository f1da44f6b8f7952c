//! What a broadcast is and what may happen next.
//!
//! Everybody uses this crate; it uses nobody. It holds the vocabulary (ids, devices, layouts,
//! chat lines), the live state machine ([`Production`]), the rules of a room ([`room`]), and the
//! pure step from what the operator wants to what the engine must show ([`plan()`]).
//!
//! It deliberately has no clock, no randomness, no I/O and no threads: time and ids are arguments
//! of every transition, so that each of them can be tested as data.

mod command;
mod composition;
mod destination;
mod device;
mod error;
mod event;
mod ids;
mod layout;
mod message;
mod moderation;
pub mod names;
pub mod network;
mod plan;
mod production;
mod replay;
pub mod room;
mod setup;
mod show_page;
mod source;
mod status;
pub mod text;

pub use command::{Command, Reply};
pub use composition::{ChromaKey, Composition, Crop, Layer};
pub use destination::{DestinationAddress, DestinationAddressError, DestinationReport, Protocol, PushTarget, Secret};
pub use device::{Device, DeviceChoice, DeviceKind};
pub use error::{Blame, Class, Code, Coded, Refusal};
pub use event::{Event, Numbered, Snapshot, Update};
pub use ids::{DestinationId, EpisodeId, NoticeId, PageId, PlanId, Seq, ShowSlug, SlugError, ViewerId};
pub use layout::{Canvas, CanvasError, Layout, Rect};
pub use message::{
    Backlog, BroadcastState, Bye, FromViewer, OnPicture, PublicViewer, RefusedCode, Said, Timeline, TimelineSecond,
    ToViewer,
};
pub use moderation::{HeldVoice, Moderation, Removal, Silenced, Voice};
pub use plan::{ChatCard, CommentCard, Graphics, Plan, SlateWords, TitleCard, plan};
pub use production::{AsRunWhat, Effect, Input, PROOF_WITHIN_MS, Production};
pub use replay::{Replay, ReplayState};
pub use setup::{DestinationSetup, Overlay, Reach, Setup};
pub use show_page::{LastReplay, OpenShow, OpenShows, ShowPage};
pub use source::{SourceId, SourceKind, SourceSetup, SourceSpec, SourceState, SourceStatus, Strip};
pub use status::{
    Act, AudienceStatus, Check, CheckId, CheckState, DestinationState, DestinationStatus, Disk, Health, HealthWord,
    Levels, Links, Notice, OnProgram, Person, Phase, ProgramMs, Proof, Severity, Stats, UnixMs,
};
