//! Keeps one destination on air: connects, feeds, watches, and tries again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use domain::{DestinationId, DestinationReport, DestinationState, PushTarget};
use media::{Capacity, Next, Overflow, Program, Reader, ReaderConfig, Start, Tracks};

use super::Shared;
use super::certificate;
use super::problem::Problem;
use super::push::{Ending, Fed, Push};
use super::watch::{Verdict, Watch, pause};
use crate::event::{EngineEvent, EventSink};
use crate::thread_names;

/// How often a connection is looked at: the system's table of connections is read each time.
const LOOK: Duration = Duration::from_millis(250);
/// How often a destination on air says its bit rate.
const REPORT: Duration = Duration::from_secs(1);
/// So much of the program may wait for a slow connection; then it goes on at the next keyframe.
const WAITING: Capacity = Capacity { span: Duration::from_secs(6), bytes: 64 << 20 };
/// A connection begins with the current GOP unless it is older than this.
const CATCH_UP: Duration = Duration::from_secs(2);
/// So many pipelines may be stuck in their end before no more are made.
const STUCK: usize = 4;
/// How long the far end is given to hear the goodbye.
const GOODBYE: gst::ClockTime = gst::ClockTime::from_seconds(2);

/// What a supervisor works with.
pub(super) struct Supervisor {
    pub(super) id: DestinationId,
    pub(super) target: PushTarget,
    pub(super) host: String,
    pub(super) program: Program,
    pub(super) graphs_dir: PathBuf,
    pub(super) shared: Arc<Shared>,
    pub(super) sink: EventSink,
    /// Pipelines that are being stopped.
    pub(super) stopping: Arc<AtomicUsize>,
}

/// How an attempt ended.
enum Outcome {
    /// The destination was removed, or the program is over.
    Closed,
    /// The encoding changed; the next attempt follows at once.
    Again,
    Failed(Problem),
}

impl Supervisor {
    /// Works until it is closed or the program is over. It waits by parking its thread: a unit that
    /// arrives and the end wake it.
    pub(super) fn run(self) {
        let mut failures = 0;
        while let Some(reader) = self.start() {
            let (outcome, good) = self.attempt(&reader, failures > 0);
            match outcome {
                Outcome::Closed => break,
                Outcome::Again => continue,
                Outcome::Failed(problem @ Problem::Unusable(_)) => {
                    self.report(DestinationState::Failed, Some(&problem), 0);
                    self.wait(None);
                    break;
                }
                Outcome::Failed(problem) => {
                    failures = if good { 0 } else { failures };
                    self.report(DestinationState::Retrying, Some(&problem), 0);
                    self.wait(Some(pause(failures, self.id.0)));
                    failures += 1;
                    self.wait_for_the_stuck();
                }
            }
        }
        self.report(DestinationState::Ended, None, 0);
    }

    /// Reads the program from a keyframe on: the current one, or one that is asked for. Waits for it,
    /// because a connection without anything to send is closed again. None when it is closed.
    fn start(&self) -> Option<Reader> {
        let thread = thread::current();
        let reader = self.program.read(ReaderConfig {
            name: "destination",
            tracks: Tracks::FILE,
            start: Start::Gop { younger_than: CATCH_UP },
            capacity: WAITING,
            overflow: Overflow::DropWaiting,
            wake: Some(Arc::new(move || thread.unpark())),
        });
        loop {
            if self.is_closed() || reader.is_over() {
                return None;
            }
            if reader.waiting().units > 0 {
                return Some(reader);
            }
            thread::park();
        }
    }

    /// One connection from beginning to end, and whether it was a good one.
    fn attempt(&self, reader: &Reader, again: bool) -> (Outcome, bool) {
        if !again {
            self.report(DestinationState::Connecting, None, 0);
        }
        let mut push = match Push::build(&self.target, &self.graphs_dir) {
            Ok(push) => push,
            Err(problem) => return (Outcome::Failed(problem), false),
        };
        let lost_before = self.shared.lost.load(Ordering::Relaxed);
        let mut watch = Watch::new(Instant::now());
        let outcome = match push.start() {
            Ok(()) => self.push(&mut push, reader, lost_before, &mut watch),
            Err(_) => Outcome::Failed(no_answer(&mut push)),
        };
        let good = watch.was_good(Instant::now());
        self.stop(push, matches!(outcome, Outcome::Closed));
        (outcome, good)
    }

