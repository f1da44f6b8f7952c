//! A device in a pipeline of its own: found, opened, and its buffers handed on.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{DeviceKind, Role};
use gst::prelude::{Cast, ElementExt, PadExtManual};
use gst_video::prelude::VideoFrameExt;

use crate::chain::{Built, Chain};
use crate::device;
use crate::format::video_info;
use crate::source::cadence::{Cadence, running_time};
use crate::source::chains;
use crate::source::drift::DriftCompensator;
use crate::source::format::{audio_buffer, clock_time};
use crate::source::level::PeakMeter;
use crate::source::observer::Observer;
use crate::source::supervise::{Ending, Pulse, Watched};
use crate::source::{Shared, Teller, x_death};

/// A device's own timestamp is believed when it lies at most so long in the past.
const PLAUSIBLE: Duration = Duration::from_millis(500);

/// One attempt with the device `id`.
pub(crate) fn run(id: &str, shared: &Shared, teller: &mut Teller, stop: &Receiver<()>) -> Ending {
    let chain = match chain(id, shared) {
        Ok(chain) => chain,
        Err(problem) => return Ending::Lost(problem),
    };
    tracing::info!(role = ?shared.role, %chain, "opening a source");
    let (what, silent) = words(shared.role);
    let pipeline = gst::Pipeline::new();
    let built = match chain.build(pipeline.upcast_ref(), what) {
        Ok(built) => built,
        Err(error) => return Ending::Lost(error.to_string()),
    };
    let context = &shared.context;
    crate::state_change::share_time(&pipeline, &context.clock, context.base_time);
    let pulse = Arc::new(Pulse::new());
    if shared.role != Role::Microphone {
        thin_out(&built, shared);
    }
    let outlet = hand_on(&built, shared, Arc::clone(&pulse));
    let ending = Watched { pipeline, pulse: &pulse, what, graphs_dir: &context.graphs_dir, silent }.run(teller, stop);
    // A pipeline that hangs is abandoned: should it ever wake up, it finds nobody to deliver to.
    outlet.lock().unwrap_or_else(PoisonError::into_inner).take();
    ending
}

/// What becomes of a pipeline's buffers, until it is taken away.
type Outlet = Arc<Mutex<Option<Box<dyn FnMut(gst::Buffer) + Send>>>>;

fn words(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Camera => {
            ("camera's pipeline", "The camera sends no pictures. Check its cable; it is opened again by itself.")
        }
        Role::Screen => ("screen's pipeline", "The screen cannot be captured now. It is opened again by itself."),
        Role::Microphone => {
            ("microphone's pipeline", "The microphone sends no sound. Check its cable; it is opened again by itself.")
        }
    }
}

/// The chain for a device that is there, or a sentence that says what is wrong.
fn chain(id: &str, shared: &Shared) -> Result<Chain, String> {
    let canvas = &shared.context.canvas;
    let kind = match shared.role {
        Role::Screen => {
            let display = device::display_of(id).ok_or("This is no screen. Choose one of the list.")?;
            return match device::wayland_advice(display) {
                Some(advice) => Err(advice),
                None => {
                    x_death::survive();
                    Ok(chains::screen(display, canvas))
                }
            };
        }
        Role::Camera => DeviceKind::Camera,
        Role::Microphone => DeviceKind::Microphone,
    };
    let found = device::find(kind, id).ok_or_else(|| match shared.role {
        Role::Microphone => "The microphone is not connected. Connect it, or choose another.".to_owned(),
        _ => "The camera is not connected. Connect it, or choose another.".to_owned(),
    })?;
    Ok(match kind {
        DeviceKind::Microphone => chains::microphone(&found.address),
        _ => chains::camera(&found.address, device::best(&found.modes, canvas).as_ref(), canvas),
    })
}

/// At the source's pad: sets implausible timestamps to the moment of arrival, brings them to the
/// canvas' steps, and drops what is faster than the canvas before it costs anything.
fn thin_out(built: &Built, shared: &Shared) {
    let Some(pad) = built.first().static_pad("src") else { return };
    let (clock, base_time) = (shared.context.clock.clone(), shared.context.base_time);
    let period = gst::ClockTime::from_nseconds(1_000_000_000 / u64::from(shared.context.canvas.fps.max(1)));
    let cadence = Mutex::new(Cadence::new(shared.context.canvas.fps));
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
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
    });
}

fn hand_on(built: &Built, shared: &Shared, pulse: Arc<Pulse>) -> Outlet {
    let take: Box<dyn FnMut(gst::Buffer) + Send> = match shared.role {
        Role::Microphone => Box::new(take_sound(shared)),
        Role::Camera | Role::Screen => Box::new(take_picture(shared)),
    };
    let outlet = Arc::new(Mutex::new(Some(take)));
    let Some(sink) = built.last().downcast_ref::<gst_app::AppSink>() else { return outlet };
    let own = Arc::clone(&outlet);
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        pulse.beat();
        // Nobody else takes this lock while the pipeline runs.
        let mut outlet = own.lock().unwrap_or_else(PoisonError::into_inner);
        let (take, buffer) = outlet.as_mut().zip(sample.buffer_owned()).ok_or(gst::FlowError::Eos)?;
        take(buffer);
        Ok(gst::FlowSuccess::Ok)
    });
    sink.set_callbacks(callbacks.build());
    outlet
}

fn take_picture(shared: &Shared) -> impl FnMut(gst::Buffer) + Send + use<> {
    let (role, sink) = (shared.role, Arc::clone(&shared.sink));
    let info = video_info(&shared.context.canvas);
    let mut observer = Observer::new(role, Arc::clone(&sink));
    move |buffer| {
        let moment = buffer.pts().map(Duration::from).unwrap_or_default();
        if observer.due(moment)
            && let Ok(frame) = gst_video::VideoFrameRef::from_buffer_ref_readable(&buffer, &info)
            && let Ok(luma) = frame.plane_data(0)
        {
            let stride = frame.plane_stride()[0].unsigned_abs() as usize;
            observer.look(moment, luma, stride, info.width() as usize, info.height() as usize);
        }
        sink.buffer(role, buffer);
    }
}

fn take_sound(shared: &Shared) -> impl FnMut(gst::Buffer) + Send + use<> {
    let (role, sink) = (shared.role, Arc::clone(&shared.sink));
    let (clock, base_time) = (shared.context.clock.clone(), shared.context.base_time);
    let mut meter = PeakMeter::new(Arc::clone(&sink));
    let mut compensator = DriftCompensator::new();
    move |buffer| {
        let now = running_time(&clock, base_time);
        let Ok(map) = buffer.map_readable() else { return };
        let samples: Vec<f32> =
            map.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect();
        for piece in compensator.push(&samples, now) {
            meter.measure(&piece.samples);
            sink.buffer(role, audio_buffer(&piece.samples, piece.pts));
        }
    }
}
