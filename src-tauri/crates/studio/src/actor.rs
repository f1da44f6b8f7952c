//! The studio: one actor that owns the production and everything it instructs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use archive::Archive;
use audience::{Audience, AudienceEvent, ShowHandle};
use bytes::Bytes;
use domain::{
    Command, Effect, Input, Levels, Numbered, Phase, PlanId, Production, Refusal, Reply, Severity, Snapshot, UnixMs,
    Update,
};
use engine::{DeviceWatch, Engine, EngineEvent, MonitorConfig};
use fmp4::Recorder;
use media::{Program, ProgramTime};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::config::StudioConfig;
use crate::error::StudioError;
use crate::folder::DataFolder;
use crate::subscription::Subscription;
use crate::{disk, effects, recording, redact, replays, settings};

mod start;

pub(crate) use start::listen;

/// How many messages may wait for the actor. When it is full, what only repeats itself (levels,
/// numbers) is dropped and logged; commands wait.
const INBOX: usize = 4_096;
/// How often time passes.
const TICK: Duration = Duration::from_millis(100);
/// How long a clean end may take before the studio closes without it.
const END_WITHIN: Duration = Duration::from_secs(30);
/// The operator's picture.
const MONITOR: MonitorConfig = MonitorConfig { width: 640, height: 360, fps: 15 };

/// What reaches the actor.
pub(crate) enum Message {
    Input(Input),
    Dispatch(Command, oneshot::Sender<Reply>),
    Snapshot(oneshot::Sender<Snapshot>),
    ProgramTime(oneshot::Sender<Option<ProgramTime>>),
    Subscribe { monitor: bool, answer: oneshot::Sender<Subscription> },
    Engine(EngineEvent),
    Audience(AudienceEvent),
    Closed(Option<Box<domain::Replay>>),
    KeepsAwake(Option<keepawake::KeepAwake>),
    Stop(oneshot::Sender<()>),
}

/// A running studio. Dropping it without [`Studio::close`] ends it without a clean end: what is on
/// air is then recovered at the next start, as after a crash.
pub struct Studio {
    inbox: mpsc::Sender<Message>,
    actor: JoinHandle<()>,
}

impl Studio {
    /// Opens the studio on its data folder: archive, audience service, engine, devices. Must be
    /// called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StudioError`]; nothing runs then, and nothing was changed.
    pub async fn start(config: StudioConfig) -> Result<Self, StudioError> {
        let (inbox, messages) = mpsc::channel(INBOX);
        let actor = start::open(config, inbox.clone()).await?;
        Ok(Self { inbox, actor: tokio::spawn(actor.run(messages)) })
    }

    /// Hands the operator's command over; the reply says whether it will be done.
    pub async fn dispatch(&self, command: Command) -> Reply {
        let closed = || Reply::Refused(Refusal::new("studio.closed", "the studio is closing"));
        self.ask(|answer| Message::Dispatch(command, answer)).await.unwrap_or_else(closed)
    }

    /// Everything the window shows. None when the studio is closed.
    pub async fn snapshot(&self) -> Option<Snapshot> {
        self.ask(Message::Snapshot).await
    }

    /// The program's present moment, while on air.
    pub async fn program_time(&self) -> Option<ProgramTime> {
        self.ask(Message::ProgramTime).await.flatten()
    }

    /// A subscription that begins with a snapshot; with pictures of the program where `monitor`.
    /// None when the studio is closed.
    pub async fn subscribe(&self, monitor: bool) -> Option<Subscription> {
        self.ask(|answer| Message::Subscribe { monitor, answer }).await
    }

    /// Ends the show, if one is on air, and closes everything.
    pub async fn close(self) {
        if self.ask(Message::Stop).await.is_none() {
            tracing::warn!("the studio was closed already");
        }
        if let Err(error) = self.actor.await {
            tracing::error!(%error, "the studio did not end as it should");
        }
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.inbox.send(message(answer)).await.ok()?;
        answered.await.ok()
    }
}

/// The actor's own: nobody else changes any of this.
pub(crate) struct Actor {
    pub(crate) config: StudioConfig,
    pub(crate) production: Production,
    pub(crate) engine: Engine,
    pub(crate) audience: Audience,
    /// The open episode of the show, and what its audience does.
    pub(crate) show: Option<ShowHandle>,
    pub(crate) audience_events: mpsc::Receiver<AudienceEvent>,
    pub(crate) archive: Archive,
    pub(crate) folder: Arc<DataFolder>,
    pub(crate) listening: SocketAddr,
    pub(crate) inbox: mpsc::Sender<Message>,
    pub(crate) awake: Option<keepawake::KeepAwake>,
    pub(crate) probe: Option<JoinHandle<()>>,
    pub(crate) recording: Option<PathBuf>,
    pub(crate) recorder: Option<Recorder>,
    /// What is on air, or is about to be.
    pub(crate) program: Option<Program>,
    subscribers: Vec<mpsc::Sender<Update>>,
    levels: watch::Sender<Levels>,
    monitor: watch::Sender<Bytes>,
    monitored: bool,
    plan: PlanId,
    ticks: u64,
    /// The sum of hearts, where it changed since the operator was told.
    pub(crate) hearts_total: Option<u64>,
    stopping: Option<oneshot::Sender<()>>,
    stop_at: Option<tokio::time::Instant>,
    _devices: Option<DeviceWatch>,
}

/// Unix time now.
pub(crate) fn now() -> UnixMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

