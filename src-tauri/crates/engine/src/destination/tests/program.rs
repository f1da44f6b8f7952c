//! A small encoded program, live, for tests.

use std::sync::{Arc, Mutex};

use gst::ClockTime;
use gst::prelude::Cast;

use crate::chain::{Chain, Part};
use crate::joint::{EncodedTrack, EncodedUnit, Tap};
use crate::state_change;

/// Encodes test picture and sound in real time until it is dropped.
pub(super) struct Program {
    pipeline: gst::Pipeline,
    taps: Arc<Mutex<Vec<Arc<dyn Tap>>>>,
}

impl Program {
    pub(super) fn start() -> Self {
        crate::init().unwrap();
        let pipeline = gst::Pipeline::new();
        let taps: Arc<Mutex<Vec<Arc<dyn Tap>>>> = Arc::default();
        let video = Chain::start(Part::new("videotestsrc").set("is-live", true).set("pattern", "snow"))
            .then(Part::caps(
                "video/x-raw, format=(string)I420, width=(int)320, height=(int)180, framerate=(fraction)30/1",
            ))
            .then(
                Part::new("x264enc")
                    .set("tune", "zerolatency")
                    .set("key-int-max", 30)
                    .set("bitrate", 2000)
                    .set("speed-preset", "ultrafast"),
            )
            .then(Part::new("h264parse"))
            .then(Part::caps("video/x-h264, stream-format=(string)avc, alignment=(string)au"));
        let sound = Chain::start(Part::new("audiotestsrc").set("is-live", true).set("wave", "pink-noise"))
            .then(Part::caps("audio/x-raw, rate=(int)48000, channels=(int)2"))
            .then(Part::new("avenc_aac").set("aac-coder", "fast"))
            .then(Part::new("aacparse"))
            .then(Part::caps("audio/mpeg, mpegversion=(int)4, stream-format=(string)raw"));
        tap(&pipeline, video, EncodedTrack::VideoAvc, &taps);
        tap(&pipeline, sound, EncodedTrack::Aac, &taps);
        state_change::start(&pipeline, "test", &std::env::temp_dir()).unwrap();
        Self { pipeline, taps }
    }

    pub(super) fn add(&self, tap: Arc<dyn Tap>) {
        self.taps.lock().unwrap().push(tap);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        state_change::stop(&self.pipeline, "test", &std::env::temp_dir()).unwrap();
    }
}

fn tap(pipeline: &gst::Pipeline, chain: Chain, track: EncodedTrack, taps: &Arc<Mutex<Vec<Arc<dyn Tap>>>>) {
    let sink = Part::new("appsink").set("sync", false);
    let built = chain.then(sink).build(pipeline.upcast_ref(), "test").unwrap();
    let sink = built.last().clone().downcast::<gst_app::AppSink>().unwrap();
    let taps = taps.clone();
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let (Some(mut buffer), Some(caps)) = (sample.buffer_owned(), sample.caps_owned()) else {
            return Err(gst::FlowError::Error);
        };
        let segment = sample.segment().and_then(|segment| segment.downcast_ref::<ClockTime>().cloned());
        let segment = segment.ok_or(gst::FlowError::Error)?;
        drop(sample);
        // Far from zero, as in the middle of a show.
        let later = ClockTime::from_seconds(5000);
        let writable = buffer.make_mut();
        let (pts, dts) = (writable.pts(), writable.dts());
        // x264enc counts from a thousand hours on, and says so in its segment.
        let running = |time: Option<ClockTime>| segment.to_running_time(time).map(|time| time + later);
        writable.set_pts(running(pts));
        writable.set_dts(running(dts));
        let keyframe = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let unit = EncodedUnit { track, buffer, keyframe, caps };
        taps.lock().unwrap().iter().for_each(|tap| tap.take(&unit));
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
}
