//! What waits for the writer, and what happens when too much waits.
//!
//! | what | bound | when full |
//! |---|---|---|
//! | comments | 4,096 | the new one is refused at once: its writer is answered so and may try again |
//! | hearts | sums, see [`HeartSums`] | added to an older sum: none is lost |
//! | as-run lines | 1,024 | the new one is dropped and logged: something is badly wrong by then |
//! | calls | one for each thread that waits for its answer | they wait |

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::room::Stored;
use domain::{EpisodeId, ProgramMs};
use rusqlite::Connection;

use crate::ArchiveError;
use crate::hearts::HeartSums;
use crate::rows::{AsRunRow, ChatRow};

/// Comments that may wait.
const CHAT_WAITING: usize = 4096;
/// Lines of the as-run log that may wait.
const AS_RUN_WAITING: usize = 1024;
/// Comments and calls in one transaction.
const BATCH: usize = 256;
/// How long a transaction collects.
const COLLECT: Duration = Duration::from_millis(50);
/// How long what cannot be refused waits after the database failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Called with what became of a comment. Must not block: it runs on the writer's thread.
pub(crate) type Answer = Box<dyn FnOnce(Stored) + Send>;

/// A change whose caller waits for the outcome.
pub(crate) trait Call: Send {
    /// Makes the change, within a transaction. An error takes back this change alone, unless the
    /// database itself failed.
    fn run(&mut self, connection: &Connection) -> Result<(), ArchiveError>;
    /// The transaction was committed, or not; `outcome` is that of [`Call::run`] or of the commit.
    fn finish(self: Box<Self>, outcome: Result<(), ArchiveError>);
    /// Whether it deletes what somebody wrote, which must not linger in the write-ahead log.
    fn leaves_traces(&self) -> bool;
}

/// What was enqueued, in order.
pub(crate) enum Job {
    Chat(Box<ChatRow>, Answer),
    Call(Box<dyn Call>),
}

/// What nobody waits for; it stays until it was committed.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) hearts: HeartSums,
    pub(crate) as_run: Vec<AsRunRow>,
}

impl Kept {
    pub(crate) fn is_empty(&self) -> bool {
        self.hearts.is_empty() && self.as_run.is_empty()
    }
}

/// One transaction's worth.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) kept: Kept,
    pub(crate) jobs: Vec<Job>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.jobs.is_empty()
    }
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    chat: usize,
    calls: usize,
    kept: Kept,
    /// After a failure, [`Kept`] alone is no reason to begin before this moment.
    pause_until: Option<Instant>,
    closed: bool,
}

/// Between everybody and the writer.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Queue {
    /// Enqueues a comment, or refuses it at once.
    pub(crate) fn chat(&self, row: ChatRow, answer: Answer) {
        let mut waiting = self.lock();
        if waiting.closed || waiting.chat >= CHAT_WAITING {
            drop(waiting);
            tracing::warn!(episode = %row.episode, "a comment was refused: the archive is too slow, or closed");
            answer(Stored::Failed);
            return;
        }
        waiting.chat += 1;
        waiting.jobs.push_back(Job::Chat(Box::new(row), answer));
        self.changed.notify_all();
    }

    /// Enqueues a call. `Err` gives it back: the archive is closed.
    pub(crate) fn call(&self, call: Box<dyn Call>) -> Result<(), Box<dyn Call>> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(call);
        }
        waiting.calls += 1;
        waiting.jobs.push_back(Job::Call(call));
        self.changed.notify_all();
        Ok(())
    }

    /// Adds hearts to what waits.
    pub(crate) fn hearts(&self, episode: &EpisodeId, at: ProgramMs, by_hue: &BTreeMap<u16, u32>) {
        let mut waiting = self.lock();
        if waiting.closed {
            tracing::error!(%episode, "hearts came after the archive was closed");
            return;
        }
        waiting.kept.hearts.add_all(episode, at, by_hue);
        self.changed.notify_all();
    }

    /// Adds a line of the as-run log.
    pub(crate) fn as_run(&self, row: AsRunRow) {
        let mut waiting = self.lock();
        if waiting.closed || waiting.kept.as_run.len() >= AS_RUN_WAITING {
            drop(waiting);
            let (kind, detail) = (<&str>::from(row.kind), row.detail);
            tracing::error!(episode = %row.episode, kind, detail, "a line of the as-run log was dropped");
            return;
        }
        waiting.kept.as_run.push(row);
        self.changed.notify_all();
    }

    /// Nothing more is taken; what waits is still written.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits for work, collects it for 50 ms or 256 rows (a call, whose caller waits, ends the
    /// collection), and hands it over. An empty batch after `wake_within`. None: closed and empty.
    pub(crate) fn next(&self, wake_within: Option<Duration>) -> Option<Batch> {
        let wake_at = wake_within.map(|within| Instant::now() + within);
        let mut waiting = self.lock();
        while !waiting.has_work() {
            if waiting.closed {
                return None;
            }
            let until = [wake_at, waiting.pause_end()].into_iter().flatten().min();
            if wake_at.is_some_and(|at| at <= Instant::now()) {
                return Some(Batch::default());
            }
            waiting = self.wait(waiting, until);
        }
        let deadline = Instant::now() + COLLECT;
        while waiting.jobs.len() < BATCH && waiting.calls == 0 && !waiting.closed && Instant::now() < deadline {
            waiting = self.wait(waiting, Some(deadline));
        }
        Some(waiting.take())
    }

    /// Takes back what could not be committed and must not be lost; it is tried again in a second.
    /// Where the archive is closed there is no later: it is lost, and that is logged.
    pub(crate) fn take_back(&self, kept: Kept) {
        let mut waiting = self.lock();
        if waiting.closed {
            let hearts: u64 = kept.hearts.iter().map(|(_, count)| count).sum();
            tracing::error!(hearts, as_run = kept.as_run.len(), "lost: the archive could not be written at its end");
            return;
        }
        let newer = std::mem::replace(&mut waiting.kept, kept);
        waiting.kept.hearts.merge(newer.hearts);
        waiting.kept.as_run.extend(newer.as_run);
        waiting.pause_until = Some(Instant::now() + PAUSE);
    }

    fn wait<'a>(&self, waiting: MutexGuard<'a, Waiting>, until: Option<Instant>) -> MutexGuard<'a, Waiting> {
        match until {
            None => self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                self.changed.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    /// The state behind the lock is whole between any two statements that could panic.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn has_work(&self) -> bool {
        !self.jobs.is_empty() || (!self.kept.is_empty() && (self.closed || self.pause_end().is_none()))
    }

    /// The end of a pause that is not over.
    fn pause_end(&self) -> Option<Instant> {
        self.pause_until.filter(|until| *until > Instant::now())
    }

    fn take(&mut self) -> Batch {
        let count = self.jobs.len().min(BATCH);
        let jobs: Vec<Job> = self.jobs.drain(..count).collect();
        for job in &jobs {
            match job {
                Job::Chat(..) => self.chat -= 1,
                Job::Call(_) => self.calls -= 1,
            }
        }
        Batch { kept: std::mem::take(&mut self.kept), jobs }
    }
}

#[cfg(test)]
mod tests;
