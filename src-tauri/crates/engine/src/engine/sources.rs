//! The sources that are open, compared with those that the plan wants.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use domain::{Canvas, Role, SourceSpec, SourceState};

use super::request::Request;
use super::slate;
use crate::event::{EngineEvent, EventSink};
use crate::joint::{SourceContext, SourceSink};
use crate::mixer::{LevelMeter, Slots};
use crate::source::Source;

/// Opens, replaces and closes sources.
pub(super) struct Sources {
    open: Vec<Open>,
    next_generation: u64,
    context: SourceContext,
    slots: Arc<Slots>,
    meter: Arc<LevelMeter>,
    sink: EventSink,
    requests: mpsc::SyncSender<Request>,
}

struct Open {
    role: Role,
    spec: SourceSpec,
    generation: u64,
    valve: Arc<Valve>,
    source: Source,
}

impl Sources {
    /// No source is open.
    pub(super) fn new(
        context: SourceContext,
        slots: Arc<Slots>,
        meter: Arc<LevelMeter>,
        sink: EventSink,
        requests: mpsc::SyncSender<Request>,
    ) -> Self {
        Self { open: Vec::new(), next_generation: 0, context, slots, meter, sink, requests }
    }

    /// Closes what is not `wanted` any more and opens what is not open yet. The picture of a source
    /// that is replaced stays until the new one has one.
    pub(super) fn show(&mut self, wanted: &[(Role, SourceSpec)]) {
        for role in [Role::Camera, Role::Screen, Role::Microphone] {
            let spec = wanted.iter().find(|(for_role, _)| *for_role == role).map(|(_, spec)| spec);
            let at = self.open.iter().position(|open| open.role == role);
            if at.map(|at| &self.open[at].spec) == spec {
                continue;
            }
            let closing = at.map(|at| self.open.swap_remove(at));
            match spec {
                Some(spec) => self.replace(closing, role, spec.clone()),
                None => self.close(closing, role),
            }
        }
    }

    /// Closes everything, each within its deadline.
    pub(super) fn close_all(&mut self) {
        let closing = std::mem::take(&mut self.open);
        closing.iter().for_each(|open| open.valve.close());
        drop(closing);
    }

    /// Changes the slate of a slot whose source changed; ignores sources that are closed already.
    pub(super) fn changed(&self, role: Role, generation: u64, state: SourceState, problem: Option<&str>) {
        if self.open.iter().any(|open| open.role == role && open.generation == generation) {
            self.set_slate(role, state, problem);
        }
    }

    fn replace(&mut self, closing: Option<Open>, role: Role, spec: SourceSpec) {
        self.set_slate(role, SourceState::Starting, None);
        // The same device can often be opened only once: the old source goes first.
        if let Some(open) = closing {
            open.valve.close();
            drop(open.source);
        }
        let generation = self.next_generation;
        self.next_generation += 1;
        let valve = Arc::new(Valve {
            open: AtomicBool::new(true),
            generation,
            slots: self.slots.clone(),
            meter: self.meter.clone(),
            sink: self.sink.clone(),
            requests: self.requests.clone(),
        });
        let source = Source::open(role, &spec, self.context.clone(), valve.clone());
        self.open.push(Open { role, spec, generation, valve, source });
    }

    fn close(&self, closing: Option<Open>, role: Role) {
        if let Some(open) = closing {
            open.valve.close();
            // A device may take its time; the picture must not wait for it.
            let closer = thread::Builder::new().name("close-source".to_owned()).spawn(move || drop(open.source));
            if let Err(error) = closer {
                tracing::error!(%error, "a source could not be closed on a thread of its own");
            }
        }
        match self.slots.picture(role) {
            Some(slot) => slot.forget_live(),
            None => self.slots.microphone().forget_live(),
        }
        self.set_slate(role, SourceState::Off, None);
        (self.sink)(EngineEvent::Source { role, state: SourceState::Off, problem: None });
    }

    fn set_slate(&self, role: Role, state: SourceState, problem: Option<&str>) {
        let Some(slot) = self.slots.picture(role) else { return };
        if state == SourceState::Running {
            return;
        }
        let (headline, advice) = slate::words(role, state, problem);
        if let Some(buffer) = slate::buffer(&self.context.canvas, headline, &advice) {
            slot.set_slate(buffer);
        }
    }
}

/// The slate of a program that shows nothing yet.
pub(super) fn first_slate(canvas: &Canvas) -> Option<gst::Buffer> {
    let (headline, advice) = slate::words(Role::Camera, SourceState::Off, None);
    slate::buffer(canvas, headline, &advice)
}

/// Lets a source's buffers and events in for as long as it is the chosen one.
struct Valve {
    open: AtomicBool,
    generation: u64,
    slots: Arc<Slots>,
    meter: Arc<LevelMeter>,
    sink: EventSink,
    requests: mpsc::SyncSender<Request>,
}

impl Valve {
    fn close(&self) {
        self.open.store(false, Ordering::Release);
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }
}

impl SourceSink for Valve {
    fn buffer(&self, role: Role, buffer: gst::Buffer) {
        if !self.is_open() {
            return;
        }
        match self.slots.picture(role) {
            Some(slot) => slot.take(buffer),
            None => self.slots.microphone().take(buffer),
        }
    }

    fn event(&self, event: EngineEvent) {
        if !self.is_open() {
            return;
        }
        if let EngineEvent::Source { role, state, problem } = &event {
            let (role, state, problem) = (*role, *state, problem.clone());
            // Only the words of a slate are lost where the engine is too busy to hear of it.
            let _ = self.requests.try_send(Request::Source { role, generation: self.generation, state, problem });
        }
        (self.sink)(event);
    }

    fn microphone_peak(&self, db: f32) {
        if self.is_open() {
            self.meter.microphone(db);
        }
    }
}
