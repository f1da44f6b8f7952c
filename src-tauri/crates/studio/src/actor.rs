//! One actor that owns the production and everything it instructs. It takes an input, asks the
//! domain, hands the effects out, and waits for nothing: none of its methods is `async`, but for
//! the loop itself and the end. Whatever takes time is a task (`tasks.rs`).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use archive::Archive;
use audience::{Audience, AudienceEvent, AudienceEvents, ShowHandle};
use domain::room::RoomNews;
use domain::{
    Coded, Command, Effect, EpisodeId, Input, Numbered, PlanId, Production, Refusal, Reply, Setup, Severity, Snapshot,
    Update,
};
use engine::{DeviceWatch, Engine, MonitorConfig};
use fmp4::Recorder;
use media::{Program, ProgramTime};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::config::StudioConfig;
use crate::episode::{Beginning, Opening};
use crate::lanes::{Lanes, Observation};
use crate::names::Announcement;
use crate::recording::{DiskWatch, Reopening};
use crate::service::Service;
use crate::subscription::Subscription;
use crate::tasks::{Finished, Tasks};
use crate::timers::{Due, Timers};
use crate::unfinished::Again;
use crate::{effects, redact, replays, unfinished};
use hosting::DataFolder;

mod monitor;
mod shut_down;
mod start;

pub(crate) use start::open;

/// How long a clean end may take before the studio closes without it.
pub const END_WITHIN: Duration = Duration::from_secs(30);

/// What reaches the actor from those who can wait.
pub(crate) enum Message {
    Input(Input),
    Dispatch(Command, oneshot::Sender<Reply>),
    Snapshot(oneshot::Sender<Snapshot>),
    ProgramTime(oneshot::Sender<Option<ProgramTime>>),
    Subscribe {
        monitor: bool,
        answer: oneshot::Sender<Subscription>,
    },
    Listening(Result<Box<Service>, Refusal>),
    Planned(Result<Box<hosting::Planned>, Refusal>),
    Filed(Option<Refusal>),
    Recording(Result<Box<Recorder>, Refusal>),
    Closed(Option<Box<domain::Replay>>),
    KeepsAwake(Option<keepawake::KeepAwake>),
    /// A recording could not be finished, or filed, yet; shows that are over in any case.
    Unfinished(Vec<EpisodeId>),
    /// Room on the disk, in bytes.
    Room(u64),
    ProbeStopped,
    SettingsStopped,
    Stop(oneshot::Sender<()>),
}

/// The actor's own: nobody else changes any of this.
pub(crate) struct Actor {
    pub(crate) config: StudioConfig,
    pub(crate) production: Production,
    pub(crate) engine: Engine,
    pub(crate) audience: Audience,
    /// Of this computer's name on its network.
    pub(crate) announcement: Option<Announcement>,
    /// The open episode of the show; none where the service does not listen.
    pub(crate) show: Option<ShowHandle>,
    pub(crate) archive: Archive,
    pub(crate) folder: Arc<DataFolder>,
    pub(crate) tasks: Tasks,
    pub(crate) inbox: mpsc::Sender<Message>,
    pub(crate) awake: Option<keepawake::KeepAwake>,
    /// The episode that is filed before it begins.
    pub(crate) beginning: Option<Beginning>,
    /// The episode that runs and that the archive did not file yet.
    pub(crate) unfiled: Option<Beginning>,
    /// The episode whose recording is being opened.
    pub(crate) opening: Option<Opening>,
    pub(crate) recording: Option<PathBuf>,
    pub(crate) recorder: Option<Recorder>,
    disk_watch: DiskWatch,
    pub(crate) reopening: Reopening,
    /// How often the archive panicked, as far as the operator knows.
    archive_restarts: u64,
    /// When what is unfinished is tried again.
    pub(crate) again: Again,
    /// What is on air, or is about to be.
    pub(crate) program: Option<Program>,
    /// Where the service could not listen: it is tried again.
    pub(crate) is_deaf: bool,
    /// Where the probe died before its time: it is started again.
    is_probe_lost: bool,
    /// What is written to the settings; none where nothing is remembered.
    pub(crate) chosen: Option<watch::Sender<Setup>>,
    pub(crate) remembered: serde_json::Map<String, serde_json::Value>,
    /// The latest hearts, where their sum was not emitted yet.
    pub(crate) hearts: Option<RoomNews>,
    pub(crate) audience_events: Option<AudienceEvents>,
    lanes: Lanes,
    subscribers: Vec<mpsc::Sender<Update>>,
    monitored: bool,
    monitor: MonitorConfig,
    plan: PlanId,
    stopping: Option<oneshot::Sender<()>>,
    stop_at: Option<Instant>,
    _devices: Option<DeviceWatch>,
}

