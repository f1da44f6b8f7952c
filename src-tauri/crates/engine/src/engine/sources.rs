//! The sources that are open, compared with those that the plan wants.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use domain::{Canvas, Layer, Plan, PlanId, SlateWords, SourceId, SourceSpec, SourceState, Strip};

use super::mailbox::Mailbox;
use super::program::Program;
use super::request::Request;
use super::slate_words::{self, Missing};
use crate::blender::{Bell, Lineup, Pixels, VideoSlot};
use crate::event::{EngineEvent, EventSink};
use crate::joint::{SourceContext, SourceSink};
use crate::mixer::{AudioSlot, LevelMeter};
use crate::source::Source;
use crate::thread_names;

/// A source that is closed fades out within its next buffer; one that has stopped gets so long.
const FADE: Duration = Duration::from_millis(100);

/// Opens, replaces and closes sources, and knows the slot of each.
pub(super) struct Sources {
    open: BTreeMap<SourceId, Open>,
    /// Slots that layers show although their source is not open: slates.
    vacant: BTreeMap<SourceId, Arc<VideoSlot>>,
    /// What is shown where there is no layer at all.
    nothing: Arc<VideoSlot>,
    /// What it says, where a plan has words for it.
    said: Option<SlateWords>,
    next_generation: u64,
    context: SourceContext,
    bell: Arc<Bell>,
    sink: EventSink,
    requests: Mailbox,
}

struct Open {
    spec: SourceSpec,
    generation: u64,
    valve: Arc<Valve>,
    source: Source,
}

/// Where a source's frames or audio go.
#[derive(Clone)]
enum Slot {
    Video(Arc<VideoSlot>),
    Audio(Arc<AudioSlot>),
}

impl Sources {
    /// No source is open.
    pub(super) fn new(context: SourceContext, bell: Arc<Bell>, sink: EventSink, requests: Mailbox) -> Self {
        let nothing = vacant(&context.canvas, Missing::everything(None), &bell);
        let (open, vacant) = (BTreeMap::new(), BTreeMap::new());
        Self { open, vacant, nothing, said: None, next_generation: 0, context, bell, sink, requests }
    }

    /// Opens what is `wanted` and not open yet, or open as something else. The last frame of a
    /// source that is replaced stays until the new one has one.
    pub(super) fn open(
        &mut self,
        wanted: &BTreeMap<SourceId, SourceSpec>,
        strips: &BTreeMap<SourceId, Strip>,
        program: &Program,
    ) {
        for (id, spec) in wanted {
            let strip = strips.get(id).copied().unwrap_or_default();
            match self.open.get(id) {
                Some(open) if open.spec == *spec => open.valve.slot.set_strip(strip),
                Some(open) if open.spec.is_video() == spec.is_video() => self.replace(id, spec),
                _ => {
                    // What gave frames gives audio now, or the other way round.
                    if let Some(open) = self.open.remove(id) {
                        self.close(id.clone(), open, program);
                    }
                    let slot = self.slot(id, spec, strip, program);
                    self.start(id, spec, slot, program.meter.clone(), || {});
                }
            }
        }
    }

    /// Closes what is not `wanted` any more.
    pub(super) fn close_others(&mut self, wanted: &BTreeMap<SourceId, SourceSpec>, program: &Program) {
        let unwanted: Vec<SourceId> = self.open.keys().filter(|id| !wanted.contains_key(id)).cloned().collect();
        for id in unwanted {
            if let Some(open) = self.open.remove(&id) {
                self.close(id, open, program);
            }
        }
    }