impl Actor {
    async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => self.message(message).await,
                    None => break,
                },
                Some(event) = self.audience_events.recv() => self.message(Message::Audience(event)).await,
                _ = tick.tick() => self.tick().await,
            }
            let idle = !matches!(
                self.production.snapshot().phase,
                Phase::Starting { .. } | Phase::OnAir { .. } | Phase::Ending { .. }
            );
            let patience_over = self.stop_at.is_some_and(|deadline| tokio::time::Instant::now() >= deadline);
            if self.stopping.is_some() && (idle || patience_over) {
                break;
            }
        }
        self.shut_down().await;
    }

    async fn message(&mut self, message: Message) {
        match message {
            Message::Input(input) => self.input(input).await,
            Message::Dispatch(command, answer) => {
                tracing::debug!(?command, "dispatched");
                redact_command(&command);
                let reply = match self.apply(Input::Command(command)).await {
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
            Message::Engine(event) => self.engine_event(event).await,
            Message::Audience(event) => self.audience_event(event).await,
            Message::Closed(replay) => self.closed(replay.map(|boxed| *boxed)).await,
            Message::KeepsAwake(guard) => self.awake = guard,
            Message::Stop(answer) => {
                self.stopping = Some(answer);
                self.stop_at = Some(tokio::time::Instant::now() + END_WITHIN);
                // Refused where nothing is on air, which is just as well.
                let _refused = self.apply(Input::Command(Command::End)).await;
            }
        }
    }

    async fn tick(&mut self) {
        self.ticks += 1;
        self.input(Input::Tick).await;
        // A number that changes with every tap cannot be read, and a window pays for every change.
        if self.ticks.is_multiple_of(5)
            && let Some(total) = self.hearts_total.take()
        {
            self.input(Input::HeartsTotal(total)).await;
        }
        if self.ticks.is_multiple_of(10) {
            self.tell(&Update::Clock { now_ms: now().0 });
        }
        if self.ticks % 20 == 1 {
            let kbps = self.config.video_kbps + effects::AUDIO_KBPS;
            if let Some(disk) = disk::measure(&self.folder.recordings(), kbps) {
                self.input(Input::Disk(disk)).await;
            }
        }
        if self.ticks % 50 == 5 {
            effects::ask_for_the_page(self);
        }
        if self.ticks % 100 == 50 {
            replays::expire(&self.archive, &self.inbox);
        }
    }

    /// Takes an input that cannot be refused.
    pub(crate) async fn input(&mut self, input: Input) {
        if let Err(refusal) = self.apply(input).await {
            tracing::error!(code = refusal.code, "an observation was refused: a defect");
        }
    }

    /// Tells the operator that something went wrong.
    pub(crate) async fn problem(&mut self, severity: Severity, refusal: Refusal) {
        tracing::warn!(code = refusal.code, message = refusal.message, "told the operator");
        self.input(Input::Problem { severity, refusal }).await;
    }

    async fn apply(&mut self, input: Input) -> Result<(), Refusal> {
        let mut number = self.production.snapshot().number;
        let effects = self.production.apply(now(), input)?;
        // Everybody is told first: carrying out an effect may bring the next input, whose events
        // must not overtake these.
        let mut instructions = Vec::new();
        for effect in effects {
            match effect {
                Effect::Emit(event) => {
                    number += 1;
                    self.tell(&Update::Event { numbered: Numbered { number, event } });
                }
                instruction => instructions.push(instruction),
            }
        }
        for instruction in instructions {
            effects::carry_out(self, instruction).await;
        }
        Ok(())
    }

    /// The next plan's number.
    pub(crate) fn next_plan(&mut self) -> PlanId {
        self.plan = PlanId(self.plan.0 + 1);
        self.plan
    }

    fn tell(&mut self, update: &Update) {
        self.subscribers.retain(|subscriber| match subscriber.try_send(update.clone()) {
            // Full: the gap in the numbers makes that subscriber ask for a snapshot.
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        });
        if self.monitored && self.monitor.receiver_count() == 0 {
            self.monitored = false;
            self.engine.set_monitor(None);
        }
    }

    fn subscribe(&mut self, monitor: bool) -> Subscription {
        let pictures = monitor.then(|| self.monitor.subscribe());
        if monitor && !self.monitored {
            self.monitored = true;
            self.engine.set_monitor(Some(MONITOR));
        }
        let (sender, subscription) = Subscription::pair(self.levels.subscribe(), pictures);
        let first = Update::Snapshot { snapshot: self.production.snapshot().clone() };
        if sender.try_send(first).is_ok() {
            self.subscribers.push(sender);
        }
        subscription
    }

    /// Latest wins: a slow window sees fewer pictures, never old ones.
    pub(crate) fn show_monitor(&self, jpeg: Bytes) {
        self.monitor.send_replace(jpeg);
    }

    /// Latest wins.
    pub(crate) fn show_levels(&self, levels: Levels) {
        self.levels.send_replace(levels);
    }

    async fn shut_down(self) {
        let Self { engine, audience, archive, folder, stopping, probe, production, config, recorder, .. } = self;
        if let Some(probe) = probe {
            probe.abort();
        }
        if config.setup.is_none()
            && let Err(error) = settings::write(&folder.settings(), &production.snapshot().setup)
        {
            tracing::warn!(%error, "the settings could not be written");
        }
        audience.shutdown().await;
        let closed = tokio::task::spawn_blocking(move || {
            engine.stop();
            // There is one only where the show did not end in time.
            if let Some(Err(refusal)) = recorder.map(recording::finish) {
                tracing::error!(code = refusal.code, message = refusal.message, "the recording was not finished");
            }
            archive.close();
            drop(folder);
        });
        if let Err(error) = closed.await {
            tracing::error!(%error, "the engine or the archive did not close as it should");
        }
        if let Some(stopping) = stopping {
            let _gone = stopping.send(());
        }
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
