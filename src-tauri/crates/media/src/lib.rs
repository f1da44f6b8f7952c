//! What passes between the engine and everybody else: encoded units, program time, and the program
//! with its readers.
//!
//! Whoever makes a program (the engine; on a server a WHIP session) publishes access units into a
//! [`Program`]; whoever wants them (the recorder, each destination, WebRTC, LL-HLS) opens a
//! [`Reader`] with a bounded queue and a policy of its own. Publishing never waits for a reader.
//!
//! It deliberately knows nothing of GStreamer, files, WebRTC or the network, and it never copies a
//! payload: [`bytes::Bytes`] is shared by all readers of one encoding.

mod config;
mod gop;
pub mod h264;
mod keyframe;
mod program;
mod reader;
mod time;
mod unit;

pub use config::{AacConfig, CodecConfig, ConfigId, Format, H264Config, OpusConfig};
pub use keyframe::{GOP, KEYFRAME_INTERVAL, KeyframeGrid, KeyframePace};
pub use program::{Look, Program};
pub use reader::{Capacity, Lost, Next, Overflow, Reader, ReaderConfig, Start, Waiting};
pub use time::ProgramTime;
pub use unit::{AccessUnit, Track, Tracks};

/// Ticks a second of video RTP timestamps (RFC 6184 §8.1).
pub const VIDEO_RTP_RATE: u32 = 90_000;
/// Samples a second of all sound, and ticks a second of Opus RTP timestamps (RFC 7587 §4.1).
pub const SAMPLE_RATE: u32 = 48_000;
