//! Brings the program to the people who watch, and their voices back.
//!
//! Used by `studio`, which opens an [`Episode`] of its show, gives it a [`media::Program`] to read and
//! listens to [`AudienceEvent`]s; later also by a server of its own, with several shows at once. It
//! serves the pages, WHEP (WebRTC out, through str0m), LL-HLS, the room (WebSocket) and replays, as
//! `docs/contract.md` says.
//!
//! It deliberately knows no GStreamer, no database and no window: what it needs from others it
//! asks through [`Journal`] and [`Library`]. It decides nothing about who may say what; those
//! rules are [`domain::room`].
//!
//! Threads: everything runs on the caller's tokio runtime, except media, which has one thread of
//! its own with one UDP socket. Every channel is bounded; the policy when full stands beside it.

mod address;
mod audience;
mod budget;
pub mod client;
mod clock;
mod config;
mod episode;
mod error;
mod events;
mod feed;
mod hls;
mod http;
mod incoming;
mod intake;
mod media_out;
mod metrics;
mod pool;
mod room;
mod shared;
mod show;
mod timelines;

pub use address::answers_at;
pub use audience::Audience;
pub use config::{AddressLimits, AudienceConfig, ServiceLimits, Upload};
pub use episode::{AudienceEvent, Episode, Journal, Library, Notice, ReplayLookup};
pub use error::AudienceError;
pub use events::AudienceEvents;
pub use feed::{Feed, FeedState};
#[doc(hidden)]
pub use hls::fuzz_hls;
#[doc(hidden)]
pub use http::fuzz_range;
pub use http::routes;
pub use intake::Keys;
#[doc(hidden)]
pub use media_out::fuzz_offer;
pub use metrics::metric_names;
pub use room::{Parsed, fuzz_room_message, parse_room_message};
pub use show::ShowHandle;
