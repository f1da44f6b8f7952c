//! The one frame format and the one sound format that sources deliver.

use domain::Canvas;

/// Samples a second.
pub(crate) const RATE: u32 = 48_000;
/// Samples in each channel of one buffer: 10 ms.
pub(crate) const CHUNK: usize = 480;
/// Left and right.
pub(crate) const CHANNELS: usize = 2;

/// Caps of frames after conversion. The rate is left open: a slower camera stays slower, and the
/// mixer repeats its frames.
pub(crate) fn video_caps(canvas: &Canvas) -> String {
    format!(
        "video/x-raw, format=(string)I420, width=(int){}, height=(int){}, pixel-aspect-ratio=(fraction)1/1, \
         colorimetry=(string)bt709",
        canvas.width, canvas.height
    )
}

/// Caps of sound after conversion.
pub(crate) fn audio_caps() -> String {
    format!("audio/x-raw, format=(string)F32LE, layout=(string)interleaved, rate=(int){RATE}, channels=(int){CHANNELS}")
}

/// A buffer of interleaved samples that begins at `pts`.
pub(crate) fn audio_buffer(samples: &[f32], pts: std::time::Duration) -> gst::Buffer {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    if let Some(buffer) = buffer.get_mut() {
        buffer.set_pts(clock_time(pts));
        let span = (samples.len() / CHANNELS) as u64 * 1_000_000_000 / u64::from(RATE);
        buffer.set_duration(gst::ClockTime::from_nseconds(span));
    }
    buffer
}

/// GStreamer's form of a moment or a span.
pub(crate) fn clock_time(moment: std::time::Duration) -> gst::ClockTime {
    gst::ClockTime::from_nseconds(u64::try_from(moment.as_nanos()).unwrap_or(u64::MAX - 1))
}
