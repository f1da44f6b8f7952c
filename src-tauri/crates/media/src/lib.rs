//! What passes between the engine and the audience: encoded units and program time.
//!
//! Used by `engine` (which makes units), `audience` (which packetises them) and `studio` (which
//! connects the two). It deliberately knows nothing of GStreamer, WebRTC or the network, and it
//! never copies a payload: [`bytes::Bytes`] is shared by all takers of one encoding.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

/// A moment of the program, in nanoseconds since program zero (the first keyframe that recording
/// and audience accepted). Monotonic; it has nothing to do with the wall clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgramTime(u64);

impl ProgramTime {
    /// Program zero.
    pub const ZERO: Self = Self(0);

    /// `nanoseconds` after program zero.
    #[must_use]
    pub const fn from_nanos(nanoseconds: u64) -> Self {
        Self(nanoseconds)
    }

    /// `milliseconds` after program zero. Saturates.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds.saturating_mul(1_000_000))
    }

    /// Nanoseconds since program zero.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since program zero, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The time that passed since program zero.
    #[must_use]
    pub const fn since_zero(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// This moment on an RTP clock of `rate` ticks a second that reads 0 at program zero
    /// (modulo 2³², RFC 3550 §5.1).
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "RTP timestamps wrap")]
    pub const fn rtp_ticks(self, rate: u32) -> u32 {
        (self.0 as u128 * rate as u128 / 1_000_000_000) as u32
    }
}

impl std::ops::Add<Duration> for ProgramTime {
    type Output = Self;

    /// Saturates at the end of time (584 years).
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for ProgramTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.as_millis();
        let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        write!(f, "{h:02}:{m:02}:{s:02}.{:03}", ms % 1000)
    }
}

/// Which encoding of the program a unit belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Track {
    /// H.264 constrained baseline, Annex B byte-stream, one access unit, parameter sets before
    /// every IDR picture.
    Video,
    /// Opus, 48 kHz stereo, one packet of 20 ms.
    Opus,
    /// AAC-LC, 48 kHz stereo, one raw frame of 1,024 samples (no ADTS header).
    Aac,
}

/// One encoded picture, or one packet of sound. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AccessUnit {
    /// The encoding that it belongs to.
    pub track: Track,
    /// When it is to be shown or heard. There are no B-frames: decoding order is this order.
    pub pts: ProgramTime,
    /// How long it lasts.
    pub duration: Duration,
    /// Whether decoding may start here. Always true for sound.
    pub keyframe: bool,
    /// The payload, in the form that [`Track`] names.
    pub data: Bytes,
}

/// What a receiver must know before the first unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecConfig {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Pictures a second.
    pub fps: u32,
    /// The H.264 profile-level-id (RFC 6184 §8.1), e.g. `42c01f`.
    pub profile_level_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_time_is_an_exact_ninety_kilohertz_clock_that_wraps() {
        assert_eq!(ProgramTime::from_millis(1).rtp_ticks(90_000), 90);
        assert_eq!(ProgramTime::from_millis(47_721_859).rtp_ticks(90_000), 14);
    }

    #[test]
    fn program_time_reads_like_a_clock() {
        assert_eq!(ProgramTime::from_millis(3_723_004).to_string(), "01:02:03.004");
    }
}
