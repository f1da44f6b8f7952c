//! From the threads of the engine and the tasks of the audience into the actor's inbox, and there
//! into the words of the domain.

use std::sync::Arc;

use audience::{AudienceEvent, ShowHandle};
use domain::{AudienceStatus, Device, Input, Phase, Severity};
use engine::{EngineEvent, EventSink};
use fmp4::Recorder;
use tokio::sync::mpsc;

use crate::actor::{Actor, Message};

/// Never blocks: what finds the inbox full is dropped and logged.
pub(crate) fn engine_sink(inbox: mpsc::Sender<Message>) -> EventSink {
    Arc::new(move |event| {
        if let Err(mpsc::error::TrySendError::Full(_)) = inbox.try_send(Message::Engine(event)) {
            tracing::error!("the studio is too slow: an event of the engine was dropped");
        }
    })
}

/// As [`engine_sink`], for lists of devices.
pub(crate) fn device_sink(inbox: mpsc::Sender<Message>) -> Arc<dyn Fn(Vec<Device>) + Send + Sync> {
    Arc::new(move |devices| {
        if let Err(mpsc::error::TrySendError::Full(_)) = inbox.try_send(Message::Input(Input::Devices(devices))) {
            tracing::error!("the studio is too slow: a list of devices was dropped");
        }
    })
}

impl Actor {
    pub(crate) async fn engine_event(&mut self, event: EngineEvent) {
        match event {
            EngineEvent::Shown(plan) => tracing::debug!(%plan, "shown"),
            EngineEvent::Source { role, state, problem } => self.input(Input::Source { role, state, problem }).await,
            EngineEvent::Picture { role, black, still } => self.input(Input::Picture { role, black, still }).await,
            EngineEvent::Levels(levels) => {
                self.show_levels(levels.clone());
                self.input(Input::Levels(levels)).await;
            }
            EngineEvent::Monitor(jpeg) => self.show_monitor(jpeg),
            EngineEvent::Began { zero_at } => {
                if let (Some(show), Some(program)) = (&self.show, &self.program) {
                    show.on_air(program);
                }
                self.input(Input::Began { at: zero_at }).await;
            }
            EngineEvent::BeginFailed { refusal } => self.begin_failed(refusal).await,
            EngineEvent::HeartShown { hue, at } => tracing::debug!(hue, %at, "heart shown"),
            EngineEvent::Destination(report) => self.input(Input::Destination(report)).await,
            EngineEvent::Stats(mut stats) => {
                stats.recording_bytes = self.recorder.as_ref().map_or(0, Recorder::bytes);
                stats.dropped_network += self.show.as_ref().map_or(0, ShowHandle::lost_units);
                self.input(Input::Stats(stats)).await;
            }
            EngineEvent::Ended => self.ended(),
            EngineEvent::Fault { refusal } => self.problem(Severity::Warning, refusal).await,
        }
    }

    pub(crate) async fn audience_event(&mut self, event: AudienceEvent) {
        match event {
            AudienceEvent::Said(said) => self.input(Input::Said(said)).await,
            AudienceEvent::Removed(seq) => self.input(Input::Removed(seq)).await,
            AudienceEvent::Hearts { hue, count, total, .. } => {
                let on_air = matches!(self.production.snapshot().phase, Phase::Starting { .. } | Phase::OnAir { .. });
                if on_air {
                    self.engine.hearts(hue, count);
                }
                self.hearts_total = Some(total);
            }
            AudienceEvent::Presence { viewers, peak, anonymous, people } => {
                let status = AudienceStatus { viewers, peak, anonymous, hearts: 0, people };
                self.input(Input::Presence(status)).await;
            }
            AudienceEvent::Muted { viewer, muted } => self.input(Input::Muted { viewer, muted }).await,
        }
    }
}
