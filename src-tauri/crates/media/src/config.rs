//! Codec configurations: what a decoder must know before the first unit.

use bytes::Bytes;

use crate::{Track, h264};

/// Names a configuration within its program. A change on air is a new number, greater than all
/// before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigId(pub u32);

/// One numbered configuration. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecConfig {
    /// Which, within its program.
    pub id: ConfigId,
    /// What it says.
    pub format: Format,
}

impl CodecConfig {
    /// The video's configuration; none if this is another track's.
    #[must_use]
    pub const fn h264(&self) -> Option<&H264Config> {
        match &self.format {
            Format::H264(config) => Some(config),
            Format::Opus(_) | Format::Aac(_) => None,
        }
    }
}

/// A configuration's content, by codec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// The video.
    H264(H264Config),
    /// The sound for WebRTC.
    Opus(OpusConfig),
    /// The sound for files, RTMP and HLS.
    Aac(AacConfig),
}

impl Format {
    /// The track whose units this describes.
    #[must_use]
    pub const fn track(&self) -> Track {
        match self {
            Self::H264(_) => Track::Video,
            Self::Opus(_) => Track::Opus,
            Self::Aac(_) => Track::Aac,
        }
    }
}

/// H.264 (ISO/IEC 14496-10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct H264Config {
    /// Width of a frame in pixels.
    pub width: u32,
    /// Height of a frame in pixels.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// The sequence parameter set: one NAL unit with its header byte, no start code.
    pub sps: Bytes,
    /// The picture parameter set, likewise.
    pub pps: Bytes,
}

impl H264Config {
    /// The profile-level-id (RFC 6184 §8.1), e.g. `42c01f`. That of constrained baseline 3.1 where
    /// the parameter set is too short to say.
    #[must_use]
    pub fn profile_level_id(&self) -> String {
        h264::profile_level_id(&self.sps).unwrap_or_else(|| "42c01f".to_owned())
    }
}

/// Opus (RFC 6716), 48 kHz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusConfig {
    /// Channels.
    pub channels: u8,
    /// The encoder's delay in samples at 48 kHz (RFC 7845 §4.2). Already taken off every pts.
    pub pre_skip: u16,
}

/// AAC-LC (ISO/IEC 14496-3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AacConfig {
    /// Samples a second.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u8,
    /// The encoder's delay in samples. Already taken off every pts.
    pub delay: u16,
    /// The AudioSpecificConfig, as MP4's `esds` and FLV's sequence header carry it.
    pub specific: Bytes,
}
