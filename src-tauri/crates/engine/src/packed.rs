//! Encoded units on their way back into a pipeline.

use std::time::Duration;

use gst::ClockTime;
use media::{AccessUnit, Format, ProgramTime};

/// H.264 with length prefixes and its parameter sets in the caps, as FLV and MP4 have it.
pub(crate) const AVC: &str = "video/x-h264, stream-format=(string)avc, alignment=(string)au";

/// What a pipeline must know of units in `format`. None where it cannot be said.
pub(crate) fn caps(format: &Format) -> Option<gst::Caps> {
    let signed = |value: u32| i32::try_from(value).ok();
    Some(match format {
        Format::H264(config) => {
            let caps = gst::Caps::builder("video/x-h264");
            let caps = caps.field("stream-format", "byte-stream").field("alignment", "au");
            // A receiver does not know them.
            if config.width == 0 {
                caps.build()
            } else {
                caps.field("width", signed(config.width)?)
                    .field("height", signed(config.height)?)
                    .field("framerate", gst::Fraction::new(signed(config.fps)?, 1))
                    .build()
            }
        }
        Format::Opus(config) => gst::Caps::builder("audio/x-opus")
            .field("rate", signed(media::SAMPLE_RATE)?)
            .field("channels", i32::from(config.channels))
            .field("channel-mapping-family", 0)
            .build(),
        Format::Aac(config) => gst::Caps::builder("audio/mpeg")
            .field("mpegversion", 4)
            .field("stream-format", "raw")
            .field("framed", true)
            .field("rate", signed(config.sample_rate)?)
            .field("channels", i32::from(config.channels))
            .field("codec_data", gst::Buffer::from_slice(config.specific.clone()))
            .build(),
    })
}

/// The unit as a buffer whose time counts from `zero`. Its payload is shared, not copied.
pub(crate) fn buffer(unit: AccessUnit, zero: ProgramTime) -> gst::Buffer {
    let clock = |time: Duration| u64::try_from(time.as_nanos()).ok().map(ClockTime::from_nseconds);
    let pts = clock(unit.pts.since(zero));
    let mut buffer = gst::Buffer::from_slice(unit.data);
    if let Some(buffer) = buffer.get_mut() {
        buffer.set_pts(pts);
        // Without B-frames, frames are decoded in the order in which they are shown.
        buffer.set_dts(pts);
        if !unit.duration.is_zero() {
            buffer.set_duration(clock(unit.duration));
        }
        if !unit.keyframe {
            buffer.set_flags(gst::BufferFlags::DELTA_UNIT);
        }
    }
    buffer
}
