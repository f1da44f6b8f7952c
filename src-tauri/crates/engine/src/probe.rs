//! Decodes what the probe brought back: the proof that viewers can see and hear the program.

mod senses;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use gst::prelude::Cast;
use gst_video::prelude::VideoFrameExt;
use media::{Capacity, Next, Overflow, Program, ProgramTime, Reader, ReaderConfig, Start, Track, Tracks};

use crate::chain::{Chain, Part};
use crate::error::EngineError;
use crate::packed;
use crate::state_change;
use crate::thread_names;
use senses::{Hearing, Sight};

const WHAT: &str = "probe's decoder";
/// What may wait for the decoder; one that does not keep up is no proof anyway.
const WAITING: Capacity = Capacity { span: Duration::from_secs(4), bytes: 32 << 20 };
/// And so much inside its pipeline, in buffers.
const WAITING_FRAMES: u32 = 120;
const WAITING_PACKETS: u32 = 300;

/// What was decoded so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProbeReport {
    /// Decoded frames.
    pub frames: u64,
    /// The newest frame's moment.
    pub newest: Option<ProgramTime>,
    /// Decoded packets of sound.
    pub sound_packets: u64,
    /// The newest frame is nothing but black.
    pub black: bool,
    /// Nothing moved in the last second.
    pub still: bool,
    /// Nothing was heard in the last second.
    pub silent: bool,
}

#[derive(Default)]
struct Seen {
    frames: u64,
    newest: Option<ProgramTime>,
    packets: u64,
    sight: Sight,
    hearing: Hearing,
}

/// A decoder of a program that viewers get: a reader of H.264 and Opus, as fast as they come.
/// Dropping it ends it.
pub struct ProbeDecoder {
    pipeline: gst::Pipeline,
    seen: Arc<Mutex<Seen>>,
    closed: Arc<AtomicBool>,
    feeding: Option<JoinHandle<()>>,
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ProbeDecoder {
    /// Starts reading `program`, from a keyframe on; audio is read from the first packet on, so that
    /// a report says what is missing.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where its pipeline or its thread does not start.
    pub fn start(program: &Program) -> Result<Self, EngineError> {
        crate::init()?;
        let pipeline = gst::Pipeline::new();
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let (video, frames) = ends(&video_chain(), &pipeline)?;
        let (audio, packets) = ends(&audio_chain(), &pipeline)?;
        let looking = seen.clone();
        listen_to(&frames, move |sample| see(sample, &looking));
        let listening = seen.clone();
        listen_to(&packets, move |sample| hear(sample, &listening));
        let mut probe = Self { pipeline, seen, closed: Arc::default(), feeding: None };
        state_change::start(&probe.pipeline, WHAT, &std::env::temp_dir())?;
        // Opened here, so that nothing is missed of what is published from now on.
        let thread = Arc::new(OnceLock::new());
        let decoders = [(Track::Video, video), (Track::Opus, audio)]
            .map(|(track, decoder)| (program.read(reading(track, thread.clone())), decoder));
        let closed = probe.closed.clone();
        let feed = move || {
            // Set once, by this thread alone.
            let _ = thread.set(thread::current());
            feed(&decoders, &closed);
        };
        let feeding = thread::Builder::new().name(thread_names::PROBE.to_owned()).spawn(feed);
        probe.feeding = Some(feeding.map_err(|error| EngineError::Thread { problem: error.to_string() })?);
        Ok(probe)
    }

    /// What was decoded so far.
    #[must_use]
    pub fn report(&self) -> ProbeReport {
        let seen = lock(&self.seen);
        ProbeReport {
            frames: seen.frames,
            newest: seen.newest,
            sound_packets: seen.packets,
            black: seen.sight.is_black(),
            still: seen.sight.is_still(),
            silent: seen.hearing.is_silent(),
        }
    }
}

impl Drop for ProbeDecoder {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Release);
        if let Some(feeding) = self.feeding.take() {
            feeding.thread().unpark();
            if feeding.join().is_err() {
                tracing::error!("the probe's thread panicked");
            }
        }
        if let Err(error) = state_change::stop(&self.pipeline, WHAT, &std::env::temp_dir()) {
            tracing::error!(%error, "the probe's decoder was abandoned");
        }
    }
}

/// How `track` is read. The thread that feeds is woken as soon as there is one.
fn reading(track: Track, thread: Arc<OnceLock<Thread>>) -> ReaderConfig {
    ReaderConfig {
        name: "probe",
        tracks: Tracks::only(track),
        start: Start::Gop { younger_than: WAITING.span },
        capacity: WAITING,
        overflow: Overflow::DropWaiting,
        wake: Some(Arc::new(move || {
            if let Some(thread) = thread.get() {
                thread.unpark();
            }
        })),
    }
}

/// Gives what comes to the decoders, until the program is over or the probe is closed. Never waits
/// for a decoder: what does not fit is lost.
fn feed(decoders: &[(Reader, gst_app::AppSrc); 2], closed: &AtomicBool) {
    while !closed.load(Ordering::Acquire) && !decoders.iter().all(|(reader, _)| reader.is_over()) {
        for (reader, decoder) in decoders {
            while let Next::Unit(unit) = reader.try_next() {
                // It fails only after an error, and then nothing is decoded any more: the report
                // shows it.
                let _ = decoder.push_buffer(packed::buffer(unit, ProgramTime::ZERO));
            }
        }
        if decoders.iter().all(|(reader, _)| reader.waiting().units == 0 && !reader.is_over()) {
            thread::park();
        }
    }
}

