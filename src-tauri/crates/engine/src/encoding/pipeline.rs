//! The pipeline that encodes the raw program.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use domain::Canvas;
use gst::ClockTime;
use gst::prelude::{Cast, ElementExt, ElementExtManual, PadExtManual};

use super::distributor::Distributor;
use crate::chain::{Built, Chain, Part};
use crate::error::EngineError;
use crate::format::{SAMPLE_RATE, raw_audio, raw_video};
use crate::joint::{EncodedTrack, EncodedUnit};
use crate::output::ProgramTap;
use crate::state_change::{self, share_time};

/// So much of the picture may wait for the encoder, in time and in bytes; what comes when more does
/// is dropped and counted. A busy computer catches up with a second; more would be felt as delay.
const WAITING_SECONDS: u64 = 1;
const WAITING_PICTURE_BYTES: u64 = 64 << 20;
/// Pieces of 20 ms that may wait for the encoders: five seconds, because a hole in the sound is
/// worse than one in the picture.
const WAITING_PIECES: u64 = 250;
/// Keyframes come so often by themselves.
const GOP_SECONDS: u32 = 2;
/// AAC's first frame holds nothing but the encoder's own delay.
const AAC_DELAY: u64 = 1024;
/// Opus' look-ahead (pre-skip) in its general mode; receivers of WebRTC do not cut it off.
const OPUS_DELAY: u64 = 312;
/// How long the encoders may take for what they took before the end.
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
    /// Told what went wrong in the pipeline, from any thread.
    pub(crate) failed: Box<dyn Fn(String) + Send + Sync>,
}

/// The running encoders. They take the raw program as a [`ProgramTap`], and are stopped when this
/// is dropped.
pub(crate) struct Encoding {
    pipeline: gst::Pipeline,
    encoder: gst::Element,
    picture: gst_app::AppSrc,
    sound: gst_app::AppSrc,
    waiting_pictures: u64,
    dropped: AtomicU64,
    drained: Mutex<mpsc::Receiver<()>>,
    graphs_dir: PathBuf,
}

impl Encoding {
    /// Builds and starts the encoders; what they make goes to `distributor`.
    ///
    /// # Errors
    ///
    /// [`EngineError`]; nothing is left running.
    pub(crate) fn start(config: EncodingConfig, distributor: &Arc<Distributor>) -> Result<Self, EngineError> {
        let pipeline = gst::Pipeline::with_name("encoding");
        share_time(&pipeline, &config.clock, config.base_time);
        let bin: &gst::Bin = pipeline.upcast_ref();

        let picture = Chain::start(source("raw-picture", &raw_video(&config.canvas)))
            .then(x264(&config.canvas, config.video_kbps))
            .then(Part::caps("video/x-h264, profile=(string)constrained-baseline"))
            .then(Part::new("tee"))
            .build(bin, WHAT)?;
        // The byte-stream comes first: program zero is taken from it.
        for (track, format) in [(EncodedTrack::VideoByteStream, "byte-stream"), (EncodedTrack::VideoAvc, "avc")] {
            let branch = Chain::start(Part::new("h264parse").set("config-interval", -1))
                .then(Part::caps(format!("video/x-h264, stream-format=(string){format}, alignment=(string)au")))
                .then(sink())
                .build(bin, WHAT)?;
            picture.last().link(branch.first()).map_err(|error| EngineError::build(WHAT, error))?;
            collect(&branch, track, 0, distributor)?;
        }

        let sound = Chain::start(source("raw-sound", &raw_audio())).then(Part::new("tee")).build(bin, WHAT)?;
        let bits = config.audio_kbps.saturating_mul(1000);
        let opus = Part::new("opusenc").set("bitrate", bits).set("frame-size", 20).set("audio-type", "generic");
        let aac = Part::new("avenc_aac").set("bitrate", bits).set("aac-coder", "fast");
        for (track, encoder, delay) in [(EncodedTrack::Opus, opus, OPUS_DELAY), (EncodedTrack::Aac, aac, AAC_DELAY)] {
            let branch = Chain::start(Part::queue(u32::try_from(WAITING_PIECES).unwrap_or(u32::MAX)))
                .then(Part::new("audioconvert"))
                .then(encoder)
                .then(sink())
                .build(bin, WHAT)?;
            sound.last().link(branch.first()).map_err(|error| EngineError::build(WHAT, error))?;
            collect(&branch, track, delay, distributor)?;
        }

        let (tell, drained) = mpsc::sync_channel(1);
        watch(&pipeline, config.failed, tell);
        let encoder = picture.named("encoder").cloned();
        let encoding = Self {
            encoder: encoder.ok_or_else(|| EngineError::build(WHAT, "the encoder is missing"))?,
            picture: appsrc(&picture)?,
            sound: appsrc(&sound)?,
            pipeline,
            waiting_pictures: waiting_pictures(&config.canvas),
            dropped: AtomicU64::new(0),
            drained: Mutex::new(drained),
            graphs_dir: config.graphs_dir,
        };
        state_change::start(&encoding.pipeline, WHAT, &encoding.graphs_dir)?;
        Ok(encoding)
    }

