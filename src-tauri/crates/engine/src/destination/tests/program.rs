//! A small encoded program, live, for tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gst::ClockTime;
use gst::prelude::Cast;
use media::{AacConfig, AccessUnit, CodecConfig, Format, H264Config, Look, Program, ProgramTime, Track, h264};

use crate::chain::{Chain, Part};
use crate::state_change;

/// Encodes test video and audio in real time until it is dropped.
pub(super) struct LiveProgram {
    pipeline: gst::Pipeline,
    pub(super) program: Program,
}

impl LiveProgram {
    pub(super) fn start() -> Self {
        crate::init().unwrap();
        let pipeline = gst::Pipeline::new();
        let program = Program::new(Look::Dressed);
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
            .then(Part::new("h264parse").set("config-interval", -1))
            .then(Part::caps("video/x-h264, stream-format=(string)byte-stream, alignment=(string)au"));
        let audio = Chain::start(Part::new("audiotestsrc").set("is-live", true).set("wave", "pink-noise"))
            .then(Part::caps("audio/x-raw, rate=(int)48000, channels=(int)2"))
            .then(Part::new("avenc_aac").set("aac-coder", "fast"))
            .then(Part::new("aacparse"))
            .then(Part::caps("audio/mpeg, mpegversion=(int)4, stream-format=(string)raw"));
        publish(&pipeline, video, Track::Video, program.clone());
        publish(&pipeline, audio, Track::Aac, program.clone());
        state_change::start(&pipeline, "test", &std::env::temp_dir()).unwrap();
        Self { pipeline, program }
    }
}

impl Drop for LiveProgram {
    fn drop(&mut self) {
        state_change::stop(&self.pipeline, "test", &std::env::temp_dir()).unwrap();
    }
}

fn publish(pipeline: &gst::Pipeline, chain: Chain, track: Track, program: Program) {
    let sink = Part::new("appsink").set("sync", false);
    let built = chain.then(sink).build(pipeline.upcast_ref(), "test").unwrap();
    let sink = built.last().clone().downcast::<gst_app::AppSink>().unwrap();
    let config: Mutex<Option<Arc<CodecConfig>>> = Mutex::default();
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let (buffer, caps) = (sample.buffer_owned().unwrap(), sample.caps_owned().unwrap());
        // x264enc counts from a thousand hours on, and says so in its segment.
        let segment = sample.segment().and_then(|segment| segment.downcast_ref::<ClockTime>()).unwrap();
        let running = segment.to_running_time(buffer.pts()).unwrap();
        // Far from zero, as in the middle of a show.
        let pts = ProgramTime::from_nanos((running + ClockTime::from_seconds(5000)).nseconds());
        let duration = Duration::from_nanos(buffer.duration().map_or(0, ClockTime::nseconds));
        let keyframe = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let data = bytes::Bytes::from_owner(buffer.into_mapped_buffer_readable().unwrap());
        let mut config = config.lock().unwrap();
        let config = config.get_or_insert_with(|| program.configure(format(track, &data, &caps))).clone();
        program.publish(AccessUnit { track, config, pts, duration, keyframe, data });
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
}

fn format(track: Track, first: &[u8], caps: &gst::Caps) -> Format {
    if track == Track::Video {
        let (sps, pps) = h264::parameter_sets(first).unwrap();
        Format::H264(H264Config { width: 320, height: 180, fps: 30, sps, pps })
    } else {
        let specific = caps.structure(0).unwrap().get::<gst::Buffer>("codec_data").unwrap();
        let specific = bytes::Bytes::copy_from_slice(&specific.map_readable().unwrap());
        Format::Aac(AacConfig { sample_rate: 48_000, channels: 2, delay: 1024, specific })
    }
}
