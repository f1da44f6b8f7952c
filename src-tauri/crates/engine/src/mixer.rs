//! The program pipeline: it mixes pictures and sound from start to end, whatever the sources do.
//!
//! A live base (a tiny transparent picture and silence) makes both mixers live, so that they give
//! a frame at every moment even when nothing else arrives.

mod fit;
mod gain;
mod levels;
mod observer;
mod output;
mod slot;
mod stage;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Canvas, Layer, PlanId, Role};
use gst::ClockTime;
use gst::prelude::{Cast, ClockExt, ElementExt, ElementExtManual, GstBinExt, ObjectExt, PadExt, PadExtManual};

pub(crate) use levels::LevelMeter;
pub(crate) use observer::Observed;
pub(crate) use output::{ProgramOutput, ProgramTap};
pub(crate) use slot::Slots;
use stage::{Stage, Target, dress};

use crate::chain::{Built, Chain, Part};
use crate::error::EngineError;
use crate::format::{PIECE_SAMPLES, SAMPLE_RATE, raw_audio, raw_video, sized_video};
use crate::state_change::{self, share_time};

/// How much later than its moment a buffer may reach the mixers and still be in its place.
const PROGRAM_LATENCY: ClockTime = ClockTime::from_mseconds(80);
/// Live pictures that may wait in front of the mixer; the oldest is dropped when more do.
const SLOT_PICTURES: u32 = 8;
/// A microphone's pieces of 10 ms that may wait in front of the mixer; the oldest is dropped when more do.
const SLOT_PIECES: u32 = 60;
const WHAT: &str = "program pipeline";

/// What draws over program frames, at their running time.
pub(crate) type Paint = Box<dyn FnMut(&mut gst_video::VideoFrameRef<&mut gst::BufferRef>, ClockTime) + Send>;

/// What the mixer needs from outside.
pub(crate) struct MixerConfig {
    pub(crate) canvas: Canvas,
    pub(crate) clock: gst::Clock,
    pub(crate) base_time: ClockTime,
    pub(crate) graphs_dir: PathBuf,
    /// Where the sources enter.
    pub(crate) slots: Arc<Slots>,
    /// The layout to begin with.
    pub(crate) layers: Vec<Layer>,
    pub(crate) paint: Paint,
    /// Told when a layout is on a program frame.
    pub(crate) shown: Box<dyn Fn(PlanId) + Send>,
    pub(crate) output: Arc<ProgramOutput>,
    pub(crate) meter: Arc<LevelMeter>,
    /// Told what went wrong in the pipeline, from any thread.
    pub(crate) failed: Box<dyn Fn(String) + Send + Sync>,
}

/// The running program pipeline. Stopped when it is dropped.
pub(crate) struct Mixer {
    pipeline: gst::Pipeline,
    target: Arc<Mutex<Option<Target>>>,
    slots: Arc<Slots>,
    clock: gst::Clock,
    base_time: ClockTime,
    graphs_dir: PathBuf,
}