    /// The plan's program with the slot of each layer. To be asked between [`Self::open`] and
    /// [`Self::close_others`].
    pub(super) fn lineup(&mut self, plan: &Plan) -> Lineup {
        let canvas = self.context.canvas;
        let (composition, wanted) = (&plan.program, &plan.sources);
        if self.said != plan.slate {
            self.said.clone_from(&plan.slate);
            if let Some(slate) = slate_words::slate(&canvas, Missing::everything(plan.slate.as_ref())) {
                self.nothing.set_slate(slate);
            }
        }
        if composition.layers.is_empty() {
            return self.nothing_shown(plan.id);
        }
        let layers = composition.layers.iter().map(|layer| {
            let open = wanted.contains_key(&layer.source).then(|| self.open.get(&layer.source)).flatten();
            let slot = match open.map(|open| &open.valve.slot) {
                Some(Slot::Video(slot)) => slot.clone(),
                Some(Slot::Audio(_)) | None => {
                    let (bell, missing) = (&self.bell, Missing::Source(None, SourceState::Off));
                    self.vacant.entry(layer.source.clone()).or_insert_with(|| vacant(&canvas, missing, bell)).clone()
                }
            };
            (layer.clone(), slot)
        });
        let lineup = Lineup::new(plan.id, &canvas, layers.collect());
        self.vacant.retain(|id, _| composition.layers.iter().any(|layer| layer.source == *id));
        lineup
    }

    /// What is shown where no source is.
    pub(super) fn nothing_shown(&self, plan: PlanId) -> Lineup {
        let canvas = self.context.canvas;
        let layer = Layer::new(SourceId::parse("nothing").expect("a name of small letters is one"), canvas.rect());
        Lineup::new(plan, &canvas, vec![(layer, self.nothing.clone())])
    }

    /// Opens those again whose threads panicked, and says whether there were any.
    pub(super) fn revive(&mut self) -> bool {
        let died = self.open.iter().filter(|(_, open)| open.source.has_died());
        let died: Vec<_> = died.map(|(id, open)| (id.clone(), open.spec.clone())).collect();
        died.iter().for_each(|(id, spec)| self.replace(id, spec));
        !died.is_empty()
    }

    /// Makes a source's thread panic.
    #[cfg(test)]
    pub(super) fn break_source(&mut self, id: &SourceId) {
        let open = self.open.get_mut(id).expect("it is open");
        let (context, valve) = (self.context.clone(), open.valve.clone());
        open.source = Source::open(id, &open.spec, context, valve, || panic!("a test"));
    }

    /// Frames of each source that came too late.
    pub(super) fn late_frames(&self) -> BTreeMap<SourceId, u64> {
        let late = |(id, open): (&SourceId, &Open)| match &open.valve.slot {
            Slot::Video(slot) => Some((id.clone(), slot.late())),
            Slot::Audio(_) => None,
        };
        self.open.iter().filter_map(late).collect()
    }

    /// Closes everything, each within its deadline.
    pub(super) fn close_all(&mut self) {
        let closing = std::mem::take(&mut self.open);
        closing.values().for_each(|open| open.valve.close());
        drop(closing);
    }

    /// Changes the slate of a slot whose source changed; ignores sources that are closed already.
    pub(super) fn changed(&self, id: &SourceId, generation: u64, state: SourceState) {
        if let Some(open) = self.open.get(id).filter(|open| open.generation == generation) {
            self.set_slate(&open.valve.slot, &open.spec, state);
        }
    }

    fn slot(&mut self, id: &SourceId, spec: &SourceSpec, strip: Strip, program: &Program) -> Slot {
        if spec.is_video() {
            self.vacant.remove(id);
            let missing = Missing::Source(Some(spec), SourceState::Starting);
            return Slot::Video(vacant(&self.context.canvas, missing, &self.bell));
        }
        let slot = Arc::new(AudioSlot::new(strip));
        program.add_audio(id, slot.clone());
        Slot::Audio(slot)
    }

    fn replace(&mut self, id: &SourceId, spec: &SourceSpec) {
        let Some(before) = self.open.remove(id) else { return };
        let (slot, meter) = (before.valve.slot.clone(), before.valve.meter.clone());
        self.set_slate(&slot, spec, SourceState::Starting);
        let old = slot.clone();
        // The same device can often be opened only once: the old source goes first.
        self.start(id, spec, slot, meter, move || {
            old.fade_out();
            before.valve.close();
            drop(before.source);
            old.begin();
        });
    }

