//! Decodes what the probe brought back: the proof that viewers can see and hear the program.

mod look;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gst::ClockTime;
use gst::prelude::Cast;
use gst_video::prelude::VideoFrameExt;
use media::{AccessUnit, ProgramTime, Track};

use crate::chain::{Chain, Part};
use crate::error::EngineError;
use crate::state_change;
use look::{Listen, Look};

const WHAT: &str = "probe's decoder";
/// What waits for the decoder; a decoder that does not keep up is no proof anyway.
const WAITING_PICTURES: u32 = 120;
const WAITING_PACKETS: u32 = 300;

/// What was decoded so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProbeReport {
    /// Decoded pictures.
    pub pictures: u64,
    /// The newest picture's moment.
    pub newest: Option<ProgramTime>,
    /// Decoded packets of sound.
    pub sound_packets: u64,
    /// The newest picture is nothing but black.
    pub black: bool,
    /// Nothing moved in the last second.
    pub still: bool,
    /// Nothing was heard in the last second.
    pub silent: bool,
}

#[derive(Default)]
struct Seen {
    pictures: u64,
    newest: Option<ProgramTime>,
    packets: u64,
    look: Look,
    listen: Listen,
}

/// A decoder for what viewers get: H.264 and Opus, as fast as they come. Dropping it ends it.
pub struct ProbeDecoder {
    pipeline: gst::Pipeline,
    video: gst_app::AppSrc,
    sound: gst_app::AppSrc,
    started: AtomicBool,
    seen: Arc<Mutex<Seen>>,
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ProbeDecoder {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where its pipeline does not start.
    pub fn start() -> Result<Self, EngineError> {
        crate::init()?;
        let pipeline = gst::Pipeline::new();
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let (video, pictures) = ends(&video_chain(), &pipeline)?;
        let (sound, packets) = ends(&sound_chain(), &pipeline)?;
        let looking = seen.clone();
        listen_to(&pictures, move |sample| look_at(sample, &looking));
        let listening = seen.clone();
        listen_to(&packets, move |sample| hear(sample, &listening));
        let probe = Self { pipeline, video, sound, started: AtomicBool::new(false), seen };
        state_change::start(&probe.pipeline, WHAT, &std::env::temp_dir())?;
        Ok(probe)
    }

    /// Gives it a unit. Never blocks: what does not fit is dropped. Pictures before the first
    /// keyframe are skipped.
    pub fn push(&self, unit: AccessUnit) {
        let source = match unit.track {
            Track::Video => {
                if !self.started.fetch_or(unit.keyframe, Ordering::Relaxed) && !unit.keyframe {
                    return;
                }
                &self.video
            }
            Track::Opus => &self.sound,
            Track::Aac => return,
        };
        let mut buffer = gst::Buffer::from_slice(unit.data);
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(ClockTime::from_nseconds(unit.pts.as_nanos()));
            buffer.set_duration(u64::try_from(unit.duration.as_nanos()).ok().map(ClockTime::from_nseconds));
        }
        // It fails only after an error, and then nothing is decoded any more: the report shows it.
        let _ = source.push_buffer(buffer);
    }

    /// What was decoded so far.
    #[must_use]
    pub fn report(&self) -> ProbeReport {
        let seen = lock(&self.seen);
        ProbeReport {
            pictures: seen.pictures,
            newest: seen.newest,
            sound_packets: seen.packets,
            black: seen.look.is_black(),
            still: seen.look.is_still(),
            silent: seen.listen.is_silent(),
        }
    }
}

impl Drop for ProbeDecoder {
    fn drop(&mut self) {
        if let Err(error) = state_change::stop(&self.pipeline, WHAT, &std::env::temp_dir()) {
            tracing::error!(%error, "the probe's decoder was abandoned");
        }
    }
}

fn video_chain() -> Chain {
    let caps = "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au";
    Chain::start(source(caps, WAITING_PICTURES))
        .then(Part::new("h264parse"))
        // One thread: more of them would hold pictures back.
        .then(Part::new("avdec_h264").set("max-threads", 1))
        .then(Part::caps("video/x-raw, format=(string)I420"))
        .then(sink())
}

fn sound_chain() -> Chain {
    let caps = "audio/x-opus, rate=(int)48000, channels=(int)2, channel-mapping-family=(int)0";
    Chain::start(source(caps, WAITING_PACKETS))
        .then(Part::new("opusdec"))
        .then(Part::caps("audio/x-raw, format=(string)S16LE"))
        .then(sink())
}

fn source(caps: &str, waiting: u32) -> Part {
    let source = Part::new("appsrc").set("caps", caps).set("format", "time").set("is-live", true);
    source.set("max-buffers", waiting).set("max-bytes", 0).set("leaky-type", "upstream")
}

fn sink() -> Part {
    Part::new("appsink").set("sync", false).set("async", false)
}

fn ends(chain: &Chain, pipeline: &gst::Pipeline) -> Result<(gst_app::AppSrc, gst_app::AppSink), EngineError> {
    let built = chain.build(pipeline.upcast_ref(), WHAT)?;
    let unfit = || EngineError::build(WHAT, "an end of it is no application's");
    let source = built.first().clone().downcast().map_err(|_| unfit())?;
    let sink = built.last().clone().downcast().map_err(|_| unfit())?;
    Ok((source, sink))
}

