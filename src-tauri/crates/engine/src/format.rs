//! The raw formats that pass between threads and pipelines. One unpinned pad costs a conversion of every frame.

use domain::Canvas;

/// Samples a second, everywhere in the engine.
pub(crate) const SAMPLE_RATE: u32 = 48_000;
/// Samples of each channel in one buffer of the program's audio: 20 ms, as Opus takes them. Half as
/// long would wake every thread behind the mixer twice as often.
pub(crate) const MIX_SAMPLES: u32 = 960;

/// The one format of raw frames.
pub(crate) fn raw_video(canvas: &Canvas) -> String {
    sized_video(canvas.width, canvas.height, canvas.fps)
}

/// The one format of raw frames, in another size.
pub(crate) fn sized_video(width: u32, height: u32, fps: u32) -> String {
    format!(
        "video/x-raw, format=(string)I420, width=(int){width}, height=(int){height}, framerate=(fraction){fps}/1, \
         pixel-aspect-ratio=(fraction)1/1, interlace-mode=(string)progressive, colorimetry=(string)bt709, \
         chroma-site=(string)mpeg2"
    )
}

/// I420 bt709 of the canvas' size and rate.
pub(crate) fn video_info(canvas: &Canvas) -> gst_video::VideoInfo {
    let bt709 = gst_video::VideoColorimetry::new(
        gst_video::VideoColorRange::Range16_235,
        gst_video::VideoColorMatrix::Bt709,
        gst_video::VideoTransferFunction::Bt709,
        gst_video::VideoColorPrimaries::Bt709,
    );
    gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, canvas.width, canvas.height)
        .fps(gst::Fraction::new(i32::try_from(canvas.fps).unwrap_or(30), 1))
        .colorimetry(&bt709)
        .build()
        .expect("a canvas has sides that I420 can have")
}

/// The one format of raw audio.
pub(crate) fn raw_audio() -> String {
    format!(
        "audio/x-raw, format=(string)F32LE, layout=(string)interleaved, rate=(int){SAMPLE_RATE}, channels=(int)2, \
         channel-mask=(bitmask)0x3"
    )
}
