//! The pipeline that encodes the raw program.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use domain::Canvas;
use gst::ClockTime;
use gst::prelude::{Cast, ElementExt, ElementExtManual, PadExtManual};
use media::{GOP, KeyframeGrid, ProgramTime, Track};

use super::publisher::{Encoded, Publisher};
use crate::chain::{Built, Chain, Part};
use crate::contain::contain;
use crate::error::EngineError;
use crate::format::{raw_audio, raw_video};
use crate::output::RawReader;
use crate::state_change::{self, share_time};

/// So many raw frames may wait for the encoder, in time and in bytes; what comes when more do is
/// dropped and counted. A busy computer catches up with a second; more would be felt as delay.
const WAITING_SECONDS: u64 = 1;
const WAITING_VIDEO_BYTES: u64 = 64 << 20;
/// Audio buffers of 20 ms that may wait for the encoders: five seconds, because a hole in the sound
/// is worse than one in the video.
const WAITING_AUDIO: u64 = 250;
/// Where nobody forces a keyframe for so many steps of the grid, the encoder makes one by itself.
const STEPS_WITHOUT: u32 = 2;
/// How long the encoders may take for what they took before the end.
/// Of 10: from here on more computing is hardly heard at a broadcast's bit rates; the default takes twice as long.
const OPUS_COMPLEXITY: i32 = 5;
const DRAIN_DEADLINE: Duration = Duration::from_secs(3);
const WHAT: &str = "encoding pipeline";

/// What an encoding needs from outside.
pub(crate) struct EncodingConfig {
    pub(crate) canvas: Canvas,
    pub(crate) video_kbps: u32,
    pub(crate) audio_kbps: u32,
    pub(crate) clock: gst::Clock,
    pub(crate) base_time: ClockTime,
    pub(crate) graphs_dir: PathBuf,
    /// Called with what went wrong in the pipeline, from any thread.
    pub(crate) failed: Box<dyn Fn(String) + Send + Sync>,
}

/// The running encoders. They take the raw program as a [`RawReader`], and are stopped when this
/// is dropped.
pub(crate) struct Encoding {
    pipeline: gst::Pipeline,
    encoder: gst::Element,
    video: gst_app::AppSrc,
    audio: gst_app::AppSrc,
    waiting_frames: u64,
    dropped: AtomicU64,
    keyframes: Mutex<Keyframes>,
    publisher: Arc<Publisher>,
    drained: Mutex<mpsc::Receiver<()>>,
    graphs_dir: PathBuf,
}

/// Which raw frames must become keyframes. A new encoder begins with one.
#[derive(Default)]
struct Keyframes {
    grid: KeyframeGrid,
    /// The first frame's running time: program zero, as long as it is not known.
    first: Option<ClockTime>,
}

impl Encoding {
    /// Builds and starts the encoders; `publisher` gets what they make.
    ///
    /// # Errors
    ///
    /// [`EngineError`]; nothing is left running.
    pub(crate) fn start(config: EncodingConfig, publisher: &Arc<Publisher>) -> Result<Self, EngineError> {
        let pipeline = gst::Pipeline::with_name("encoding");
        share_time(&pipeline, &config.clock, config.base_time);
        let bin: &gst::Bin = pipeline.upcast_ref();

        let video = Chain::start(source("raw-video", &raw_video(&config.canvas)))
            .then(x264(&config.canvas, config.video_kbps))
            .then(Part::caps("video/x-h264, profile=(string)constrained-baseline"))
            .then(Part::new("h264parse").set("config-interval", -1))
            .then(Part::caps("video/x-h264, stream-format=(string)byte-stream, alignment=(string)au"))
            .then(sink())
            .build(bin, WHAT)?;
        collect(&video, Track::Video, publisher)?;

        let audio = Chain::start(source("raw-audio", &raw_audio())).then(Part::new("tee")).build(bin, WHAT)?;
        let bits = config.audio_kbps.saturating_mul(1000);
        let opus = Part::new("opusenc").set("bitrate", bits).set("frame-size", 20).set("audio-type", "generic");
        let opus = opus.set("complexity", OPUS_COMPLEXITY);
        // GStreamer's default for M/S is "always", and with the fast coder that makes one channel of two.
        let aac = Part::new("avenc_aac").set("bitrate", bits).set("aac-coder", "fast").set("aac-ms", false);
        for (track, encoder) in [(Track::Opus, opus), (Track::Aac, aac)] {
            let branch = Chain::start(Part::queue(u32::try_from(WAITING_AUDIO).unwrap_or(u32::MAX)))
                .then(Part::new("audioconvert"))
                .then(encoder)
                .then(sink())
                .build(bin, WHAT)?;
            audio.last().link(branch.first()).map_err(|error| EngineError::build(WHAT, error))?;
            collect(&branch, track, publisher)?;
        }

        let (send, drained) = mpsc::sync_channel(1);
        watch(&pipeline, config.failed, send);
        let encoder = video.named("encoder").cloned();
        let encoding = Self {
            encoder: encoder.ok_or_else(|| EngineError::build(WHAT, "the encoder is missing"))?,
            video: appsrc(&video)?,
            audio: appsrc(&audio)?,
            pipeline,
            waiting_frames: waiting_frames(&config.canvas),
            dropped: AtomicU64::new(0),
            keyframes: Mutex::default(),
            publisher: publisher.clone(),
            drained: Mutex::new(drained),
            graphs_dir: config.graphs_dir,
        };
        state_change::start(&encoding.pipeline, WHAT, &encoding.graphs_dir)?;
        Ok(encoding)
    }