impl Mixer {
    /// Builds and starts the program: slate and silence.
    ///
    /// # Errors
    ///
    /// [`EngineError`]; nothing is left running.
    pub(crate) fn start(config: MixerConfig) -> Result<Self, EngineError> {
        let pipeline = gst::Pipeline::with_name("program");
        share_time(&pipeline, &config.clock, config.base_time);
        let bin: &gst::Bin = pipeline.upcast_ref();
        let canvas = config.canvas;
        // Without this a mixer that is rebuilt would make all frames since the base time at once. It
        // keeps to the frames counted from running time zero, as sources do.
        let begin = on_frame(config.clock.time().saturating_sub(config.base_time), canvas.fps);

        let compositor = Part::new("compositor").named("compositor").set("background", "black");
        let compositor = compositor.set("latency", PROGRAM_LATENCY.nseconds()).set("max-threads", 1);
        let compositor = compositor.set("start-time-selection", "set").set("start-time", begin.nseconds());
        let video =
            Chain::start(compositor).then(Part::caps(raw_video(&canvas))).then(raw_sink("picture")).build(bin, WHAT)?;
        let base = Chain::start(Part::new("videotestsrc").set("is-live", true).set("pattern", "black"))
            .then(Part::caps(sized_video(16, 16, canvas.fps)))
            .build(bin, WHAT)?;
        let base_pad = request(video.first(), &base)?;
        base_pad.set_property("alpha", 0f64);
        base_pad.set_property("zorder", 0u32);

        let (camera_source, camera_pad) = picture_slot(bin, video.first(), &canvas)?;
        let (screen_source, screen_pad) = picture_slot(bin, video.first(), &canvas)?;
        for (role, source) in [(Role::Camera, camera_source), (Role::Screen, screen_source)] {
            if let Some(slot) = config.slots.picture(role) {
                slot.plug(source);
            }
        }
        let slots = config.slots.clone();
        on_buffers(base.last(), move |pts, duration| slots.picture_tick(pts, duration))?;

        let audiomixer = Part::new("audiomixer").named("audiomixer").set("latency", PROGRAM_LATENCY.nseconds());
        let audiomixer = audiomixer.set("start-time-selection", "set").set("start-time", begin.nseconds());
        let piece = u64::from(PIECE_SAMPLES) * 1_000_000_000 / u64::from(SAMPLE_RATE);
        let audiomixer = audiomixer.set("output-buffer-duration", piece);
        let audio = Chain::start(audiomixer)
            .then(Part::caps(raw_audio()))
            .then(Part::new("level").set("interval", 50_000_000).set("post-messages", true))
            .then(raw_sink("sound"))
            .build(bin, WHAT)?;
        let silence = Part::new("audiotestsrc")
            .set("is-live", true)
            .set("wave", "silence")
            .set("samplesperbuffer", PIECE_SAMPLES);
        let silence = Chain::start(silence).then(Part::caps(raw_audio())).build(bin, WHAT)?;
        request(audio.first(), &silence)?;
        let microphone_source = Chain::start(live_appsrc(&raw_audio(), SLOT_PIECES)).build(bin, WHAT)?;
        request(audio.first(), &microphone_source)?;
        config.slots.microphone().plug(appsrc(&microphone_source)?);
        let slots = config.slots.clone();
        on_buffers(silence.last(), move |pts, duration| slots.microphone().tick(pts, duration))?;

        let target = Arc::new(Mutex::new(None));
        let stage = Stage { camera: camera_pad, screen: screen_pad };
        stage.show(&config.layers);
        config.slots.settle(&config.layers);
        dress(video.first(), &canvas, stage, config.slots.clone(), target.clone(), config.paint, config.shown)?;
        config.output.connect(&appsink(&video)?, &appsink(&audio)?, &config.clock, config.base_time);
        watch(&pipeline, config.meter, config.failed);

        let mixer = Self {
            pipeline,
            target,
            slots: config.slots,
            clock: config.clock,
            base_time: config.base_time,
            graphs_dir: config.graphs_dir,
        };
        state_change::start(&mixer.pipeline, WHAT, &mixer.graphs_dir)?;
        Ok(mixer)
    }

    /// Makes `layers` the layout, all of it from one frame on: that of this moment, which leaves the
    /// mixer [`PROGRAM_LATENCY`] later.
    pub(crate) fn show(&self, plan: PlanId, layers: Vec<Layer>) {
        let mut target = lock(&self.target);
        self.slots.expect(&layers);
        // Layouts that follow each other faster than frames leave must not put off the change.
        let from =
            target.as_ref().map_or_else(|| self.clock.time().saturating_sub(self.base_time), |target| target.from);
        *target = Some(Target { plan, layers, from });
    }

    /// Saves the graph, for the log.
    pub(crate) fn save_graph(&self) {
        state_change::save_graph(&self.pipeline, WHAT, &self.graphs_dir);
    }
}

