//! From the threads of the engine and the tasks of the audience into the words of the domain.

use std::sync::Arc;

use audience::{AudienceEvent, ShowHandle};
use domain::room::RoomNews;
use domain::{Device, Input, Phase, Refusal, Severity};
use engine::{EngineEvent, EventSink};
use fmp4::Recorder;

use crate::actor::Actor;
use crate::lanes::Observers;

/// Where the engine's events go. Never blocks.
pub(crate) fn engine_sink(observers: Observers) -> EventSink {
    Arc::new(move |event| observers.engine(event))
}

/// Where lists of devices go. Never blocks.
pub(crate) fn device_sink(observers: Observers) -> Arc<dyn Fn(Vec<Device>) + Send + Sync> {
    Arc::new(move |devices| observers.devices(devices))
}

impl Actor {
    pub(crate) fn engine_event(&mut self, event: EngineEvent) {
        match event {
            EngineEvent::Shown(plan) => tracing::debug!(%plan, "shown"),
            EngineEvent::Source { id, state, problem } => self.input(Input::Source { id, state, problem }),
            EngineEvent::Content { id, black, still } => self.input(Input::Content { id, black, still }),
            EngineEvent::Levels(levels) => self.input(Input::Levels(levels)),
            // Straight to the subscribers.
            EngineEvent::Monitor(_) | EngineEvent::HeartShown { .. } => {}
            EngineEvent::Began { zero_at } => {
                if let (Some(show), Some(program)) = (&self.show, &self.program) {
                    show.on_air(program);
                }
                self.input(Input::Began { at: zero_at });
            }
            EngineEvent::BeginFailed { refusal } => self.begin_failed(refusal),
            EngineEvent::Destination(report) => self.input(Input::Destination(report)),
            EngineEvent::Stats(mut stats) => {
                stats.recording_bytes = self.recorder.as_ref().map_or(0, Recorder::bytes);
                stats.dropped_network += self.show.as_ref().map_or(0, ShowHandle::lost_units);
                self.input(Input::Stats(stats));
            }
            EngineEvent::Ended => self.ended(),
            EngineEvent::Fault { refusal } => self.problem(Severity::Warning, refusal),
        }
    }

    pub(crate) fn audience_event(&mut self, event: AudienceEvent) {
        match event {
            AudienceEvent::Room(RoomNews::Hearts { at_ms, hue, count, total }) => {
                let on_air = matches!(self.production.snapshot().phase, Phase::Starting { .. } | Phase::OnAir { .. });
                if on_air {
                    self.engine.hearts(hue, count);
                }
                self.hearts = Some(RoomNews::Hearts { at_ms, hue, count, total });
            }
            AudienceEvent::Room(news) => self.input(Input::Room(news)),
            AudienceEvent::RoomRestarted => {
                let text = "The room failed, which is a defect of Antenne, and was made anew. Everybody is still in \
                            it, and nothing that was accepted is lost; the log says more";
                self.problem(Severity::Alarm, Refusal::new("audience.room_restarted", text));
            }
            AudienceEvent::RoomLost => {
                let text = "The room failed again and again, which is a defect of Antenne, and is closed until the \
                            next show. The program goes on; viewers can watch, and not write";
                self.problem(Severity::Alarm, Refusal::new("audience.room_lost", text));
            }
        }
    }
}
