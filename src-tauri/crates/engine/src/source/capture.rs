//! A device in a pipeline of its own: found, opened, and its buffers handed on.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::SourceKind;
use gst::prelude::{Cast, ElementExt, PadExtManual};
use gst_video::prelude::VideoFrameExt;

use crate::blender::Pixels;
use crate::chain::{Built, Chain};
use crate::contain::contain;
use crate::device;
use crate::format::video_info;
use crate::source::cadence::{Cadence, running_time};
use crate::source::chains;
use crate::source::drift::DriftCompensator;
use crate::source::format::{audio_buffer, clock_time};
use crate::source::inspector::Inspector;
use crate::source::level::PeakMeter;
use crate::source::supervise::{Ending, Pulse, Watched};
use crate::source::{Common, Reporter, x_death};
use crate::state_change::STATE_DEADLINE;

/// A device's own timestamp is believed when it lies at most so long in the past.
const PLAUSIBLE: Duration = Duration::from_millis(500);

/// One attempt with the device `id` of `kind`.
pub(crate) fn run(kind: SourceKind, id: &str, common: &Common, reporter: &mut Reporter, stop: &Receiver<()>) -> Ending {
    let (chain, is_stamped) = match chain(kind, id, common) {
        Ok(found) => found,
        Err(problem) => return Ending::Lost(problem),
    };
    tracing::info!(source = %common.id, %chain, "opening a source");
    let (what, silent) = words(kind);
    let pipeline = gst::Pipeline::new();
    let built = match chain.build(pipeline.upcast_ref(), what) {
        Ok(built) => built,
        Err(error) => return Ending::Lost(error.to_string()),
    };
    let context = &common.context;
    crate::state_change::share_time(&pipeline, &context.clock, context.base_time);
    let pulse = Arc::new(Pulse::new());
    if kind.is_video() {
        thin_out(&built, common);
    }
    let push: Push =
        if kind.is_video() { Box::new(push_frames(common)) } else { Box::new(push_audio(common, is_stamped)) };
    let outlet = hand_on(&built, push, Arc::clone(&pulse));
    let (graphs_dir, stuck) = (context.graphs_dir.as_path(), &common.stuck);
    let watched = Watched { pipeline, pulse: &pulse, what, graphs_dir, deadline: STATE_DEADLINE, stuck, silent };
    let ending = watched.run(reporter, stop);
    // A pipeline that hangs is abandoned: should it ever wake up, it finds nobody to deliver to.
    outlet.lock().unwrap_or_else(PoisonError::into_inner).take();
    ending
}

/// What becomes of a pipeline's buffers.
type Push = Box<dyn FnMut(gst::Buffer) + Send>;

/// The same, until it is taken away.
type Outlet = Arc<Mutex<Option<Push>>>;

fn words(kind: SourceKind) -> (&'static str, &'static str) {
    match kind {
        SourceKind::Camera => {
            ("camera's pipeline", "The camera sends no pictures. Check its cable; it is opened again by itself.")
        }
        SourceKind::Screen => ("screen's pipeline", "The screen cannot be captured now. It is opened again by itself."),
        SourceKind::Microphone => {
            ("microphone's pipeline", "The microphone sends no sound. Check its cable; it is opened again by itself.")
        }
        SourceKind::ComputerSound => (
            "computer sound's pipeline",
            "What this loudspeaker plays cannot be heard now. It is opened again by itself.",
        ),
    }
}

/// The chain for a device that is there, and whether its timestamps are the device's own; or a sentence that
/// says what is wrong.
fn chain(kind: SourceKind, id: &str, common: &Common) -> Result<(Chain, bool), String> {
    let canvas = &common.context.canvas;
    let find = |what: &str| {
        let words = || format!("The {what} is not connected. Connect it, or choose another.");
        device::find(kind.devices(), id).ok_or_else(words)
    };
    match kind {
        SourceKind::Screen => {
            let display = device::display_of(id).ok_or("This is no screen. Choose one of the list.")?;
            match device::wayland_advice(display) {
                Some(advice) => Err(advice),
                None => {
                    x_death::survive();
                    Ok((chains::screen(display, canvas), false))
                }
            }
        }
        SourceKind::Camera => {
            let found = find("camera")?;
            Ok((chains::camera(&found.address, device::best(&found.modes, canvas).as_ref(), canvas), false))
        }
        SourceKind::Microphone | SourceKind::ComputerSound => {
            let address = find(if kind == SourceKind::Microphone { "microphone" } else { "loudspeaker" })?.address;
            Ok((chains::microphone(&address), chains::is_stamped(&address)))
        }
    }
}