    /// Asks the encoder for a keyframe now.
    pub(crate) fn force_keyframe(&self) {
        if let Some(pad) = self.encoder.static_pad("src") {
            pad.send_event(gst_video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build());
        }
    }

    /// Takes nothing more, and waits until all that was taken is encoded or a deadline passed.
    pub(crate) fn drain(&self) {
        let _ = self.picture.end_of_stream();
        let _ = self.sound.end_of_stream();
        let drained = self.drained.lock().unwrap_or_else(PoisonError::into_inner);
        if drained.recv_timeout(DRAIN_DEADLINE).is_err() {
            tracing::warn!("the encoders were not drained in time; the last frames are missing");
        }
    }

    /// Saves the graph, for the log.
    pub(crate) fn save_graph(&self) {
        state_change::save_graph(&self.pipeline, WHAT, &self.graphs_dir);
    }

    /// Pictures that the encoder did not take.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl ProgramTap for Encoding {
    fn picture(&self, buffer: &gst::Buffer) {
        if self.picture.current_level_buffers() >= self.waiting_pictures {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            // The only error is a pipeline that is going down.
            let _ = self.picture.push_buffer(buffer.clone());
        }
    }

    fn sound(&self, buffer: &gst::Buffer) {
        if self.sound.current_level_buffers() < WAITING_PIECES {
            let _ = self.sound.push_buffer(buffer.clone());
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

fn waiting_pictures(canvas: &Canvas) -> u64 {
    let picture = u64::from(canvas.width) * u64::from(canvas.height) * 3 / 2;
    (WAITING_PICTURE_BYTES / picture.max(1)).min(u64::from(canvas.fps) * WAITING_SECONDS).max(4)
}

fn source(name: &str, caps: &str) -> Part {
    // Its bound is kept by hand, where what did not fit is counted.
    let part = Part::new("appsrc").named(name).set("format", "time").set("is-live", true);
    part.set("caps", caps).set("max-bytes", 0)
}

fn x264(canvas: &Canvas, kbps: u32) -> Part {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    Part::new("x264enc")
        .named("encoder")
        .set("tune", "zerolatency")
        .set("speed-preset", "veryfast")
        .set("bitrate", kbps)
        .set("key-int-max", canvas.fps * GOP_SECONDS)
        .set("bframes", 0)
        .set("threads", threads)
        .set("byte-stream", true)
        // Keyframes at fixed distances and where they are asked for, nowhere else.
        .set("option-string", "scenecut=0:open-gop=0")
}

fn sink() -> Part {
    Part::new("appsink").set("sync", false).set("async", false).set("enable-last-sample", false)
}

/// Gives what arrives at the end of `branch` to the distributor, `delay` samples earlier.
fn collect(branch: &Built, track: EncodedTrack, delay: u64, distributor: &Arc<Distributor>) -> Result<(), EngineError> {
    let sink: Result<gst_app::AppSink, _> = branch.last().clone().downcast();
    let sink = sink.map_err(|_| EngineError::build(WHAT, "appsink is something else"))?;
    let delay = ClockTime::from_nseconds(delay * 1_000_000_000 / u64::from(SAMPLE_RATE));
    let distributor = distributor.clone();
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        // x264enc shifts its timestamps by a thousand hours and says so in the segment only.
        let segment = sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
        let time = sample.buffer().and_then(|buffer| segment?.to_running_time(buffer.pts()));
        if let (Some(time), Some(buffer), Some(caps)) = (time, sample.buffer_owned(), sample.caps_owned()) {
            drop(sample);
            if let Some(time) = time.checked_sub(delay) {
                let keyframe = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
                distributor.take(time, EncodedUnit { track, buffer, keyframe, caps });
            }
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
            gst::MessageView::Error(error) => failed(error.error().to_string()),
            gst::MessageView::Eos(_) => drop(drained.try_send(())),
            _ => {}
        }
        gst::BusSyncReply::Drop
    });
}

fn appsrc(built: &Built) -> Result<gst_app::AppSrc, EngineError> {
    built.first().clone().downcast().map_err(|_| EngineError::build(WHAT, "appsrc is something else"))
}
