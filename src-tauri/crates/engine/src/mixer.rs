//! The mixer: the program's audio from start to end, whatever the sources do.
//!
//! A pipeline of its own. A live base of silence makes it live, so that it gives a buffer at every
//! moment even when nothing else arrives. Inputs are made and taken away while it runs.

mod audio_slot;
mod gain;
mod levels;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::SourceId;
use gst::ClockTime;
use gst::prelude::{Cast, ClockExt, ElementExt, ElementExtManual, GstBinExt, ObjectExt, PadExt, PadExtManual};

pub(crate) use audio_slot::AudioSlot;
pub(crate) use levels::LevelMeter;

use crate::chain::{Built, Chain, Part};
use crate::contain::contain;
use crate::error::EngineError;
use crate::format::{MIX_SAMPLES, SAMPLE_RATE, raw_audio};
use crate::output::ProgramOutput;
use crate::state_change::{self, share_time};

/// How much later than its moment a buffer may reach the mixer and still be in its place.
const PROGRAM_LATENCY: ClockTime = ClockTime::from_mseconds(80);
/// A source's buffers of 10 ms that may wait in front of the mixer; the oldest is dropped when more do.
const WAITING_BUFFERS: u32 = 60;
/// What was given to the mixer is mixed within its latency and some buffers.
const MIXED_WITHIN: Duration = Duration::from_millis(300);
const WHAT: &str = "mixer";

/// What the mixer needs from outside.
pub(crate) struct MixerConfig {
    pub(crate) clock: gst::Clock,
    pub(crate) base_time: ClockTime,
    pub(crate) graphs_dir: PathBuf,
    pub(crate) output: Arc<ProgramOutput>,
    pub(crate) meter: Arc<LevelMeter>,
    /// Called with what went wrong in the pipeline, from any thread.
    pub(crate) failed: Box<dyn Fn(String) + Send + Sync>,
}

/// The running mixer. Stopped when it is dropped.
pub(crate) struct Mixer {
    pipeline: gst::Pipeline,
    mixer: gst::Element,
    inputs: Arc<Mutex<BTreeMap<SourceId, Input>>>,
    output: Arc<ProgramOutput>,
    graphs_dir: PathBuf,
}

/// One source's way into the mix.
struct Input {
    slot: Arc<AudioSlot>,
    source: gst::Element,
    pad: gst::Pad,
}

impl Mixer {
    /// Builds and starts it: silence.
    ///
    /// # Errors
    ///
    /// [`EngineError`]; nothing is left running.
    pub(crate) fn start(config: MixerConfig) -> Result<Self, EngineError> {
        let pipeline = gst::Pipeline::with_name("mixer");
        share_time(&pipeline, &config.clock, config.base_time);
        let bin: &gst::Bin = pipeline.upcast_ref();
        let period = u64::from(MIX_SAMPLES) * 1_000_000_000 / u64::from(SAMPLE_RATE);
        // Without this a mixer that is rebuilt would make all audio since the base time at once.
        let now = config.clock.time().saturating_sub(config.base_time);
        let begin = now.nseconds() / period * period;

        let audiomixer = Part::new("audiomixer")
            .named("audiomixer")
            .set("latency", PROGRAM_LATENCY.nseconds())
            .set("start-time-selection", "set")
            .set("start-time", begin)
            .set("output-buffer-duration", period);
        let sink = Part::new("appsink").set("sync", false).set("async", false).set("enable-last-sample", false);
        let mixed = Chain::start(audiomixer)
            .then(Part::caps(raw_audio()))
            .then(Part::new("level").set("interval", 50_000_000).set("post-messages", true))
            .then(sink)
            .build(bin, WHAT)?;
        let silence =
            Part::new("audiotestsrc").set("is-live", true).set("wave", "silence").set("samplesperbuffer", MIX_SAMPLES);
        let silence = Chain::start(silence).then(Part::caps(raw_audio())).build(bin, WHAT)?;
        request(mixed.first(), &silence)?;

        let inputs = Arc::new(Mutex::new(BTreeMap::new()));
        fill_with_silence(silence.last(), &inputs)?;
        read(mixed.last(), config.output.clone())?;
        hear(&pipeline, config.meter, config.failed);
        let mixer = Self {
            mixer: mixed.first().clone(),
            pipeline,
            inputs,
            output: config.output,
            graphs_dir: config.graphs_dir,
        };
        state_change::start(&mixer.pipeline, WHAT, &mixer.graphs_dir)?;
        Ok(mixer)
    }

    /// Adds a source to the mix, while it runs. One that has this name already is replaced.
    ///
    /// # Errors
    ///
    /// [`EngineError`]; the mix is as it was.
    pub(crate) fn add(&self, id: &SourceId, slot: Arc<AudioSlot>) -> Result<(), EngineError> {
        self.remove(id);
        let bin: &gst::Bin = self.pipeline.upcast_ref();
        let built = Chain::start(live_appsrc()).build(bin, WHAT)?;
        let source = built.first().clone();
        let linked = request(&self.mixer, &built).and_then(|pad| {
            let appsrc = source.clone().downcast().map_err(|_| EngineError::build(WHAT, "appsrc is something else"))?;
            Ok((pad, appsrc))
        });
        let (pad, appsrc) = linked.inspect_err(|_| take_down(bin, &source))?;
        source.sync_state_with_parent().map_err(|error| EngineError::build(WHAT, error))?;
        slot.connect(Some(appsrc));
        lock(&self.inputs).insert(id.clone(), Input { slot, source, pad });
        Ok(())
    }