/// What the audience of the open show does next; never while no show is open.
async fn next_event(events: &mut Option<AudienceEvents>) -> Option<AudienceEvent> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

/// A message that notifies the operator.
pub(crate) fn problem(severity: Severity, refusal: Refusal) -> Message {
    Message::Input(Input::Problem { severity, refusal })
}

/// A message that notifies the operator of an error, as urgently as its code says.
pub(crate) fn failure(error: &dyn Coded) -> Message {
    problem(error.code().severity(), Refusal::from_coded(error))
}

impl Actor {
    pub(crate) async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut timers = Timers::start();
        loop {
            // In the order of their weight; whatever can come without end comes last.
            tokio::select! {
                biased;
                Some(event) = self.lanes.turns.recv() => self.engine_event(event),
                Some(finished) = self.tasks.next() => self.finished(finished),
                due = timers.next() => self.due(due),
                message = messages.recv() => match message {
                    Some(message) => self.message(message),
                    None => break,
                },
                // Words, removals and mutes before what repeats itself: it has two lanes of its own.
                Some(event) = next_event(&mut self.audience_events) => self.audience_event(event),
            }
            let patience_over = self.stop_at.is_some_and(|deadline| Instant::now() >= deadline);
            if self.stopping.is_some() && (!self.production.is_busy() || patience_over) {
                break;
            }
        }
        self.shut_down().await;
    }

    pub(crate) fn message(&mut self, message: Message) {
        match message {
            Message::Input(input) => self.input(input),
            Message::Dispatch(command, answer) => {
                tracing::debug!(?command, "dispatched");
                redact_command(&command);
                let reply = match self.apply(Input::Command(command)) {
                    Ok(()) => Reply::Accepted,
                    Err(refusal) => Reply::Refused(refusal),
                };
                let _gone = answer.send(reply);
            }
            Message::Snapshot(answer) => {
                let _gone = answer.send(self.production.snapshot().clone());
            }
            Message::ProgramTime(answer) => {
                let _gone = answer.send(self.engine.program_time());
            }
            Message::Subscribe { monitor, answer } => {
                let _gone = answer.send(self.subscribe(monitor));
            }
            Message::Listening(outcome) => self.listening(outcome),
            Message::Planned(outcome) => self.planned(outcome),
            Message::Filed(refusal) => self.filed(refusal),
            Message::Recording(outcome) => self.recording_opened(outcome),
            Message::Closed(replay) => self.closed(replay.map(|boxed| *boxed)),
            Message::KeepsAwake(guard) => {
                let is_wanted = self.production.is_busy();
                self.awake = guard.filter(|_| is_wanted);
            }
            Message::Unfinished(over) => self.again.want(over),
            Message::Room(free) => unfinished::room_measured(self, free),
            Message::ProbeStopped => self.is_probe_lost = true,
            Message::SettingsStopped => self.keep_settings(),
            Message::Stop(answer) => {
                self.stopping = Some(answer);
                self.stop_at = Some(Instant::now() + END_WITHIN);
                // Refused where nothing is on air, which is just as well.
                let _refused = self.apply(Input::Command(Command::End));
            }
        }
    }

    /// A task is done. One that panicked is a defect: the operator must know that something may be
    /// missing, and what its owner does without it follows from the message in its place.
    fn finished(&mut self, finished: Finished) {
        match finished {
            Finished::Done(answers) => answers.into_iter().for_each(|message| self.message(message)),
            Finished::Panicked { name, instead } => {
                let text = format!(
                    "A part of the studio failed ({name}), which is a defect of Antenne; everything else goes on. \
                     The log says more"
                );
                self.problem(Severity::Alarm, Refusal::new("studio.task_failed", text));
                if let Some(message) = instead {
                    self.message(message);
                }
            }
        }
    }

    fn due(&mut self, due: Due) {
        match due {
            Due::Tick => {
                self.input(Input::Tick);
                self.notice_archive_restarts();
                let stalled = self.recorder.as_ref().and_then(Recorder::stalled_for);
                self.disk_watch.look(stalled).into_iter().for_each(|message| self.message(message));
                self.begin_without_the_archive();
                self.begin_without_the_recording();
                self.reopen_recording();
            }
            Due::Latest => self.take_latest(),
            Due::Clock => self.emit(&Update::Clock { now_ms: hosting::clock::now().0 }),
            Due::Disk => effects::measure_disk(self),
            Due::Page => effects::ask_for_the_page(self),
            Due::Expiry => replays::expire(self),
            Due::Retry => {
                if std::mem::take(&mut self.is_probe_lost) {
                    effects::probe(self);
                }
                if self.is_deaf && self.production.awaits_plan() {
                    self.listen_again();
                } else if self.production.awaits_plan() && self.production.episode().is_none() {
                    self.plan();
                }
            }
        }
    }

    /// Notifies the operator of a defect in the archive's threads.
    fn notice_archive_restarts(&mut self) {
        let restarts = self.archive.restarts();
        if restarts > std::mem::replace(&mut self.archive_restarts, restarts) {
            let text = "A part of the archive failed, which is a defect of Antenne, and was started again. Comments that \
                        were accepted are kept; the log says more";
            self.problem(Severity::Alarm, Refusal::new("archive.restarted", text));
        }
    }

    /// The newest of what repeats itself.
    fn take_latest(&mut self) {
        for observation in self.lanes.latest() {
            match observation {
                Observation::Engine(event) => self.engine_event(event),
                Observation::Devices(devices) => self.input(Input::Devices(devices)),
            }
        }
        if let Some(hearts) = self.hearts.take() {
            self.input(Input::Room(hearts));
        }
    }

    /// Takes an input that cannot be refused.
    pub(crate) fn input(&mut self, input: Input) {
        if let Input::Problem { severity, refusal } = &input {
            log(*severity, refusal);
        }
        if let Err(refusal) = self.apply(input) {
            tracing::error!(code = refusal.code, "an observation was refused: a defect");
        }
    }

    /// Notifies the operator that something went wrong.
    pub(crate) fn problem(&mut self, severity: Severity, refusal: Refusal) {
        self.input(Input::Problem { severity, refusal });
    }

    fn apply(&mut self, input: Input) -> Result<(), Refusal> {
        let effects = self.production.apply(hosting::clock::now(), input)?;
        // Events first: carrying out an effect may bring the next input, whose events must not
        // overtake these.
        let mut instructions = Vec::new();
        for effect in effects {
            match effect {
                Effect::Emit(Numbered { number, event }) => {
                    self.emit(&Update::Event { numbered: Numbered { number, event } });
                }
                instruction => instructions.push(instruction),
            }
        }
        for instruction in instructions {
            effects::carry_out(self, instruction);
        }
        Ok(())
    }

    /// The next plan's number.
    pub(crate) fn next_plan(&mut self) -> PlanId {
        self.plan = PlanId(self.plan.0 + 1);
        self.plan
    }

    fn emit(&mut self, update: &Update) {
        self.subscribers.retain(|subscriber| match subscriber.try_send(update.clone()) {
            // Full: the gap in the numbers makes that subscriber ask for a snapshot.
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        });
        if self.monitored && self.lanes.monitor.receiver_count() == 0 {
            self.monitored = false;
            self.engine.set_monitor(None);
        }
    }

    /// The operator's picture is so wide on the screen.
    pub(crate) fn set_monitor_width(&mut self, pixels: u32) {
        let wanted = monitor::config(&self.config.canvas, pixels);
        if self.monitor == wanted {
            return;
        }
        self.monitor = wanted;
        if self.monitored {
            self.engine.set_monitor(Some(wanted));
        }
    }

    fn subscribe(&mut self, monitor: bool) -> Subscription {
        let pictures = monitor.then(|| self.lanes.monitor.subscribe());
        if monitor && !self.monitored {
            self.monitored = true;
            self.engine.set_monitor(Some(self.monitor));
        }
        let (sender, subscription) = Subscription::pair(self.lanes.levels.subscribe(), pictures);
        let first = Update::Snapshot { snapshot: self.production.snapshot().clone() };
        if sender.try_send(first).is_ok() {
            self.subscribers.push(sender);
        }
        subscription
    }
}

/// Once, where the operator is notified, and as loud as it is urgent.
fn log(severity: Severity, Refusal { code, message }: &Refusal) {
    match severity {
        Severity::Note => tracing::info!(code, message, "notified the operator"),
        Severity::Warning => tracing::warn!(code, message, "notified the operator"),
        Severity::Alarm => tracing::error!(code, message, "notified the operator"),
    }
}

/// Keys are unprintable before anything is done with them.
fn redact_command(command: &Command) {
    match command {
        Command::AddDestination { key: Some(key), .. } | Command::SetDestinationKey { key, .. } => {
            redact::remember(key)
        }
        _ => {}
    }
}
