//! What an encoder says about its encoding, as the configuration that the program's readers get.

use std::time::Duration;

use domain::Canvas;
use media::{AacConfig, Format, H264Config, OpusConfig, SAMPLE_RATE, h264};

/// Channels of all audio.
const CHANNELS: u8 = 2;
/// AAC's first frame holds nothing but the encoder's own delay.
pub(super) const AAC_DELAY: u16 = 1024;
/// Opus' look-ahead in its general mode, where the encoder does not say it; receivers of WebRTC do
/// not cut it off.
const OPUS_DELAY: u16 = 312;

/// The video's configuration, from a keyframe of its byte-stream. None without parameter sets.
pub(super) fn of_video(canvas: Canvas, keyframe: &[u8]) -> Option<Format> {
    let Canvas { width, height, fps } = canvas;
    let (sps, pps) = h264::parameter_sets(keyframe)?;
    Some(Format::H264(H264Config { width, height, fps, sps, pps }))
}

/// Opus', from its encoder's caps: `streamheader` begins with the identification header
/// (RFC 7845 §5.1).
pub(super) fn of_opus(caps: &gst::CapsRef) -> Format {
    let said = caps.structure(0).and_then(|caps| {
        let headers = caps.get::<gst::ArrayRef<'_>>("streamheader").ok()?;
        let head = headers.as_slice().first()?.get::<gst::Buffer>().ok()?;
        let head = head.map_readable().ok()?;
        let pre_skip = head.strip_prefix(b"OpusHead")?.get(2..4)?;
        Some(u16::from_le_bytes([pre_skip[0], pre_skip[1]]))
    });
    Format::Opus(OpusConfig { channels: CHANNELS, pre_skip: said.unwrap_or(OPUS_DELAY) })
}

/// AAC's, from its encoder's caps: `codec_data` is the AudioSpecificConfig. None where it is missing.
pub(super) fn of_aac(caps: &gst::CapsRef) -> Option<Format> {
    let specific = caps.structure(0)?.get::<gst::Buffer>("codec_data").ok()?;
    let specific = bytes::Bytes::copy_from_slice(&specific.map_readable().ok()?);
    Some(Format::Aac(AacConfig { sample_rate: SAMPLE_RATE, channels: CHANNELS, delay: AAC_DELAY, specific }))
}

/// By how much the encoder's output is later than what went in.
pub(super) fn delay(format: &Format) -> Duration {
    let samples = match format {
        Format::H264(_) => 0,
        Format::Opus(opus) => opus.pre_skip,
        Format::Aac(aac) => aac.delay,
    };
    Duration::from_secs(samples.into()) / SAMPLE_RATE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opus_pre_skip_is_read_and_a_header_that_is_none_does_not_hurt() {
        crate::init().unwrap();
        let caps = |head: &[u8]| {
            let headers = gst::Array::new([gst::Buffer::from_slice(head.to_vec())]);
            gst::Caps::builder("audio/x-opus").field("streamheader", headers).build()
        };
        let pre_skip = |caps: &gst::CapsRef| match of_opus(caps) {
            Format::Opus(config) => config.pre_skip,
            other => panic!("{other:?}"),
        };
        assert_eq!(pre_skip(&caps(b"OpusHead\x01\x02\x00\x0f\x80\xbb\0\0\0\0\0")), 3840);
        for broken in [&b""[..], b"OpusHead\x01", b"VorbHead\x01\x02\x00\x0f"] {
            assert_eq!(pre_skip(&caps(broken)), OPUS_DELAY);
        }
        assert_eq!(pre_skip(&gst::Caps::new_empty_simple("audio/x-opus")), OPUS_DELAY);
    }

    #[test]
    fn aac_without_its_configuration_has_no_format() {
        crate::init().unwrap();
        let caps = gst::Caps::new_empty_simple("audio/mpeg");
        assert_eq!(of_aac(&caps), None);
        let with = gst::Caps::builder("audio/mpeg").field("codec_data", gst::Buffer::from_slice(*b"\x11\x90")).build();
        let Some(Format::Aac(config)) = of_aac(&with) else { panic!() };
        assert_eq!((&config.specific[..], config.delay), (&b"\x11\x90"[..], AAC_DELAY));
        assert_eq!(delay(&Format::Aac(config)), Duration::from_nanos(21_333_333));
    }
}