    /// Takes a source out of the mix, while it runs, once all that it gave so far was mixed. It should
    /// be silent by then ([`AudioSlot::fade_out`]), or it is heard as a click.
    pub(crate) fn remove(&self, id: &SourceId) {
        let slot = lock(&self.inputs).get(id).map(|input| input.slot.clone());
        if let Some(until) = slot.and_then(|slot| slot.live_until()) {
            self.output.wait_for_audio(until, MIXED_WITHIN);
        }
        let Some(input) = lock(&self.inputs).remove(id) else { return };
        input.slot.connect(None);
        take_down(self.pipeline.upcast_ref(), &input.source);
        self.mixer.release_request_pad(&input.pad);
    }

    /// The slots of the sources in the mix, for another mixer in its place.
    pub(crate) fn slots(&self) -> Vec<(SourceId, Arc<AudioSlot>)> {
        lock(&self.inputs).iter().map(|(id, input)| (id.clone(), input.slot.clone())).collect()
    }

    /// Saves the graph, for the log.
    pub(crate) fn save_graph(&self) {
        state_change::save_graph(&self.pipeline, WHAT, &self.graphs_dir);
    }
}

impl Drop for Mixer {
    fn drop(&mut self) {
        if let Err(error) = state_change::stop(&self.pipeline, WHAT, &self.graphs_dir) {
            tracing::error!(%error, "the mixer was abandoned");
        }
    }
}

fn take_down(bin: &gst::Bin, element: &gst::Element) {
    if let Err(error) = element.set_state(gst::State::Null) {
        tracing::warn!(%error, "an input of the mixer did not stop");
    }
    if let Err(error) = bin.remove(element) {
        tracing::warn!(%error, "an input of the mixer was not there");
    }
}

/// At every buffer of the base, gives each slot that has nothing its silence. The base's own silence is not
/// to be skipped: the mixer takes a gap whole, has nothing left of the base for the rest of its turn, and
/// then waits up to 20 ms for more of it.
fn fill_with_silence(base: &gst::Element, inputs: &Arc<Mutex<BTreeMap<SourceId, Input>>>) -> Result<(), EngineError> {
    let pad = base.static_pad("src").ok_or_else(|| EngineError::build(WHAT, "the base has no output"))?;
    let inputs = inputs.clone();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let Some(buffer) = info.buffer_mut() else { return gst::PadProbeReturn::Ok };
        if buffer.flags().contains(gst::BufferFlags::GAP) {
            buffer.make_mut().unset_flags(gst::BufferFlags::GAP);
        }
        if let (Some(pts), Some(duration)) = (buffer.pts(), buffer.duration()) {
            contain(WHAT, || lock(&inputs).values().for_each(|input| input.slot.tick(pts, duration)));
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

/// Gives what is mixed to `output`.
fn read(sink: &gst::Element, output: Arc<ProgramOutput>) -> Result<(), EngineError> {
    let sink: Result<gst_app::AppSink, _> = sink.clone().downcast();
    let sink = sink.map_err(|_| EngineError::build(WHAT, "appsink is something else"))?;
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        if let Some(buffer) = sample.buffer_owned() {
            drop(sample);
            output.audio(&buffer);
        }
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
    Ok(())
}

/// Hears the pipeline's bus on the threads that post to it: nothing waits for the engine's thread.
fn hear(pipeline: &gst::Pipeline, meter: Arc<LevelMeter>, failed: Box<dyn Fn(String) + Send + Sync>) {
    let Some(bus) = pipeline.bus() else { return };
    let weak = pipeline.downgrade();
    bus.set_sync_handler(move |_, message| {
        match message.view() {
            gst::MessageView::Element(element) => {
                if let Some(structure) = element.structure() {
                    contain(WHAT, || meter.program(structure));
                }
            }
            gst::MessageView::Error(error) => {
                contain(WHAT, || failed(error.error().to_string()));
            }
            gst::MessageView::Latency(_) => {
                if let Some(pipeline) = weak.upgrade() {
                    pipeline.call_async(|pipeline| {
                        // It fails only while the pipeline stops.
                        let _ = pipeline.recalculate_latency();
                    });
                }
            }
            _ => {}
        }
        gst::BusSyncReply::Drop
    });
}

/// A source that claims to bear any latency: with the default (none) it contradicts the base's own
/// latency, the mixer takes itself for not live and waits for starved inputs for ever.
fn live_appsrc() -> Part {
    Part::new("appsrc")
        .set("format", "time")
        .set("is-live", true)
        .set("min-latency", 0)
        .set("max-latency", ClockTime::from_seconds(10).nseconds())
        .set("caps", raw_audio())
        .set("max-bytes", 0)
        .set("max-buffers", WAITING_BUFFERS)
        .set("leaky-type", "downstream")
}

fn request(mixer: &gst::Element, from: &Built) -> Result<gst::Pad, EngineError> {
    let sink =
        mixer.request_pad_simple("sink_%u").ok_or_else(|| EngineError::build(WHAT, "the mixer gave no input"))?;
    let source = from.last().static_pad("src").ok_or_else(|| EngineError::build(WHAT, "a source has no output"))?;
    source.link(&sink).map_err(|error| EngineError::build(WHAT, error))?;
    Ok(sink)
}

/// Locks; a panic elsewhere does not stop the program.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
