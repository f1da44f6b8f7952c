//! From the threads of the engine and the tasks of the audience into the actor's inbox, and there
//! into the words of the domain.

use std::sync::Arc;

use audience::AudienceEvent;
use domain::room::RoomNews;
use domain::{Device, Input, Phase, Severity};
use engine::{EngineEvent, EventSink};
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
            EngineEvent::Began { zero_at, config } => {
                self.audience.on_air(&config);
                self.input(Input::Began { at: zero_at }).await;
            }
            EngineEvent::BeginFailed { refusal } => self.begin_failed(refusal).await,
            EngineEvent::RecordingFailed { refusal } => self.problem(Severity::Alarm, refusal).await,
            EngineEvent::HeartShown { hue, at } => tracing::debug!(hue, %at, "heart shown"),
            EngineEvent::Destination { id, state, code, problem, kbps } => {
                self.input(Input::Destination { id, state, code: code.to_owned(), problem, kbps }).await;
            }
            EngineEvent::Stats(mut stats) => {
                stats.dropped_network += self.audience.dropped_units();
                self.input(Input::Stats(stats)).await;
            }
            EngineEvent::Ended { recording } => self.ended(recording),
            EngineEvent::Fault { refusal } => self.problem(Severity::Warning, refusal).await,
        }
    }

    pub(crate) async fn audience_event(&mut self, event: AudienceEvent) {
        match event {
            AudienceEvent::Room(RoomNews::Hearts { at_ms, hue, count, total }) => {
                let on_air = matches!(self.production.snapshot().phase, Phase::Starting { .. } | Phase::OnAir { .. });
                if on_air {
                    self.engine.hearts(hue, count);
                }
                self.hearts = Some(RoomNews::Hearts { at_ms, hue, count, total });
            }
            AudienceEvent::Room(news) => self.input(Input::Room(news)).await,
            AudienceEvent::KeyframeWanted => self.engine.request_keyframe(),
        }
    }
}