fn listen_to(end: &gst_app::AppSink, take: impl Fn(&gst::Sample) -> Option<()> + Send + 'static) {
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |end| {
        let sample = end.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        // A sample without buffer or caps is not decoded material.
        let _ = take(&sample);
        Ok(gst::FlowSuccess::Ok)
    });
    end.set_callbacks(callbacks.build());
}

fn look_at(sample: &gst::Sample, seen: &Mutex<Seen>) -> Option<()> {
    let (buffer, info) = (sample.buffer()?, gst_video::VideoInfo::from_caps(sample.caps()?).ok()?);
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).ok()?;
    let stride = usize::try_from(*frame.plane_stride().first()?).ok()?;
    let at = ProgramTime::from_nanos(buffer.pts()?.nseconds());
    let mut seen = lock(seen);
    seen.look.picture(frame.plane_data(0).ok()?, stride, info.width() as usize, at);
    seen.pictures += 1;
    seen.newest = seen.newest.max(Some(at));
    Some(())
}

fn hear(sample: &gst::Sample, seen: &Mutex<Seen>) -> Option<()> {
    let buffer = sample.buffer()?;
    let samples = buffer.map_readable().ok()?;
    let at = ProgramTime::from_nanos(buffer.pts()?.nseconds());
    let mut seen = lock(seen);
    seen.listen.sound(samples.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])), at);
    seen.packets += 1;
    Some(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// Encodes `line` and gives what comes out as units of `track`.
    fn encoded(line: Chain, track: Track) -> Vec<AccessUnit> {
        let pipeline = gst::Pipeline::new();
        let built = line.then(Part::new("appsink").set("sync", false)).build(pipeline.upcast_ref(), "test").unwrap();
        let sink = built.last().clone().downcast::<gst_app::AppSink>().unwrap();
        state_change::start(&pipeline, "test", &std::env::temp_dir()).unwrap();
        let mut units = Vec::new();
        let mut zero = None;
        while let Ok(sample) = sink.pull_sample() {
            let buffer = sample.buffer().unwrap();
            let pts = buffer.pts().unwrap().nseconds();
            let zero = *zero.get_or_insert(pts);
            units.push(AccessUnit {
                track,
                pts: ProgramTime::from_nanos(pts - zero),
                duration: Duration::from_millis(20),
                keyframe: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
                data: bytes::Bytes::copy_from_slice(&buffer.map_readable().unwrap()),
            });
        }
        state_change::stop(&pipeline, "test", &std::env::temp_dir()).unwrap();
        units
    }

    fn pictures(pattern: &str) -> Vec<AccessUnit> {
        let line = Chain::start(Part::new("videotestsrc").set("pattern", pattern).set("num-buffers", 75))
            .then(Part::caps(
                "video/x-raw, format=(string)I420, width=(int)320, height=(int)180, framerate=(fraction)30/1",
            ))
            .then(Part::new("x264enc").set("tune", "zerolatency").set("key-int-max", 30))
            .then(Part::caps("video/x-h264, profile=(string)constrained-baseline, stream-format=(string)byte-stream"))
            .then(Part::new("h264parse").set("config-interval", -1))
            .then(Part::caps("video/x-h264, stream-format=(string)byte-stream, alignment=(string)au"));
        encoded(line, Track::Video)
    }

    fn packets(wave: &str) -> Vec<AccessUnit> {
        let test = Part::new("audiotestsrc").set("wave", wave).set("num-buffers", 100).set("samplesperbuffer", 960);
        let line = Chain::start(test)
            .then(Part::caps("audio/x-raw, rate=(int)48000, channels=(int)2"))
            .then(Part::new("opusenc"));
        encoded(line, Track::Opus)
    }

    fn until(probe: &ProbeDecoder, enough: impl Fn(&ProbeReport) -> bool) -> ProbeReport {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let report = probe.report();
            if enough(&report) {
                return report;
            }
            assert!(Instant::now() < deadline, "{report:?}");
            std::thread::yield_now();
        }
    }

    #[test]
    fn moving_pictures_and_sound_are_decoded_and_counted() {
        crate::init().unwrap();
        let probe = ProbeDecoder::start().unwrap();
        let units = pictures("ball");
        // A viewer joins in the middle: what comes before a keyframe is skipped.
        units[5..].iter().chain(&packets("pink-noise")).cloned().for_each(|unit| probe.push(unit));
        let report = until(&probe, |report| report.pictures >= 45 && report.sound_packets >= 90);
        assert_eq!(report.newest, units.last().map(|unit| unit.pts));
        assert_eq!((report.pictures, report.black, report.still, report.silent), (45, false, false, false));
    }

    #[test]
    fn black_still_and_silent_are_noticed() {
        crate::init().unwrap();
        let probe = ProbeDecoder::start().unwrap();
        pictures("black").into_iter().chain(packets("silence")).for_each(|unit| probe.push(unit));
        let report = until(&probe, |report| report.pictures >= 75 && report.sound_packets >= 90);
        assert!(report.black && report.still && report.silent, "{report:?}");
    }

    #[test]
    fn noise_instead_of_units_does_not_hurt() {
        crate::init().unwrap();
        let probe = ProbeDecoder::start().unwrap();
        for n in 0..50_u64 {
            for track in [Track::Video, Track::Opus, Track::Aac] {
                let (pts, duration) = (ProgramTime::from_millis(n * 20), Duration::from_millis(20));
                let data = bytes::Bytes::from(vec![n as u8; 300]);
                probe.push(AccessUnit { track, pts, duration, keyframe: true, data });
            }
        }
        assert_eq!(probe.report().pictures, 0);
    }
}
