//! The engine's thread: takes requests one by one, and looks after the pipelines once a second.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::{Coded, PlanId, Refusal};

use super::broadcast::{OnAir, Surroundings, Wanted};
use super::mailbox::Mailbox;
use super::program::{Failed, Program};
use super::repair::Repairs;
use super::request::Request;
use super::round::Round;
use super::shared::Shared;
use super::sources::Sources;
use crate::blender::Bell;
use crate::error::EngineError;
use crate::event::{Broadcast, EngineConfig, EngineEvent, EventSink, MonitorConfig};
use crate::graphics::{Painter, PainterHandle};
use crate::joint::SourceContext;
use crate::monitor::Monitor;
use crate::output::RawReader;

/// How often the pipelines are looked after and statistics emitted.
const ROUND: Duration = Duration::from_secs(1);
/// A broadcast without a keyframe after so long has not begun.
const BEGIN_DEADLINE: Duration = Duration::from_secs(10);
/// One failure makes several messages, and a pipeline that fails at once is not rebuilt all the
/// time: those that stand still are looked after later.
const REBUILD_PAUSE: Duration = Duration::from_secs(2);

/// Owns every pipeline.
pub(super) struct Director {
    config: EngineConfig,
    sink: EventSink,
    pub(super) shared: Arc<Shared>,
    requests: Mailbox,
    painter: Arc<PainterHandle>,
    pub(super) program: Program,
    pub(super) sources: Sources,
    /// The last target that could be shown.
    pub(super) plan: Option<domain::Plan>,
    wanted: Vec<Wanted>,
    pub(super) air: Air,
    /// Known until its end, or its failure to begin, is emitted.
    pub(super) broadcast: Option<Begun>,
    pub(super) repairs: Repairs,
    last_round: Round,
}

/// A broadcast, and how far it has come.
pub(super) struct Begun {
    pub(super) program: media::Program,
    /// It was not said yet whether it could be begun.
    pub(super) is_beginning: bool,
}

pub(super) enum Air {
    Off,
    On(Box<OnAir>, Instant),
    /// The thread that winds a broadcast up.
    Ending(JoinHandle<()>),
}

impl Director {
    /// Starts the program.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the mixer cannot be built or started.
    pub(super) fn start(
        config: EngineConfig,
        sink: EventSink,
        shared: Arc<Shared>,
        requests: Mailbox,
    ) -> Result<Self, EngineError> {
        let canvas = config.canvas;
        let (painter, handle) = Painter::start(canvas);
        let bell = Arc::new(Bell::default());
        let context = SourceContext {
            canvas,
            clock: shared.clock.clone(),
            base_time: shared.base_time,
            graphs_dir: config.graphs_dir.clone(),
        };
        let sources = Sources::new(context, bell.clone(), sink.clone(), requests.clone());
        let lineup = sources.nothing_shown(PlanId(0));
        let program = Program::start(&config, sink.clone(), shared.clone(), requests.clone(), painter, bell, lineup)?;
        let last_round = Round::new();
        let painter = Arc::new(handle);
        Ok(Self {
            config,
            sink,
            shared,
            requests,
            painter,
            program,
            sources,
            plan: None,
            wanted: Vec::new(),
            air: Air::Off,
            broadcast: None,
            repairs: Repairs::default(),
            last_round,
        })
    }

    /// Draws hearts.
    pub(super) fn painter(&self) -> Arc<PainterHandle> {
        self.painter.clone()
    }

    /// Works until it is asked to stop. What it leaves is stopped.
    pub(super) fn run(mut self) {
        let mut next = ROUND;
        loop {
            match self.requests.take(next) {
                Some(Request::Stop) => break,
                Some(request) => {
                    self.survive(|director| director.take(request));
                }
                None => {}
            }
            next = self.survive(Self::look_after).unwrap_or(ROUND);
        }
        self.stop();
    }

