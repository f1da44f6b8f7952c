//! Silent packets, for gaps: players that count samples instead of reading times (Chromium does)
//! would otherwise play what follows too early.

use bytes::Bytes;
use media::AacConfig;

/// Samples of an AAC-LC frame.
pub(crate) const FRAME: u32 = 1024;
/// A `raw_data_block` of one channel pair element without a spectral line, and its end
/// (ISO/IEC 14496-3 §4.4.2.1).
const STEREO: &[u8] = &[0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80];
/// One single channel element, likewise.
const MONO: &[u8] = &[0x00, 0xc8, 0x00, 0x80, 0x23, 0x80];

/// A packet of silence; none where the configuration is not known to decode it.
pub(crate) fn packet(config: &AacConfig) -> Option<Bytes> {
    // Audio object type 2, AAC-LC: the first five bits of an AudioSpecificConfig.
    let is_lc = config.specific.first().is_some_and(|first| first >> 3 == 2);
    match config.channels {
        1 if is_lc => Some(Bytes::from_static(MONO)),
        2 if is_lc => Some(Bytes::from_static(STEREO)),
        _ => None,
    }
}
