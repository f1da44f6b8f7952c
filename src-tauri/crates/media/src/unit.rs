//! Encoded units.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::{CodecConfig, ProgramTime};

/// Which encoding of the program a unit belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Track {
    /// H.264 constrained baseline, Annex B byte-stream, one access unit, parameter sets before
    /// every IDR frame.
    Video,
    /// Opus, 48 kHz stereo, one packet of 20 ms.
    Opus,
    /// AAC-LC, 48 kHz stereo, one raw frame of 1,024 samples (no ADTS header).
    Aac,
}

impl Track {
    /// Every track.
    pub const ALL: [Self; 3] = [Self::Video, Self::Opus, Self::Aac];

    /// Its place in [`Self::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// A choice of tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tracks([bool; 3]);

impl Tracks {
    /// What files and RTMP take.
    pub const FILE: Self = Self([true, false, true]);
    /// What WebRTC takes.
    pub const WEBRTC: Self = Self([true, true, false]);
    /// Everything.
    pub const ALL: Self = Self([true; 3]);

    /// Nothing but `track`.
    #[must_use]
    pub const fn only(track: Track) -> Self {
        let mut tracks = [false; 3];
        tracks[track.index()] = true;
        Self(tracks)
    }

    /// Whether `track` is one of them.
    #[must_use]
    pub const fn has(self, track: Track) -> bool {
        self.0[track.index()]
    }
}

/// One encoded frame, or one packet of sound. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AccessUnit {
    /// The encoding that it belongs to.
    pub track: Track,
    /// What a decoder of this unit must know. Where it differs from that of the unit before, a new
    /// decoder (sample entry, discontinuity) begins; video then begins with a keyframe.
    pub config: Arc<CodecConfig>,
    /// When it is to be shown or heard, with the encoder's delay taken off. There are no B-frames:
    /// decoding order is this order.
    pub pts: ProgramTime,
    /// How long it lasts; zero where that is not known (a receiver does not know it).
    pub duration: Duration,
    /// Whether decoding may start here. Always true for sound.
    pub keyframe: bool,
    /// The payload, in the form that [`Track`] names.
    pub data: Bytes,
}

impl AccessUnit {
    /// The end of what it shows or sounds.
    #[must_use]
    pub fn end(&self) -> ProgramTime {
        self.pts + self.duration
    }

    /// Whether decoding of the whole program may start here: a keyframe of the video.
    #[must_use]
    pub fn is_video_keyframe(&self) -> bool {
        self.track == Track::Video && self.keyframe
    }
}
