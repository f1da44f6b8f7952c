//! Readers: each has its own bounded queue, and its own policy when that is full.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::program::WeakProgram;
use crate::{AccessUnit, Track, Tracks};

/// Where a reader begins. Whatever it is, the first unit of the video is a keyframe, and sound
/// before it is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the current GOP's keyframe, in the past, if its video is not older than this; otherwise at
    /// the next keyframe.
    Gop {
        /// The most that a newcomer may have to catch up with.
        younger_than: Duration,
    },
    /// At the next keyframe.
    Keyframe,
}

/// What a queue may hold. When the next unit would exceed either, the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// From the oldest unit's pts to the newest one's.
    pub span: Duration,
    /// Payloads, in bytes.
    pub bytes: usize,
}

/// What happens when the queue is full. Either way the video goes on at the next keyframe, which is
/// asked for, and what was lost is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// What waits stays, what comes is lost: for files, where the past is worth most.
    DropNewest,
    /// What waits is lost as well: for whoever is live, where the past is worth nothing.
    DropWaiting,
}

/// How a reader reads.
#[derive(Clone)]
pub struct ReaderConfig {
    /// Its name in logs.
    pub name: &'static str,
    /// What it wants.
    pub tracks: Tracks,
    /// Where it begins.
    pub start: Start,
    /// What its queue may hold.
    pub capacity: Capacity,
    /// What happens when there is more.
    pub overflow: Overflow,
    /// Called when something waits where nothing did, and at the end; from the publisher's thread,
    /// under locks: it must not block and not call back. For readers that wait for other things
    /// too; [`Reader::next`] needs none.
    pub wake: Option<Arc<dyn Fn() + Send + Sync>>,
}

/// What a reader finds.
#[derive(Debug)]
pub enum Next {
    /// The next unit.
    Unit(AccessUnit),
    /// Nothing (yet, or within the time that was given).
    Nothing,
    /// The program is over, and everything that was kept for this reader has been read.
    Ended,
}

/// What did not reach a reader since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lost {
    /// Frames of the video, those that were skipped up to the next keyframe included.
    pub frames: u64,
    /// Packets of sound.
    pub packets: u64,
}

/// What waits for a reader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Units.
    pub units: usize,
    /// Their payloads.
    pub bytes: usize,
    /// From the oldest one's pts to the newest one's.
    pub span: Duration,
}

/// One reader of a program. It leaves when it is dropped; it does not keep the program alive.
pub struct Reader {
    queue: Arc<Queue>,
    program: WeakProgram,
}

impl Reader {
    pub(crate) fn new(queue: Arc<Queue>, program: WeakProgram) -> Self {
        Self { queue, program }
    }

    /// The next unit, if one waits.
    #[must_use]
    pub fn try_next(&self) -> Next {
        self.queue.lock().take()
    }

    /// Waits for the next unit or the end, but not longer than `patience`.
    #[must_use]
    pub fn next(&self, patience: Duration) -> Next {
        // None is beyond the clock's end: for ever.
        let deadline = Instant::now().checked_add(patience);
        let mut state = self.queue.lock();
        loop {
            let next = state.take();
            let left = deadline.map_or(patience, |deadline| deadline.saturating_duration_since(Instant::now()));
            if !matches!(next, Next::Nothing) || left.is_zero() {
                return next;
            }
            state = self.queue.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What did not reach it.
    #[must_use]
    pub fn lost(&self) -> Lost {
        Lost {
            frames: self.queue.lost_frames.load(Ordering::Relaxed),
            packets: self.queue.lost_packets.load(Ordering::Relaxed),
        }
    }

    /// What waits for it.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        let state = self.queue.lock();
        Waiting { units: state.units.len(), bytes: state.bytes, span: state.span() }
    }

    /// Whether the program is over and everything has been read.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let state = self.queue.lock();
        state.ended && state.units.is_empty()
    }

    /// Whether the video goes on only at the next keyframe.
    #[must_use]
    pub fn waits_for_keyframe(&self) -> bool {
        self.queue.lock().skipping
    }