fn video_chain() -> Chain {
    let caps = "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au";
    Chain::start(source(caps, WAITING_FRAMES))
        .then(Part::new("h264parse"))
        // One thread: more of them would hold frames back.
        .then(Part::new("avdec_h264").set("max-threads", 1))
        .then(Part::caps("video/x-raw, format=(string)I420"))
        .then(sink())
}

fn audio_chain() -> Chain {
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

fn see(sample: &gst::Sample, seen: &Mutex<Seen>) -> Option<()> {
    let (buffer, info) = (sample.buffer()?, gst_video::VideoInfo::from_caps(sample.caps()?).ok()?);
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).ok()?;
    let stride = usize::try_from(*frame.plane_stride().first()?).ok()?;
    let at = ProgramTime::from_nanos(buffer.pts()?.nseconds());
    let mut seen = lock(seen);
    seen.sight.frame(frame.plane_data(0).ok()?, stride, info.width() as usize, at);
    seen.frames += 1;
    seen.newest = seen.newest.max(Some(at));
    Some(())
}

fn hear(sample: &gst::Sample, seen: &Mutex<Seen>) -> Option<()> {
    let buffer = sample.buffer()?;
    let samples = buffer.map_readable().ok()?;
    let at = ProgramTime::from_nanos(buffer.pts()?.nseconds());
    let mut seen = lock(seen);
    seen.hearing.sound(samples.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])), at);
    seen.packets += 1;
    Some(())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use media::{AacConfig, AccessUnit, Format, H264Config, Look, OpusConfig};

    use super::*;

    /// Encodes `line` and gives what comes out as units of `track` of `program`.
    fn encoded(program: &Program, line: Chain, track: Track) -> Vec<AccessUnit> {
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
                config: program.configure(format(track)),
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

    /// As a receiver knows it.
    fn format(track: Track) -> Format {
        let nothing = bytes::Bytes::new;
        match track {
            Track::Video => Format::H264(H264Config { width: 0, height: 0, fps: 0, sps: nothing(), pps: nothing() }),
            Track::Opus => Format::Opus(OpusConfig { channels: 2, pre_skip: 0 }),
            Track::Aac => Format::Aac(AacConfig { sample_rate: 48_000, channels: 2, delay: 0, specific: nothing() }),
        }
    }

    fn frames(program: &Program, pattern: &str) -> Vec<AccessUnit> {
        let line = Chain::start(Part::new("videotestsrc").set("pattern", pattern).set("num-buffers", 75))
            .then(Part::caps(
                "video/x-raw, format=(string)I420, width=(int)320, height=(int)180, framerate=(fraction)30/1",
            ))
            .then(Part::new("x264enc").set("tune", "zerolatency").set("key-int-max", 30))
            .then(Part::caps("video/x-h264, profile=(string)constrained-baseline, stream-format=(string)byte-stream"))
            .then(Part::new("h264parse").set("config-interval", -1))
            .then(Part::caps("video/x-h264, stream-format=(string)byte-stream, alignment=(string)au"));
        encoded(program, line, Track::Video)
    }

    fn packets(program: &Program, wave: &str) -> Vec<AccessUnit> {
        let test = Part::new("audiotestsrc").set("wave", wave).set("num-buffers", 100).set("samplesperbuffer", 960);
        let line = Chain::start(test)
            .then(Part::caps("audio/x-raw, rate=(int)48000, channels=(int)2"))
            .then(Part::new("opusenc"));
        encoded(program, line, Track::Opus)
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
        let program = Program::new(Look::Dressed);
        let (video, audio) = (frames(&program, "ball"), packets(&program, "pink-noise"));
        let probe = ProbeDecoder::start(&program).unwrap();
        // A viewer joins in the middle: what comes before a keyframe is skipped.
        video[5..].iter().chain(&audio).cloned().for_each(|unit| program.publish(unit));
        let report = until(&probe, |report| report.frames >= 45 && report.sound_packets >= 90);
        assert_eq!(report.newest, video.last().map(|unit| unit.pts));
        assert_eq!((report.frames, report.black, report.still, report.silent), (45, false, false, false));
    }

    #[test]
    fn sound_without_a_picture_is_reported_as_that() {
        crate::init().unwrap();
        let program = Program::new(Look::Dressed);
        let probe = ProbeDecoder::start(&program).unwrap();
        packets(&program, "pink-noise").into_iter().for_each(|unit| program.publish(unit));
        let report = until(&probe, |report| report.sound_packets >= 90);
        assert_eq!(report.frames, 0);
    }

    #[test]
    fn black_still_and_silent_are_noticed() {
        crate::init().unwrap();
        let program = Program::new(Look::Dressed);
        let (video, audio) = (frames(&program, "black"), packets(&program, "silence"));
        let probe = ProbeDecoder::start(&program).unwrap();
        video.into_iter().chain(audio).for_each(|unit| program.publish(unit));
        let report = until(&probe, |report| report.frames >= 75 && report.sound_packets >= 90);
        assert!(report.black && report.still && report.silent, "{report:?}");
    }

    #[test]
    fn noise_instead_of_units_does_not_hurt() {
        crate::init().unwrap();
        let program = Program::new(Look::Dressed);
        let probe = ProbeDecoder::start(&program).unwrap();
        for n in 0..50_u64 {
            for track in Track::ALL {
                let (pts, duration) = (ProgramTime::from_millis(n * 20), Duration::from_millis(20));
                let (data, config) = (bytes::Bytes::from(vec![n as u8; 300]), program.configure(format(track)));
                program.publish(AccessUnit { track, config, pts, duration, keyframe: true, data });
            }
        }
        assert_eq!(probe.report().frames, 0);
    }
}
