//! Silent packets, for gaps: players that count samples instead of reading times (Chromium does)
//! would otherwise play what follows too early.

use std::sync::Arc;

use bytes::Bytes;
use media::{AacConfig, AccessUnit, CodecConfig, Format, OpusConfig, ProgramTime, SAMPLE_RATE};

/// Samples of an AAC-LC frame.
pub(crate) const FRAME: u32 = 1024;
/// A `raw_data_block` of one channel pair element without a spectral line, and its end
/// (ISO/IEC 14496-3 §4.4.2.1).
const STEREO: &[u8] = &[0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80];
/// One single channel element, likewise.
const MONO: &[u8] = &[0x00, 0xc8, 0x00, 0x80, 0x23, 0x80];

/// A packet of silence of this format; none where it is no sound, or not known to decode one.
pub(crate) fn of(format: &Format) -> Option<Bytes> {
    match format {
        Format::Aac(aac) => packet(aac),
        Format::Opus(format) => opus(format),
        Format::H264(_) => None,
    }
}

/// A packet of silence; none where the configuration is not known to decode it.
fn packet(config: &AacConfig) -> Option<Bytes> {
    // Audio object type 2, AAC-LC: the first five bits of an AudioSpecificConfig.
    let is_lc = config.specific.first().is_some_and(|first| first >> 3 == 2);
    match config.channels {
        1 if is_lc => Some(Bytes::from_static(MONO)),
        2 if is_lc => Some(Bytes::from_static(STEREO)),
        _ => None,
    }
}

/// Samples of an Opus packet of 20 ms.
const OPUS_FRAME: u32 = 960;

/// A packet of 20 ms of Opus in which nothing is coded (RFC 6716 §3.1): CELT, fullband, one frame.
fn opus(config: &OpusConfig) -> Option<Bytes> {
    match config.channels {
        1 => Some(Bytes::from_static(&[0xf8, 0xff, 0xfe])),
        2 => Some(Bytes::from_static(&[0xfc, 0xff, 0xfe])),
        _ => None,
    }
}

/// A silent unit of this configuration at `pts`; none where it is no sound, or not known to decode one.
#[must_use]
pub fn silent_unit(config: &Arc<CodecConfig>, pts: ProgramTime) -> Option<AccessUnit> {
    let data = of(&config.format)?;
    let (samples, rate) = match &config.format {
        Format::Aac(aac) => (FRAME, aac.sample_rate.max(1)),
        Format::Opus(_) | Format::H264(_) => (OPUS_FRAME, SAMPLE_RATE),
    };
    let duration = ProgramTime::from_ticks(samples.into(), rate).since_zero();
    Some(AccessUnit { track: config.format.track(), config: config.clone(), pts, duration, keyframe: true, data })
}