/// At the source's pad: sets implausible timestamps to the moment of arrival, brings them to the
/// canvas' steps, and drops what is faster than the canvas before it costs anything.
fn thin_out(built: &Built, common: &Common) {
    let Some(pad) = built.first().static_pad("src") else { return };
    let (clock, base_time) = (common.context.clock.clone(), common.context.base_time);
    let period = gst::ClockTime::from_nseconds(1_000_000_000 / u64::from(common.context.canvas.fps.max(1)));
    let cadence = Mutex::new(Cadence::new(common.context.canvas.fps));
    let place = move |info: &mut gst::PadProbeInfo<'_>| {
        let now = running_time(&clock, base_time);
        let Some(buffer) = info.buffer_mut() else { return gst::PadProbeReturn::Ok };
        let own = buffer.pts().map(Duration::from);
        let moment = own.filter(|own| *own <= now && now - *own <= PLAUSIBLE).unwrap_or(now);
        // Only this pad's thread takes the lock.
        let placed = cadence.lock().ok().and_then(|mut cadence| cadence.place(moment));
        let Some(moment) = placed else { return gst::PadProbeReturn::Drop };
        let buffer = buffer.make_mut();
        buffer.set_pts(clock_time(moment));
        buffer.set_dts(gst::ClockTime::NONE);
        buffer.set_duration(period);
        gst::PadProbeReturn::Ok
    };
    let kind = gst::PadProbeType::BUFFER;
    pad.add_probe(kind, move |_, info| contain("source", || place(info)).unwrap_or(gst::PadProbeReturn::Drop));
}

fn hand_on(built: &Built, push: Push, pulse: Arc<Pulse>) -> Outlet {
    let outlet = Arc::new(Mutex::new(Some(push)));
    let Some(sink) = built.last().downcast_ref::<gst_app::AppSink>() else { return outlet };
    let own = Arc::clone(&outlet);
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        pulse.beat();
        // Nobody else takes this lock while the pipeline runs.
        let mut outlet = own.lock().unwrap_or_else(PoisonError::into_inner);
        let (push, buffer) = outlet.as_mut().zip(sample.buffer_owned()).ok_or(gst::FlowError::Eos)?;
        push(buffer);
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
    outlet
}

fn push_frames(common: &Common) -> impl FnMut(gst::Buffer) + Send + use<> {
    let sink = Arc::clone(&common.sink);
    let info = video_info(&common.context.canvas);
    let mut inspector = Inspector::new(common.id.clone(), Arc::clone(&sink));
    move |buffer| {
        let Some(pts) = buffer.pts() else { return };
        let moment = Duration::from(pts);
        if inspector.due(moment)
            && let Ok(frame) = gst_video::VideoFrameRef::from_buffer_ref_readable(&buffer, &info)
            && let Ok(luma) = frame.plane_data(0)
        {
            let stride = frame.plane_stride()[0].unsigned_abs() as usize;
            inspector.inspect(moment, luma, stride, info.width() as usize, info.height() as usize);
        }
        sink.frame(Pixels::Opaque(buffer), pts);
    }
}

/// Where `is_stamped`, the buffers' timestamps are the card's; otherwise they say when they arrived.
fn push_audio(common: &Common, is_stamped: bool) -> impl FnMut(gst::Buffer) + Send + use<> {
    let sink = Arc::clone(&common.sink);
    let (clock, base_time) = (common.context.clock.clone(), common.context.base_time);
    let mut meter = PeakMeter::new(Arc::clone(&sink));
    let mut compensator = DriftCompensator::new();
    move |buffer| {
        let now = running_time(&clock, base_time);
        let Ok(map) = buffer.map_readable() else { return };
        let samples: Vec<f32> =
            map.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect();
        let stamp = is_stamped.then(|| buffer.pts().map(Duration::from)).flatten();
        for chunk in compensator.push(&samples, stamp, now) {
            meter.measure(&chunk.samples);
            sink.audio(audio_buffer(&chunk.samples, chunk.pts));
        }
    }
}