    /// Takes nothing more, and waits until all that was taken is encoded or a deadline passed.
    pub(crate) fn drain(&self) {
        let _ = self.video.end_of_stream();
        let _ = self.audio.end_of_stream();
        let drained = self.drained.lock().unwrap_or_else(PoisonError::into_inner);
        if drained.recv_timeout(DRAIN_DEADLINE).is_err() {
            tracing::warn!("the encoders were not drained in time; the last frames are missing");
        }
    }

    /// Saves the graph, for the log.
    pub(crate) fn save_graph(&self) {
        state_change::save_graph(&self.pipeline, WHAT, &self.graphs_dir);
    }

    /// Frames that the encoder did not take.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Makes the frame of `running` a keyframe where the grid or a reader wants one. The encoder
    /// compares the event's running time with each frame's: it is that frame, exactly, whatever
    /// waits before it.
    fn force_keyframe_where_due(&self, running: ClockTime) {
        let mut keyframes = self.keyframes.lock().unwrap_or_else(PoisonError::into_inner);
        // An encoder's first frame is a keyframe anyway. It must not be asked for: GStreamer 1.22 takes
        // the running time of that one for a thousand hours, and refuses every later wish as too early.
        let is_first = keyframes.first.is_none();
        let first = *keyframes.first.get_or_insert(running);
        let since_zero = running.saturating_sub(self.publisher.zero().unwrap_or(first));
        let on_grid = keyframes.grid.is_due(ProgramTime::from_nanos(since_zero.nseconds()));
        drop(keyframes);
        // A keyframe of the grid serves those who asked, too.
        let wanted = on_grid || self.publisher.wants_keyframe(Instant::now());
        if wanted
            && !is_first
            && let Some(pad) = self.encoder.static_pad("src")
        {
            let event = gst_video::UpstreamForceKeyUnitEvent::builder().running_time(running).all_headers(true);
            pad.send_event(event.build());
        }
    }
}

impl RawReader for Encoding {
    fn frame(&self, buffer: &gst::Buffer) {
        if self.video.current_level_buffers() >= self.waiting_frames {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if let Some(running) = buffer.pts() {
            self.force_keyframe_where_due(running);
        }
        // The only error is a pipeline that is going down.
        let _ = self.video.push_buffer(buffer.clone());
    }

    fn audio(&self, buffer: &gst::Buffer) {
        if self.audio.current_level_buffers() < WAITING_AUDIO {
            let _ = self.audio.push_buffer(buffer.clone());
        }
    }
}

impl Drop for Encoding {
    fn drop(&mut self) {
        if let Err(error) = state_change::stop(&self.pipeline, WHAT, &self.graphs_dir) {
            tracing::error!(%error, "the encoding pipeline was abandoned");
        }
    }
}

fn waiting_frames(canvas: &Canvas) -> u64 {
    let frame = u64::from(canvas.width) * u64::from(canvas.height) * 3 / 2;
    (WAITING_VIDEO_BYTES / frame.max(1)).min(u64::from(canvas.fps) * WAITING_SECONDS).max(4)
}

fn source(name: &str, caps: &str) -> Part {
    // Its bound is kept by hand, where what did not fit is counted.
    let part = Part::new("appsrc").named(name).set("format", "time").set("is-live", true);
    part.set("caps", caps).set("max-bytes", 0)
}

fn x264(canvas: &Canvas, kbps: u32) -> Part {
    let grid = u32::try_from(GOP.as_secs()).unwrap_or(u32::MAX);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    Part::new("x264enc")
        .named("encoder")
        .set("tune", "zerolatency")
        .set("speed-preset", "veryfast")
        .set("bitrate", kbps)
        .set("key-int-max", canvas.fps * grid * STEPS_WITHOUT)
        .set("bframes", 0)
        .set("threads", threads)
        .set("byte-stream", true)
        // Keyframes where they are forced, nowhere else.
        .set("option-string", "scenecut=0:open-gop=0")
}

fn sink() -> Part {
    Part::new("appsink").set("sync", false).set("async", false).set("enable-last-sample", false)
}

/// Gives what arrives at the end of `branch` to the publisher.
fn collect(branch: &Built, track: Track, publisher: &Arc<Publisher>) -> Result<(), EngineError> {
    let sink: Result<gst_app::AppSink, _> = branch.last().clone().downcast();
    let sink = sink.map_err(|_| EngineError::build(WHAT, "appsink is something else"))?;
    let publisher = publisher.clone();
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        // x264enc shifts its timestamps by a thousand hours and says so in the segment only.
        let segment = sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
        let running = sample.buffer().and_then(|buffer| segment?.to_running_time(buffer.pts()));
        if let (Some(running), Some(buffer), Some(caps)) = (running, sample.buffer_owned(), sample.caps_owned()) {
            drop(sample);
            let keyframe = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
            publisher.take(Encoded { track, buffer, caps, keyframe, running });
        }
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
    Ok(())
}

fn watch(pipeline: &gst::Pipeline, failed: Box<dyn Fn(String) + Send + Sync>, drained: mpsc::SyncSender<()>) {
    let Some(bus) = pipeline.bus() else { return };
    bus.set_sync_handler(move |_, message| {
        match message.view() {
            gst::MessageView::Error(error) => {
                contain(WHAT, || failed(error.error().to_string()));
            }
            gst::MessageView::Eos(_) => drop(drained.try_send(())),
            _ => {}
        }
        gst::BusSyncReply::Drop
    });
}

fn appsrc(built: &Built) -> Result<gst_app::AppSrc, EngineError> {
    built.first().clone().downcast().map_err(|_| EngineError::build(WHAT, "appsrc is something else"))
}
