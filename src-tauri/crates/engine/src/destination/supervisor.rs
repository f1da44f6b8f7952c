//! Keeps one destination on air: connects, feeds, watches, and tries again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use domain::{DestinationId, DestinationState, Secret};

use super::mailbox::Mailbox;
use super::problem::{Problem, somebody_is_at};
use super::push::{Ending, Fed, Push, is_over_tls};
use super::watch::{Verdict, Watch, pause};
use crate::event::{EngineEvent, EventSink};

/// How often a connection is looked at: the system's table of connections is read each time.
const LOOK: Duration = Duration::from_millis(250);
/// How often a destination on air tells its bit rate.
const TELL: Duration = Duration::from_secs(1);
/// So many pipelines may be stuck in their end before no more are made.
const STUCK: usize = 4;
/// How long the far end is given to hear the goodbye.
const GOODBYE: gst::ClockTime = gst::ClockTime::from_seconds(2);

/// What a supervisor works with.
pub(super) struct Supervisor {
    pub(super) id: DestinationId,
    pub(super) address: Secret,
    pub(super) host: String,
    pub(super) graphs_dir: PathBuf,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) sink: EventSink,
    /// Pipelines that are being stopped.
    pub(super) stopping: Arc<AtomicUsize>,
}

/// How an attempt ended.
enum Outcome {
    /// The destination was removed, or the show is over.
    Closed,
    /// The encoding changed; the next attempt follows at once.
    Again,
    Failed(Problem),
}

impl Supervisor {
    /// Works until the mailbox is closed.
    pub(super) fn run(self) {
        let mut failures = 0;
        while self.mailbox.wait_for_a_start() {
            let (outcome, good) = self.attempt(failures > 0);
            match outcome {
                Outcome::Closed => break,
                Outcome::Again => continue,
                Outcome::Failed(problem @ Problem::Unusable(_)) => {
                    self.tell(DestinationState::Failed, Some(problem), 0);
                    self.mailbox.wait(None);
                    break;
                }
                Outcome::Failed(problem) => {
                    failures = if good { 0 } else { failures };
                    self.tell(DestinationState::Retrying, Some(problem), 0);
                    self.mailbox.wait(Some(pause(failures, self.id.0)));
                    failures += 1;
                    self.wait_for_the_stuck();
                }
            }
        }
        self.tell(DestinationState::Ended, None, 0);
    }

    /// One connection from beginning to end, and whether it was a good one.
    fn attempt(&self, again: bool) -> (Outcome, bool) {
        if !again {
            self.tell(DestinationState::Connecting, None, 0);
        }
        let mut push = match Push::build(&self.address, &self.host, &self.graphs_dir) {
            Ok(push) => push,
            Err(problem) => return (Outcome::Failed(problem), false),
        };
        self.mailbox.open();
        let mut watch = Watch::new(Instant::now());
        let outcome = match push.start() {
            Ok(()) => self.push(&mut push, &mut watch),
            Err(_) => Outcome::Failed(self.no_answer()),
        };
        self.mailbox.shut();
        let good = watch.was_good(Instant::now());
        self.stop(push, matches!(outcome, Outcome::Closed));
        (outcome, good)
    }

    fn push(&self, push: &mut Push, watch: &mut Watch) -> Outcome {
        let (mut told, mut looked) = (None, Instant::now());
        loop {
            if self.mailbox.is_closed() {
                return Outcome::Closed;
            }
            let fed = self.feed(push);
            if fed == Fed::Changed {
                return Outcome::Again;
            }
            let ended = push.ended();
            if fed == Fed::Stopped || ended.is_some() {
                return Outcome::Failed(self.why(ended, watch));
            }
            self.mailbox.wait_for_units(LOOK, push.has_room());
            let now = Instant::now();
            if now - looked < LOOK {
                continue;
            }
            looked = now;
            let progress = push.progress();
            match watch.observe(now, progress.taken, progress.waiting) {
                Verdict::Opening => {}
                Verdict::Taking if told.is_some_and(|told| now - told < TELL) => {}
                Verdict::Taking => {
                    told = Some(now);
                    self.tell(DestinationState::OnAir, None, watch.kbps());
                }
                Verdict::NoAnswer => return Outcome::Failed(self.no_answer()),
                Verdict::Silent => return Outcome::Failed(Problem::Silent),
            }
        }
    }

    fn feed(&self, push: &mut Push) -> Fed {
        while push.has_room() {
            let Some(unit) = self.mailbox.pop() else { break };
            let fed = push.feed(&unit);
            if fed != Fed::Taken {
                return fed;
            }
        }
        Fed::Taken
    }

    fn why(&self, ending: Option<Ending>, watch: &Watch) -> Problem {
        match ending {
            Some(Ending::Unauthorised) => Problem::Refused,
            _ if watch.was_taking() => Problem::Lost,
            // The sink gave up waiting before we did.
            _ if watch.waited_long(Instant::now()) => self.no_answer(),
            _ if self.is_there() => Problem::Refused,
            _ => Problem::Unreachable,
        }
    }

    fn no_answer(&self) -> Problem {
        if self.is_there() { Problem::Silent } else { Problem::Unreachable }
    }

    fn is_there(&self) -> bool {
        somebody_is_at(&self.host, is_over_tls(&self.address))
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
        if let Err(error) = thread::Builder::new().name("stop-destination".to_owned()).spawn(stop) {
            tracing::error!(%error, "a destination's pipeline was abandoned");
        }
    }

    fn wait_for_the_stuck(&self) {
        while self.stopping.load(Ordering::Relaxed) >= STUCK && !self.mailbox.is_closed() {
            self.mailbox.wait(Some(TELL));
        }
    }

    fn tell(&self, state: DestinationState, problem: Option<Problem>, kbps: u32) {
        if let Some(problem) = problem {
            tracing::warn!(destination = %self.id, host = self.host, code = problem.code(), "not on air");
        }
        (self.sink)(EngineEvent::Destination {
            id: self.id,
            state,
            code: problem.map_or("", Problem::code),
            problem: problem.map_or_else(String::new, |problem| problem.sentence(&self.host)),
            kbps,
        });
    }
}