    fn take(&mut self, request: Request) {
        match request {
            Request::Show(plan) => self.show(*plan),
            Request::Monitor(monitor) => self.set_monitor(monitor),
            Request::Begin(broadcast) => self.begin(broadcast),
            Request::End => self.end(),
            Request::AddDestination { id, host, target } => {
                self.wanted.retain(|wanted| wanted.id != id);
                let wanted = Wanted { id, host, target };
                if let Air::On(on_air, _) = &mut self.air {
                    on_air.add(&wanted);
                }
                self.wanted.push(wanted);
            }
            Request::RemoveDestination(id) => {
                self.wanted.retain(|wanted| wanted.id != id);
                if let Air::On(on_air, _) = &mut self.air {
                    on_air.remove(id);
                }
            }
            Request::Source { id, generation, state } => {
                self.sources.changed(&id, generation, state);
            }
            Request::MixerFailed(problem) => {
                if self.program.mixer_age() > REBUILD_PAUSE {
                    self.rebuild_program(Failed::Mixer, &EngineError::build("mixer", problem));
                }
            }
            Request::EncodingFailed(problem) => {
                if matches!(&self.air, Air::On(on_air, _) if on_air.age() > REBUILD_PAUSE) {
                    self.rebuild_encoding(&EngineError::build("encoding pipeline", problem));
                }
            }
            Request::WoundUp => self.wound_up(),
            #[cfg(test)]
            Request::Test(defect) => defect(self),
            Request::Stop => {}
        }
    }

    pub(super) fn show(&mut self, plan: domain::Plan) {
        if plan.canvas != self.config.canvas {
            // Size and rate are fixed for the life of an engine; the rest of the plan holds.
            tracing::warn!("a plan asks for another canvas than the engine has");
        }
        self.painter.set(&plan.graphics);
        self.sources.open(&plan.sources, &plan.strips, &self.program);
        let lineup = self.sources.lineup(&plan);
        self.program.show(lineup);
        self.sources.close_others(&plan.sources, &self.program);
        self.plan = Some(plan);
    }

    fn set_monitor(&self, monitor: Option<MonitorConfig>) {
        let monitor = monitor.map(|config| {
            let monitor =
                Monitor::start(config, &self.config.canvas, self.config.graphs_dir.clone(), self.sink.clone());
            Arc::new(MonitorReader(monitor)) as Arc<dyn RawReader>
        });
        self.program.output.set_monitor(monitor);
    }

    fn begin(&mut self, broadcast: Broadcast) {
        let outcome = match self.air {
            Air::Off => {
                self.broadcast = Some(Begun { program: broadcast.program.clone(), is_beginning: true });
                let around = Surroundings {
                    config: self.config.clone(),
                    shared: self.shared.clone(),
                    sink: self.sink.clone(),
                    requests: self.requests.clone(),
                    output: self.program.output.clone(),
                };
                OnAir::begin(broadcast, around, &self.wanted)
            }
            Air::On(..) | Air::Ending(_) => Err(EngineError::AlreadyOnAir),
        };
        match outcome {
            Ok(on_air) => {
                self.last_round.begin();
                self.air = Air::On(Box::new(on_air), Instant::now());
                if let Some(begun) = &mut self.broadcast {
                    begun.is_beginning = false;
                }
            }
            Err(error) => {
                if !matches!(error, EngineError::AlreadyOnAir) {
                    self.broadcast = None;
                }
                self.emit(EngineEvent::BeginFailed { refusal: Refusal::from_coded(&error) });
            }
        }
    }

    pub(super) fn end(&mut self) {
        match std::mem::replace(&mut self.air, Air::Off) {
            Air::On(on_air, _) => {
                self.shared.set_zero(None);
                match on_air.wind_up() {
                    Some(thread) => self.air = Air::Ending(thread),
                    None => self.over(),
                }
            }
            other => self.air = other,
        }
    }

    fn wound_up(&mut self) {
        // Said twice where the thread was seen to have ended before its last request came.
        if !matches!(self.air, Air::Ending(_)) {
            return;
        }
        if let Air::Ending(thread) = std::mem::replace(&mut self.air, Air::Off)
            && thread.join().is_err()
        {
            self.fault(&EngineError::Panicked { part: "end of the broadcast" });
        }
        self.over();
    }