    fn start(
        &mut self,
        id: &SourceId,
        spec: &SourceSpec,
        slot: Slot,
        meter: Arc<LevelMeter>,
        before: impl FnOnce() + Send + 'static,
    ) {
        let generation = self.next_generation;
        self.next_generation += 1;
        let valve = Arc::new(Valve {
            id: id.clone(),
            open: AtomicBool::new(true),
            generation,
            slot,
            meter,
            sink: self.sink.clone(),
            requests: self.requests.clone(),
        });
        let source = Source::open(id, spec, self.context.clone(), valve.clone(), before);
        self.open.insert(id.clone(), Open { spec: spec.clone(), generation, valve, source });
    }

    /// A device may take its time, and audio fades out: the program waits for neither.
    fn close(&self, id: SourceId, open: Open, program: &Program) {
        let remove = program.audio_remover();
        let sink = self.sink.clone();
        let close = move || {
            open.valve.slot.fade_out();
            open.valve.close();
            if let Slot::Audio(_) = &open.valve.slot {
                remove(&id);
                open.valve.meter.forget(&id);
            }
            drop(open.source);
            sink(EngineEvent::Source { id, state: SourceState::Off, problem: None });
        };
        if let Err(error) = thread::Builder::new().name(thread_names::CLOSE_SOURCE.to_owned()).spawn(close) {
            tracing::error!(%error, "a source could not be closed on a thread of its own");
        }
    }

    fn set_slate(&self, slot: &Slot, spec: &SourceSpec, state: SourceState) {
        let Slot::Video(slot) = slot else { return };
        if state == SourceState::Running {
            return;
        }
        if let Some(slate) = slate_words::slate(&self.context.canvas, Missing::Source(Some(spec), state)) {
            slot.set_slate(slate);
        }
    }
}

impl Slot {
    fn set_strip(&self, strip: Strip) {
        if let Self::Audio(slot) = self {
            slot.set_strip(strip);
        }
    }

    fn fade_out(&self) {
        if let Self::Audio(slot) = self {
            slot.fade_out(FADE);
        }
    }

    fn begin(&self) {
        if let Self::Audio(slot) = self {
            slot.begin();
        }
    }
}

/// A slot that shows a slate, for as long as no source fills it.
fn vacant(canvas: &Canvas, missing: Missing<'_>, bell: &Arc<Bell>) -> Arc<VideoSlot> {
    let slate = slate_words::slate(canvas, missing).unwrap_or_else(|| {
        tracing::error!("the canvas has no slate");
        gst::Buffer::new()
    });
    Arc::new(VideoSlot::new(canvas, slate, bell.clone()))
}

/// Lets a source's frames, audio and events in for as long as it is the chosen one.
struct Valve {
    id: SourceId,
    open: AtomicBool,
    generation: u64,
    slot: Slot,
    meter: Arc<LevelMeter>,
    sink: EventSink,
    requests: Mailbox,
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
    fn frame(&self, pixels: Pixels, pts: gst::ClockTime) {
        if let Slot::Video(slot) = &self.slot
            && self.is_open()
        {
            slot.push(pixels, pts);
        }
    }

    fn audio(&self, buffer: gst::Buffer) {
        if let Slot::Audio(slot) = &self.slot
            && self.is_open()
        {
            slot.push(buffer);
        }
    }

    fn event(&self, event: EngineEvent) {
        if !self.is_open() {
            return;
        }
        if let EngineEvent::Source { id, state, .. } = &event {
            self.requests.put(Request::Source { id: id.clone(), generation: self.generation, state: *state });
        }
        (self.sink)(event);
    }

    fn peak(&self, db: f32) {
        if self.is_open() {
            self.meter.source(&self.id, db);
        }
    }
}
