//! The handle of the engine. Behind it one thread owns every pipeline.

mod broadcast;
mod director;
mod mailbox;
mod program;
mod repair;
mod request;
mod round;
mod shared;
mod slate_words;
mod sources;

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use domain::{DestinationAddress, DestinationId, Plan, Secret};
use media::ProgramTime;

use crate::error::EngineError;
use crate::event::{Broadcast, EngineConfig, EventSink, MonitorConfig};
use crate::graphics::PainterHandle;
use crate::thread_names;
use director::Director;
use mailbox::Mailbox;
use request::Request;
use shared::Shared;

/// The engine. Its calls never block (but for [`Engine::start`] and [`Engine::stop`]); answers
/// come as events. Dropping it stops it.
pub struct Engine {
    requests: Mailbox,
    thread: Option<JoinHandle<()>>,
    painter: Arc<PainterHandle>,
    shared: Arc<Shared>,
}

impl Engine {
    /// Starts the program: a slate and silence, until a plan says what to show.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where the program pipeline cannot be built or started. Nothing is left
    /// running.
    pub fn start(config: EngineConfig, sink: EventSink) -> Result<Engine, EngineError> {
        crate::init()?;
        let requests = Mailbox::default();
        let shared = Arc::new(Shared::new());
        let director = Director::start(config, sink, shared.clone(), requests.clone())?;
        let painter = director.painter();
        let thread = thread::Builder::new()
            .name(thread_names::ENGINE.to_owned())
            .spawn(move || director.run())
            .map_err(|error| EngineError::Thread { problem: error.to_string() })?;
        Ok(Self { requests, thread: Some(thread), painter, shared })
    }

    /// Makes `plan` the target. Answers [`crate::EngineEvent::Shown`] when it is on a program
    /// frame; a plan that is replaced before the next frame is not answered.
    pub fn show(&self, plan: Plan) {
        self.ask(Request::Show(Box::new(plan)));
    }

    /// `count` hearts rise on the picture, where the plan's graphics have hearts.
    pub fn hearts(&self, hue: u16, count: u32) {
        self.painter.hearts(hue, count);
    }

    /// Starts, changes or stops the monitor.
    pub fn set_monitor(&self, monitor: Option<MonitorConfig>) {
        self.ask(Request::Monitor(monitor));
    }

    /// Begins a broadcast. Answers `Began` or `BeginFailed`.
    pub fn begin(&self, broadcast: Broadcast) {
        self.ask(Request::Begin(broadcast));
    }

    /// Ends the broadcast. Answers `Ended` when the program has ended; without a broadcast nothing.
    pub fn end(&self) {
        self.ask(Request::End);
    }

    /// Adds a destination; the program is pushed there while it is on air. `key` goes where the
    /// address says, and nowhere else.
    pub fn add_destination(&self, id: DestinationId, address: &DestinationAddress, key: Option<&Secret>) {
        let (host, target) = (address.host().to_owned(), address.target(key));
        self.ask(Request::AddDestination { id, host, target });
    }

    /// Removes a destination, also on air.
    pub fn remove_destination(&self, id: DestinationId) {
        self.ask(Request::RemoveDestination(id));
    }

    /// The present moment in program time; none unless on air.
    #[must_use]
    pub fn program_time(&self) -> Option<ProgramTime> {
        let now = self.shared.program_now()?;
        Some(ProgramTime::from_nanos(now.nseconds()))
    }

    /// Ends the broadcast, if there is one, stops every pipeline and joins every thread, each
    /// within its deadline.
    pub fn stop(self) {
        drop(self);
    }

    fn ask(&self, request: Request) {
        self.requests.put(request);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.requests.put(Request::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the engine's thread panicked");
        }
    }
}

#[cfg(test)]
mod tests;
