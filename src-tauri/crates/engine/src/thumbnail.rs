//! A picture of a recording.

use std::path::Path;

use gst::prelude::{Cast, ElementExt, ElementExtManual, ObjectExt};
use gst::{ClockTime, SeekFlags};

use crate::chain::{Chain, Part};
use crate::error::EngineError;
use crate::state_change;

const WHAT: &str = "thumbnail";
const WIDTH: u32 = 640;
/// How long finding, decoding and writing one picture may take.
const DEADLINE: ClockTime = ClockTime::from_seconds(20);
/// The first seconds of a show are often a slate or a hand at the camera.
const INTO_IT: ClockTime = ClockTime::from_seconds(10);

/// Writes a JPEG of `recording`, 640 pixels wide, to `jpeg`; some seconds into it, or a third of
/// it where it is short. Blocks, up to about 20 s.
///
/// # Errors
///
/// [`EngineError::Thumbnail`] where no picture could be decoded or written. `jpeg` is then as it
/// was before.
pub fn thumbnail(recording: &Path, jpeg: &Path) -> Result<(), EngineError> {
    crate::init()?;
    let problem = |problem: String| EngineError::Thumbnail { problem };
    let picture = picture_of(recording)?;
    let temporary = jpeg.with_extension("jpg.part");
    std::fs::write(&temporary, picture.as_slice()).and_then(|()| std::fs::rename(&temporary, jpeg)).map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        problem(error.to_string())
    })
}

fn picture_of(recording: &Path) -> Result<gst::MappedBuffer<gst::buffer::Readable>, EngineError> {
    let pipeline = gst::Pipeline::new();
    let built = chain().build(pipeline.upcast_ref(), WHAT)?;
    let unfit = || EngineError::build(WHAT, "its end is no application's");
    let end = built.last().clone().downcast::<gst_app::AppSink>().map_err(|_| unfit())?;
    built.first().set_property("location", recording);
    // Nothing is worth a graph here: a file that cannot be read says so itself.
    let outcome = preroll(&pipeline, &end);
    let graphs = std::env::temp_dir();
    if let Err(error) = state_change::stop(&pipeline, WHAT, &graphs) {
        tracing::error!(%error, "the pipeline of a thumbnail was abandoned");
    }
    outcome
}

fn preroll(
    pipeline: &gst::Pipeline,
    end: &gst_app::AppSink,
) -> Result<gst::MappedBuffer<gst::buffer::Readable>, EngineError> {
    let failed = |problem: String| EngineError::Thumbnail { problem };
    pipeline.set_state(gst::State::Paused).map_err(|_| failed(state_change::first_error(pipeline)))?;
    ready(pipeline)?;
    let duration = pipeline.query_duration::<ClockTime>().unwrap_or(ClockTime::ZERO);
    let moment = INTO_IT.min(duration / 3);
    let flags = SeekFlags::FLUSH | SeekFlags::KEY_UNIT | SeekFlags::SNAP_BEFORE;
    // Where the file cannot be searched, its first picture is still a picture.
    if moment > ClockTime::ZERO && pipeline.seek_simple(flags, moment).is_ok() {
        ready(pipeline)?;
    }
    let none = || failed("it holds no picture".to_owned());
    let sample = end.try_pull_preroll(DEADLINE).ok_or_else(none)?;
    let buffer = sample.buffer_owned().ok_or_else(none)?;
    buffer.into_mapped_buffer_readable().map_err(|_| none())
}

/// Waits until a picture stands at the end.
fn ready(pipeline: &gst::Pipeline) -> Result<(), EngineError> {
    use gst::MessageType::{AsyncDone, Eos, Error};
    let failed = |problem: String| Err(EngineError::Thumbnail { problem });
    let bus = pipeline.bus().expect("a pipeline has a bus");
    match bus.timed_pop_filtered(DEADLINE, &[AsyncDone, Error, Eos]) {
        Some(message) => match message.view() {
            gst::MessageView::AsyncDone(_) => Ok(()),
            gst::MessageView::Error(error) => failed(error.error().to_string()),
            _ => failed("it holds no picture".to_owned()),
        },
        None => failed(format!("it was not decoded within {DEADLINE:.0}")),
    }
}

fn chain() -> Chain {
    let small = format!(
        "video/x-raw, format=(string)I420, width=(int){WIDTH}, pixel-aspect-ratio=(fraction)1/1, \
         colorimetry=(string)1:4:7:1"
    );
    Chain::start(Part::new("filesrc"))
        .then(Part::new("qtdemux"))
        .then(Part::new("h264parse"))
        .then(Part::new("avdec_h264").set("max-threads", 1))
        .then(Part::new("videoconvertscale"))
        .then(Part::caps(small))
        .then(Part::new("jpegenc").set("quality", 85))
        .then(Part::new("appsink").set("sync", false).set("max-buffers", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(path: &Path, seconds: u32) {
        let pipeline = gst::Pipeline::new();
        let chain = Chain::start(Part::new("videotestsrc").set("num-buffers", seconds * 10))
            .then(Part::caps(
                "video/x-raw, format=(string)I420, width=(int)320, height=(int)180, framerate=(fraction)10/1",
            ))
            .then(Part::new("x264enc").set("tune", "zerolatency").set("key-int-max", 20))
            .then(Part::new("h264parse"))
            .then(Part::new("mp4mux"))
            .then(Part::new("filesink").set("location", path.display()));
        chain.build(pipeline.upcast_ref(), "test").unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
        let ended = pipeline.bus().unwrap().timed_pop_filtered(ClockTime::from_seconds(60), &kinds);
        pipeline.set_state(gst::State::Null).unwrap();
        assert_eq!(ended.map(|message| message.type_()), Some(gst::MessageType::Eos));
    }

    #[test]
    fn a_recording_has_a_picture() {
        crate::init().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (recording, jpeg) = (folder.path().join("a b.mp4"), folder.path().join("a.jpg"));
        record(&recording, 5);
        thumbnail(&recording, &jpeg).unwrap();
        let bytes = std::fs::read(&jpeg).unwrap();
        assert!(bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9]), "{} bytes", bytes.len());
        // SOF0 carries height and width after the marker, its length and the sample size.
        let start = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        assert_eq!(bytes[start + 5..start + 9], [1, 104, 2, 128], "360 × 640");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
    }

    #[test]
    fn what_is_no_recording_is_refused_and_leaves_nothing() {
        crate::init().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (noise, jpeg) = (folder.path().join("noise.mp4"), folder.path().join("a.jpg"));
        std::fs::write(&noise, vec![7; 5000]).unwrap();
        for recording in [noise, folder.path().join("nothing.mp4"), folder.path().to_owned()] {
            let error = thumbnail(&recording, &jpeg).unwrap_err();
            assert!(matches!(error, EngineError::Thumbnail { .. }), "{error}");
            assert!(!jpeg.exists());
        }
    }
}