    /// Once a second, looks after everything. Answers when to come back at the latest.
    fn look_after(&mut self) -> Duration {
        let elapsed = self.last_round.at.elapsed();
        if elapsed >= ROUND {
            let on_air = match &self.air {
                Air::On(on_air, _) => Some(&**on_air),
                Air::Off | Air::Ending(_) => None,
            };
            let stats = self.last_round.advance(elapsed, self.program.output.count(), on_air);
            let stats = domain::Stats { late_frames: self.sources.late_frames(), ..stats };
            self.emit(EngineEvent::Stats(stats));
            self.watch();
        }
        ROUND.saturating_sub(self.last_round.at.elapsed()).max(Duration::from_millis(1))
    }

    fn watch(&mut self) {
        if matches!(&self.air, Air::Ending(thread) if thread.is_finished()) {
            self.wound_up();
        }
        if self.painter.revive() {
            self.fault(&EngineError::Panicked { part: "painter of the graphics" });
        }
        if self.sources.revive() {
            self.fault(&EngineError::Panicked { part: "source" });
        }
        self.revive_destinations();
        match self.program.stands_still() {
            Some(Failed::Blender) if self.program.blender_has_died() => {
                self.rebuild_program(Failed::Blender, &EngineError::Panicked { part: "blender" });
            }
            Some(Failed::Blender) => {
                self.rebuild_program(Failed::Blender, &EngineError::build("blender", "it stood still"));
            }
            Some(Failed::Mixer) => {
                self.rebuild_program(Failed::Mixer, &EngineError::build("mixer", "it stood still"));
            }
            None => {}
        }
        let Air::On(on_air, since) = &mut self.air else { return };
        if !on_air.stands_still() {
            return;
        }
        if on_air.counted().frames == 0 && since.elapsed() > BEGIN_DEADLINE {
            let error = EngineError::Deadline { pipeline: "encoding pipeline", deadline: BEGIN_DEADLINE };
            self.emit(EngineEvent::BeginFailed { refusal: Refusal::from_coded(&error) });
            self.end();
        } else {
            self.rebuild_encoding(&EngineError::build("encoding pipeline", "it stood still"));
        }
    }

    fn revive_destinations(&mut self) {
        let Air::On(on_air, _) = &mut self.air else { return };
        for id in on_air.died() {
            match self.wanted.iter().find(|wanted| wanted.id == id) {
                Some(wanted) => on_air.add(wanted),
                None => on_air.remove(id),
            }
            (self.sink)(EngineEvent::Fault {
                refusal: Refusal::from_coded(&EngineError::Panicked { part: "destination" }),
            });
        }
    }

    fn rebuild_program(&mut self, failed: Failed, reason: &EngineError) {
        tracing::error!(error = %reason, ?failed, "a part of the program is rebuilt");
        self.fault(reason);
        if let Err(error) = self.program.rebuild(failed) {
            tracing::error!(%error, ?failed, "it could not be rebuilt; it is tried again");
        }
    }

    fn rebuild_encoding(&mut self, reason: &EngineError) {
        let Air::On(on_air, _) = &mut self.air else { return };
        tracing::error!(error = %reason, "the encoders are rebuilt");
        if let Err(error) = on_air.rebuild() {
            tracing::error!(%error, "the encoders could not be rebuilt; it is tried again");
        }
        self.fault(reason);
    }

    pub(super) fn fault(&self, error: &dyn Coded) {
        self.emit(EngineEvent::Fault { refusal: Refusal::from_coded(error) });
    }

    pub(super) fn emit(&self, event: EngineEvent) {
        (self.sink)(event);
    }

    fn stop(mut self) {
        self.survive(Self::end);
        // The thread that winds up has its own deadlines; its last act is a request.
        while matches!(self.air, Air::Ending(_)) {
            match self.requests.take(Duration::from_secs(60)) {
                Some(request @ Request::WoundUp) => {
                    self.survive(|director| director.take(request));
                }
                Some(_) => {}
                None => break,
            }
        }
        self.program.output.set_monitor(None);
        self.sources.close_all();
    }
}

struct MonitorReader(Monitor);

impl RawReader for MonitorReader {
    fn frame(&self, buffer: &gst::Buffer) {
        self.0.push(buffer.clone());
    }

    fn audio(&self, _buffer: &gst::Buffer) {}
}