    fn push(&self, push: &mut Push, reader: &Reader, lost_before: u64, watch: &mut Watch) -> Outcome {
        let (mut reported, mut looked) = (None, Instant::now());
        loop {
            let closed = self.is_closed();
            let fed = feed(push, reader);
            if closed || fed == Step::Over {
                return Outcome::Closed;
            }
            if fed == Step::Fed(Fed::Changed) {
                return Outcome::Again;
            }
            let ended = push.ended();
            if fed == Step::Fed(Fed::Stopped) || ended.is_some() {
                return Outcome::Failed(self.why(ended, watch, push));
            }
            if reader.waiting().units == 0 || !push.has_room() {
                thread::park_timeout(LOOK);
            }
            let now = Instant::now();
            if now - looked < LOOK {
                continue;
            }
            looked = now;
            self.shared.lost.store(lost_before + reader.lost().frames, Ordering::Relaxed);
            let progress = push.progress();
            match watch.observe(now, progress.taken, progress.waiting) {
                Verdict::Opening => {}
                Verdict::Taking if reported.is_some_and(|reported| now - reported < REPORT) => {}
                Verdict::Taking => {
                    reported = Some(now);
                    self.report(DestinationState::OnAir, None, watch.kbps());
                }
                Verdict::NoAnswer => return Outcome::Failed(no_answer(push)),
                Verdict::Silent => return Outcome::Failed(Problem::Silent),
            }
        }
    }

    /// Without another connection to the far end: what we see of the one that failed must do. Only a
    /// certificate that is not believed is fetched again, because the sink does not say why.
    fn why(&self, ending: Option<Ending>, watch: &Watch, push: &mut Push) -> Problem {
        match ending {
            Some(Ending::Certificate) => Problem::Certificate(certificate::doubt(&self.target.host, self.target.port)),
            Some(Ending::Tls) if !watch.was_taking() => Problem::Tls,
            Some(Ending::Refused) if !watch.was_taking() => Problem::Refused,
            _ if watch.was_taking() => Problem::Lost,
            // The sink gave up waiting before we did.
            _ if watch.waited_long(Instant::now()) => no_answer(push),
            Some(Ending::Unreachable) => Problem::Unreachable,
            _ => Problem::Refused,
        }
    }

    /// Stops a pipeline on a thread of its own: a silent peer can keep it for as long as it likes.
    fn stop(&self, push: Push, with_goodbye: bool) {
        if with_goodbye {
            push.finish(GOODBYE);
        }
        let stopping = self.stopping.clone();
        stopping.fetch_add(1, Ordering::Relaxed);
        let stop = move || {
            push.stop();
            stopping.fetch_sub(1, Ordering::Relaxed);
        };
        if let Err(error) = thread::Builder::new().name(thread_names::STOP_DESTINATION.to_owned()).spawn(stop) {
            tracing::error!(%error, "a destination's pipeline was abandoned");
        }
    }

    fn wait_for_the_stuck(&self) {
        while self.stopping.load(Ordering::Relaxed) >= STUCK && !self.is_closed() {
            self.wait(Some(REPORT));
        }
    }

    fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Waits for `pause`, or for ever, or until it is closed.
    fn wait(&self, pause: Option<Duration>) {
        let began = Instant::now();
        while !self.is_closed() {
            let left = pause.map_or(Duration::MAX, |pause| pause.saturating_sub(began.elapsed()));
            if left.is_zero() {
                return;
            }
            thread::park_timeout(left);
        }
    }

    fn report(&self, state: DestinationState, problem: Option<&Problem>, kbps: u32) {
        if let Some(problem) = problem {
            tracing::warn!(destination = %self.id, host = self.host, code = problem.code(), "not on air");
        }
        (self.sink)(EngineEvent::Destination(DestinationReport {
            id: self.id,
            state,
            code: problem.map_or("", Problem::code),
            problem: problem.map_or_else(String::new, |problem| problem.sentence(&self.host)),
            kbps,
        }));
    }
}

/// A connection that takes nothing, or none.
fn no_answer(push: &mut Push) -> Problem {
    if push.is_connected() { Problem::Silent } else { Problem::Unreachable }
}

/// What feeding did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Fed(Fed),
    /// The program is over, and all of it was given.
    Over,
}

/// Gives what waits, as far as there is room.
fn feed(push: &mut Push, reader: &Reader) -> Step {
    while push.has_room() {
        let fed = match reader.try_next() {
            Next::Unit(unit) => push.feed(unit),
            Next::Nothing => break,
            Next::Ended => return Step::Over,
        };
        if fed != Fed::Taken {
            return Step::Fed(fed);
        }
    }
    Step::Fed(Fed::Taken)
}
