//! The recorder's thread: from the reader's queue into the file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use media::{Next, Reader};

use super::writer::Writer;
use super::{Outcome, RecordError, RecorderEvent};
use crate::disk::Disk;

/// After a failure the disk is tried again this soon, then after twice that, and so on.
const FIRST_RETRY: Duration = Duration::from_millis(250);
/// The longest that is waited between two tries.
const LAST_RETRY: Duration = Duration::from_secs(8);

/// What the recorder asks of its thread. Flags that are only ever set.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Take what waits now, and finish the file.
    pub(super) finish: AtomicBool,
    /// Leave everything as it is.
    pub(super) abandon: AtomicBool,
}

/// Whether the thread waits for the disk, and since when.
#[derive(Debug)]
pub(super) struct Waiting {
    zero: Instant,
    /// Nanoseconds after `zero`; 0 while it does not wait.
    since: AtomicU64,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { zero: Instant::now(), since: AtomicU64::new(0) }
    }
}

impl Waiting {
    pub(super) fn since(&self) -> Option<Duration> {
        let since = Some(self.since.load(Ordering::Relaxed)).filter(|since| *since > 0)?;
        Some(self.zero.elapsed().saturating_sub(Duration::from_nanos(since)))
    }

    fn begin(&self) {
        let since = u64::try_from(self.zero.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.since.store(since.max(1), Ordering::Relaxed);
    }

    fn end(&self) {
        self.since.store(0, Ordering::Relaxed);
    }
}

/// What the thread owns.
pub(super) struct Recording<D> {
    writer: Writer<D>,
    reader: Reader,
    awake: Receiver<()>,
    order: Arc<Order>,
    bytes: Arc<AtomicU64>,
    waiting: Arc<Waiting>,
    events: Arc<dyn Fn(RecorderEvent) + Send + Sync>,
    disk: DiskState,
    /// How many frames the queue had lost when this was last looked at.
    lost: u64,
}

/// How the disk behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DiskState {
    /// It takes what it gets.
    Writing,
    /// It failed; at `retry` it is tried again, and after that `pause` later.
    Failed { retry: Instant, pause: Duration },
    /// It takes what it gets again, but the queue had overflowed: the gap is yet to come.
    Resuming,
}

impl<D: Disk> Recording<D> {
    pub(super) fn new(
        writer: Writer<D>,
        reader: Reader,
        awake: Receiver<()>,
        (order, bytes, waiting): (Arc<Order>, Arc<AtomicU64>, Arc<Waiting>),
        events: Arc<dyn Fn(RecorderEvent) + Send + Sync>,
    ) -> Self {
        Self { writer, reader, awake, order, bytes, waiting, events, disk: DiskState::Writing, lost: 0 }
    }

    /// Runs until it is to finish or to go away.
    pub(super) fn run(mut self) -> Outcome {
        loop {
            if self.order.abandon.load(Ordering::Acquire) {
                return Ok(None);
            }
            if self.order.finish.load(Ordering::Acquire) {
                return self.finish();
            }
            match self.disk {
                DiskState::Failed { retry, .. } => {
                    let left = retry.saturating_duration_since(Instant::now());
                    // A unit that comes meanwhile wakes it, too; it waits like the others.
                    if !left.is_zero() && self.awake.recv_timeout(left).is_ok() {
                        continue;
                    }
                    self.write();
                }
                DiskState::Writing | DiskState::Resuming => {
                    self.take(usize::MAX);
                    if !matches!(self.disk, DiskState::Failed { .. }) {
                        // Whoever publishes or orders something wakes it; it cannot be missed.
                        let _closed = self.awake.recv();
                    }
                }
            }
        }
    }

    /// Takes what waits, at most `units`, until the disk fails or it is to go away.
    fn take(&mut self, units: usize) {
        for _ in 0..units {
            let Next::Unit(unit) = self.reader.try_next() else { return };
            let gap = self.writer.push(&unit);
            self.write();
            if let Some(gap) = gap {
                self.report_gap(gap);
            }
            if matches!(self.disk, DiskState::Failed { .. }) || self.order.abandon.load(Ordering::Acquire) {
                return;
            }
        }
    }

    fn write(&mut self) {
        self.waiting.begin();
        let flushed = self.writer.flush();
        self.waiting.end();
        match (flushed, self.disk) {
            (Ok(()), DiskState::Writing | DiskState::Resuming) => {}
            (Ok(()), DiskState::Failed { .. }) => {
                if self.reader.lost().frames == self.lost {
                    self.disk = DiskState::Writing;
                    (self.events)(RecorderEvent::Resumed { gap: Duration::ZERO });
                } else {
                    self.disk = DiskState::Resuming;
                }
            }
            (Err(error), state) => {
                let pause = match state {
                    DiskState::Failed { pause, .. } => (pause * 2).min(LAST_RETRY),
                    DiskState::Writing | DiskState::Resuming => {
                        tracing::warn!(%error, "the recording stopped");
                        (self.events)(RecorderEvent::Stopped(RecordError::of_disk(error)));
                        FIRST_RETRY
                    }
                };
                self.disk = DiskState::Failed { retry: Instant::now() + pause, pause };
            }
        }
        self.bytes.store(self.writer.bytes(), Ordering::Relaxed);
    }

    /// Something of the video is missing. If the queue lost it, that is ours to report; if it never
    /// was in the program, it is not.
    fn report_gap(&mut self, gap: Duration) {
        let lost = self.reader.lost().frames;
        if lost == self.lost {
            return;
        }
        match self.disk {
            DiskState::Writing => (self.events)(RecorderEvent::Overrun { gap }),
            DiskState::Resuming => {
                self.disk = DiskState::Writing;
                (self.events)(RecorderEvent::Resumed { gap });
            }
            // Not yet; the next gap says it.
            DiskState::Failed { .. } => return,
        }
        self.lost = lost;
    }

    fn finish(mut self) -> Outcome {
        let waiting = self.reader.waiting().units;
        if matches!(self.disk, DiskState::Failed { .. }) {
            self.write();
        }
        if !matches!(self.disk, DiskState::Failed { .. }) {
            self.take(waiting);
        }
        let finished = self.writer.finish().map_err(RecordError::of_disk)?;
        if let Some(finished) = &finished {
            self.bytes.store(finished.bytes, Ordering::Relaxed);
        }
        Ok(finished)
    }
}