impl Drop for Mixer {
    fn drop(&mut self) {
        if let Err(error) = state_change::stop(&self.pipeline, WHAT, &self.graphs_dir) {
            tracing::error!(%error, "the program pipeline was abandoned");
        }
    }
}

/// Hears the pipeline's bus on the threads that post to it: nothing waits for the engine's thread.
fn watch(pipeline: &gst::Pipeline, meter: Arc<LevelMeter>, failed: Box<dyn Fn(String) + Send + Sync>) {
    let Some(bus) = pipeline.bus() else { return };
    let weak = pipeline.downgrade();
    bus.set_sync_handler(move |_, message| {
        match message.view() {
            gst::MessageView::Element(element) => {
                if let Some(structure) = element.structure() {
                    meter.program(structure);
                }
            }
            gst::MessageView::Error(error) => failed(error.error().to_string()),
            gst::MessageView::Latency(_) => {
                if let Some(pipeline) = weak.upgrade() {
                    pipeline.call_async(|pipeline| {
                        let _ = pipeline.recalculate_latency();
                    });
                }
            }
            _ => {}
        }
        gst::BusSyncReply::Drop
    });
}

/// The beginning of the frame that `moment` is in.
fn on_frame(moment: ClockTime, fps: u32) -> ClockTime {
    let fps = u64::from(fps.max(1));
    let frame = moment.nseconds() * fps / 1_000_000_000;
    ClockTime::from_nseconds(frame * 1_000_000_000 / fps)
}

fn raw_sink(name: &str) -> Part {
    Part::new("appsink").named(name).set("sync", false).set("async", false).set("enable-last-sample", false)
}

/// A source that claims to bear any latency: with the default (none) it contradicts the base
/// source's own latency, the mixer takes itself for not live and waits for starved slots for ever.
fn live_appsrc(caps: &str, buffers: u32) -> Part {
    Part::new("appsrc")
        .set("format", "time")
        .set("is-live", true)
        .set("min-latency", 0)
        .set("max-latency", gst::ClockTime::from_seconds(10).nseconds())
        .set("caps", caps)
        .set("max-bytes", 0)
        .set("max-buffers", buffers)
        .set("leaky-type", "downstream")
}

fn picture_slot(
    bin: &gst::Bin,
    compositor: &gst::Element,
    canvas: &Canvas,
) -> Result<(gst_app::AppSrc, gst::Pad), EngineError> {
    let built = Chain::start(live_appsrc(&raw_video(canvas), SLOT_PICTURES)).build(bin, WHAT)?;
    let pad = request(compositor, &built)?;
    Ok((appsrc(&built)?, pad))
}

fn request(mixer: &gst::Element, from: &Built) -> Result<gst::Pad, EngineError> {
    let sink =
        mixer.request_pad_simple("sink_%u").ok_or_else(|| EngineError::build(WHAT, "the mixer gave no input"))?;
    let source = from.last().static_pad("src").ok_or_else(|| EngineError::build(WHAT, "a source has no output"))?;
    source.link(&sink).map_err(|error| EngineError::build(WHAT, error))?;
    Ok(sink)
}

fn on_buffers(
    element: &gst::Element,
    tick: impl Fn(ClockTime, ClockTime) + Send + Sync + 'static,
) -> Result<(), EngineError> {
    let pad = element.static_pad("src").ok_or_else(|| EngineError::build(WHAT, "a source has no output"))?;
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(buffer) = info.buffer()
            && let (Some(pts), Some(duration)) = (buffer.pts(), buffer.duration())
        {
            tick(pts, duration);
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

fn appsrc(built: &Built) -> Result<gst_app::AppSrc, EngineError> {
    built.first().clone().downcast().map_err(|_| EngineError::build(WHAT, "appsrc is something else"))
}

fn appsink(built: &Built) -> Result<gst_app::AppSink, EngineError> {
    built.last().clone().downcast().map_err(|_| EngineError::build(WHAT, "appsink is something else"))
}

/// Locks; a panic elsewhere does not stop the program.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
