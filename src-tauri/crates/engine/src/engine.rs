//! The handle of the engine, and its thread.

use domain::{DestinationAddress, DestinationId, Plan, Secret};
use media::ProgramTime;

use crate::error::EngineError;
use crate::event::{Broadcast, EngineConfig, EventSink, MonitorConfig};

/// The engine. Its calls never block; answers come as events.
pub struct Engine;

impl Engine {
    /// Starts the program: a slate and silence.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the program pipeline cannot be built or started.
    pub fn start(_config: EngineConfig, _sink: EventSink) -> Result<Engine, EngineError> {
        Ok(Self)
    }

    /// Makes `plan` the target; answers [`crate::EngineEvent::Shown`].
    pub fn show(&self, _plan: Plan) {}

    /// `count` hearts rise.
    pub fn hearts(&self, _hue: u16, _count: u32) {}

    /// Starts, changes or stops the monitor.
    pub fn set_monitor(&self, _monitor: Option<MonitorConfig>) {}

    /// Begins a broadcast; answers `Began` or `BeginFailed`.
    pub fn begin(&self, _broadcast: Broadcast) {}

    /// Ends the broadcast; answers `Ended`.
    pub fn end(&self) {}

    /// Adds a destination; it is pushed to while on air.
    pub fn add_destination(&self, _id: DestinationId, _address: &DestinationAddress, _key: Option<&Secret>) {}

    /// Removes a destination.
    pub fn remove_destination(&self, _id: DestinationId) {}

    /// Asks for a keyframe; at most one a second reaches the encoder.
    pub fn request_keyframe(&self) {}

    /// The mixer's present moment while on air.
    #[must_use]
    pub fn program_time(&self) -> Option<ProgramTime> {
        None
    }

    /// Stops everything.
    pub fn stop(self) {}
}
