//! Brings a source that was lost back, for ever.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use domain::{Refusal, SourceState};

use crate::error::EngineError;
use crate::event::EngineEvent;
use crate::source::Reporter;
use crate::source::cadence::{Stopped, wait};
use crate::state_change::{self, Stuck};
use crate::watchdog;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// A source that ran so long was well: the next pause is the first one again.
const PROVED: Duration = Duration::from_secs(5);
/// A source that was just opened may take so long until its first buffer.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often the watchdog looks, and how long a stop may go unnoticed.
const LOOK: Duration = Duration::from_millis(50);
/// So many attempts may hang before no more are made: each holds a thread, a pipeline, and often a
/// descriptor of the device.
const STUCK: usize = 2;

/// Why an attempt ended.
pub(crate) enum Ending {
    /// The owner dropped the source.
    Stopped,
    /// It stopped delivering, or never did; a sentence for people.
    Lost(String),
}

/// Attempts to run a source until it is stopped, with growing pauses between attempts. While too many
/// of them are `stuck`, it waits for one to come back.
pub(crate) fn supervise(
    reporter: &mut Reporter,
    stop: &Receiver<()>,
    stuck: &Stuck,
    mut attempt: impl FnMut(&mut Reporter) -> Ending,
) {
    let mut pause = FIRST_PAUSE;
    loop {
        let began = Instant::now();
        let Ending::Lost(problem) = attempt(reporter) else { return };
        reporter.report(SourceState::Lost, Some(problem));
        if began.elapsed() >= PROVED + PATIENCE {
            pause = FIRST_PAUSE;
        }
        if wait(stop, pause) == Err(Stopped) || wait_for_the_stuck(reporter, stop, stuck) == Err(Stopped) {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn wait_for_the_stuck(reporter: &mut Reporter, stop: &Receiver<()>, stuck: &Stuck) -> Result<(), Stopped> {
    if stuck.count() < STUCK {
        return Ok(());
    }
    let error = EngineError::Stuck { source_name: reporter.id.to_string() };
    reporter.report(SourceState::Lost, Some(error.to_string()));
    reporter.sink.event(EngineEvent::Fault { refusal: Refusal::from_coded(&error) });
    while stuck.count() >= STUCK {
        wait(stop, LOOK)?;
    }
    Ok(())
}

/// When a pipeline last delivered: written by its thread, read by the watchdog.
#[derive(Debug)]
pub(crate) struct Pulse {
    began: Instant,
    /// Milliseconds since `began`; 0 before the first buffer.
    last: AtomicU64,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0) }
    }

    /// A buffer came.
    pub(crate) fn beat(&self) {
        self.last.store(self.now().max(1), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// How long nothing came, and whether anything ever did.
    fn silence(&self) -> (Duration, bool) {
        let last = self.last.load(Ordering::Relaxed);
        (Duration::from_millis(self.now().saturating_sub(last)), last > 0)
    }
}

/// One pipeline, from its start to its end, and the words for what may befall it.
pub(crate) struct Watched<'a> {
    pub(crate) pipeline: gst::Pipeline,
    pub(crate) pulse: &'a Pulse,
    /// The pipeline's name for people, e.g. `camera's pipeline`.
    pub(crate) what: &'static str,
    pub(crate) graphs_dir: &'a std::path::Path,
    /// How long a state change may take, and where those are counted that take longer.
    pub(crate) deadline: Duration,
    pub(crate) stuck: &'a Stuck,
    /// What to say when it stays silent.
    pub(crate) silent: &'a str,
}

impl Watched<'_> {
    /// Starts the pipeline, watches it until something ends it, and stops it.
    pub(crate) fn run(&self, reporter: &mut Reporter, stop: &Receiver<()>) -> Ending {
        let ending = match self.change(gst::State::Playing) {
            Ok(()) => self.watch(reporter, stop),
            Err(error) => {
                report_deadline(reporter, &error);
                let ending = Ending::Lost(self.explain_start(&error));
                if matches!(error, EngineError::Deadline { .. }) {
                    // To stop it would hang as well; whoever hangs stops it.
                    return ending;
                }
                ending
            }
        };
        if let Err(error) = self.change(gst::State::Null) {
            report_deadline(reporter, &error);
        }
        ending
    }

    fn change(&self, state: gst::State) -> Result<(), EngineError> {
        state_change::change_counted(&self.pipeline, state, self.deadline, self.what, self.graphs_dir, self.stuck)
    }

    fn watch(&self, reporter: &mut Reporter, stop: &Receiver<()>) -> Ending {
        use gst::prelude::ElementExt;
        let Some(bus) = self.pipeline.bus() else { return Ending::Lost(self.silent.to_owned()) };
        let look = gst::ClockTime::from_mseconds(LOOK.as_millis() as u64);
        loop {
            match stop.try_recv() {
                Err(TryRecvError::Empty) => {}
                Ok(()) | Err(TryRecvError::Disconnected) => return Ending::Stopped,
            }
            let message = bus.timed_pop_filtered(look, &[gst::MessageType::Error, gst::MessageType::Eos]);
            match message.as_ref().map(|message| message.view()) {
                Some(gst::MessageView::Error(error)) => {
                    tracing::warn!(what = self.what, error = %error.error(), "a source failed");
                    return Ending::Lost(explain(&error.error(), self.silent));
                }
                Some(_) => return Ending::Lost(self.silent.to_owned()),
                None => {}
            }
            match self.pulse.silence() {
                (silence, true) if silence > watchdog::SOURCE => return Ending::Lost(self.silent.to_owned()),
                (silence, false) if silence > PATIENCE => return Ending::Lost(self.silent.to_owned()),
                (_, true) => reporter.report(SourceState::Running, None),
                (_, false) => {}
            }
        }
    }

    fn explain_start(&self, error: &EngineError) -> String {
        tracing::warn!(what = self.what, %error, "a source did not start");
        self.silent.to_owned()
    }
}

/// Elements say what is wrong with a code; the words are ours.
fn explain(error: &gst::glib::Error, otherwise: &str) -> String {
    match error.kind::<gst::ResourceError>() {
        Some(gst::ResourceError::Busy) => "Another program uses this device. Close that program.".to_owned(),
        Some(gst::ResourceError::NotAuthorized) => "The system does not allow the use of this device.".to_owned(),
        Some(gst::ResourceError::NotFound) => "This device is not there. Connect it, or choose another.".to_owned(),
        _ => otherwise.to_owned(),
    }
}

fn report_deadline(reporter: &Reporter, error: &EngineError) {
    if matches!(error, EngineError::Deadline { .. }) {
        reporter.sink.event(EngineEvent::Fault { refusal: Refusal::from_coded(error) });
    }
}

#[cfg(test)]
mod tests;