    /// Forgets what waits, and goes on at the next keyframe, which is asked for: for a reader that
    /// lost its place by itself (a connection that broke, a disk that was full).
    pub fn skip_to_keyframe(&self) {
        let mut state = self.queue.lock();
        self.queue.forget(&mut state);
        state.skipping = true;
        drop(state);
        self.program.request_keyframe();
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("name", &self.queue.config.name).field("waiting", &self.waiting()).finish()
    }
}

/// A reader's queue, as the program knows it.
pub(crate) struct Queue {
    config: ReaderConfig,
    state: Mutex<State>,
    arrived: Condvar,
    lost_frames: AtomicU64,
    lost_packets: AtomicU64,
}

#[derive(Default)]
struct State {
    units: VecDeque<AccessUnit>,
    bytes: usize,
    /// The video waits for a keyframe.
    skipping: bool,
    /// A keyframe came through at least once: before it, sound is left out too.
    begun: bool,
    ended: bool,
}

impl State {
    fn take(&mut self) -> Next {
        match self.units.pop_front() {
            Some(unit) => {
                self.bytes -= unit.data.len();
                Next::Unit(unit)
            }
            None if self.ended => Next::Ended,
            None => Next::Nothing,
        }
    }

    fn span(&self) -> Duration {
        match (self.units.front(), self.units.back()) {
            (Some(oldest), Some(newest)) => newest.pts.since(oldest.pts),
            _ => Duration::ZERO,
        }
    }
}

impl Queue {
    pub(crate) fn new(config: ReaderConfig) -> Self {
        let state = State { skipping: config.tracks.has(Track::Video), ..State::default() };
        Self {
            config,
            state: Mutex::new(state),
            arrived: Condvar::new(),
            lost_frames: AtomicU64::new(0),
            lost_packets: AtomicU64::new(0),
        }
    }

    /// Takes a unit, or what the policy says. True when the reader has just lost its place and
    /// needs a keyframe.
    pub(crate) fn push(&self, unit: &AccessUnit) -> bool {
        if !self.config.tracks.has(unit.track) {
            return false;
        }
        let mut state = self.lock();
        if state.ended {
            return false;
        }
        if state.skipping && !unit.is_video_keyframe() {
            if unit.track == Track::Video {
                // Not a loss before the first keyframe: nothing was promised yet.
                if state.begun {
                    self.lost_frames.fetch_add(1, Ordering::Relaxed);
                }
                return false;
            }
            if !state.begun {
                return false;
            }
        }
        if self.is_full(&state, unit) {
            match self.config.overflow {
                Overflow::DropNewest => {
                    self.count(unit);
                    // Sound that is lost leaves the video whole.
                    let needs = unit.track == Track::Video;
                    state.skipping |= needs;
                    return needs;
                }
                Overflow::DropWaiting => {
                    self.forget(&mut state);
                    if !unit.is_video_keyframe() && self.config.tracks.has(Track::Video) {
                        state.skipping = true;
                        if unit.track == Track::Video {
                            self.count(unit);
                            return true;
                        }
                        self.append(state, unit);
                        return true;
                    }
                }
            }
        }
        if unit.is_video_keyframe() {
            state.skipping = false;
            state.begun = true;
        }
        self.append(state, unit);
        false
    }

    fn append(&self, mut state: MutexGuard<'_, State>, unit: &AccessUnit) {
        state.bytes += unit.data.len();
        state.units.push_back(unit.clone());
        let first = state.units.len() == 1;
        drop(state);
        self.arrived.notify_one();
        if let Some(wake) = self.config.wake.as_ref().filter(|_| first) {
            wake();
        }
    }

    /// A queue always takes one unit, however large.
    fn is_full(&self, state: &State, unit: &AccessUnit) -> bool {
        let Some(oldest) = state.units.front() else { return false };
        let Capacity { span, bytes } = self.config.capacity;
        unit.pts.since(oldest.pts) > span || state.bytes + unit.data.len() > bytes
    }

    /// Drops all that waits.
    fn forget(&self, state: &mut State) {
        for unit in std::mem::take(&mut state.units) {
            self.count(&unit);
        }
        state.bytes = 0;
    }

    fn count(&self, unit: &AccessUnit) {
        let counter = if unit.track == Track::Video { &self.lost_frames } else { &self.lost_packets };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.arrived.notify_all();
        if let Some(wake) = &self.config.wake {
            wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
