//! The program: what is on air, for everybody who reads it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::gop::Gop;
use crate::reader::{Queue, Reader, ReaderConfig, Start};
use crate::{AccessUnit, CodecConfig, ConfigId, Format, ProgramTime, Track};

/// What is on the frames of a rendition besides the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Look {
    /// Nothing.
    Clean,
    /// Graphics, comments and hearts.
    Dressed,
}

/// One broadcast, encoded. Clones are the same program; it ends with [`Program::end`], or when the
/// last clone is dropped.
///
/// It has one rendition at first. Every configuration that was in use keeps its number.
#[derive(Clone)]
pub struct Program {
    inner: Arc<Inner>,
}

struct Inner {
    look: Look,
    state: Mutex<State>,
    wish: Mutex<Option<Arc<dyn Fn() + Send + Sync>>>,
}

#[derive(Default)]
struct State {
    zero: Option<Instant>,
    reached: ProgramTime,
    configs: [Option<Arc<CodecConfig>>; Track::ALL.len()],
    next_config: u32,
    gop: Gop,
    readers: Vec<Weak<Queue>>,
    ended: bool,
}

impl Program {
    /// A program that did not begin yet, of one rendition with this look.
    #[must_use]
    pub fn new(look: Look) -> Self {
        let state = Mutex::new(State::default());
        Self { inner: Arc::new(Inner { look, state, wish: Mutex::new(None) }) }
    }

    /// What its frames carry.
    #[must_use]
    pub fn look(&self) -> Look {
        self.inner.look
    }

    /// `zero` is the moment, on the monotonic clock, of the first keyframe's pts. Readers see the
    /// program's clock from now on.
    pub fn begin(&self, zero: Instant) {
        self.state().zero = Some(zero);
    }

    /// The program's moment at `now`; none before it began. Goes on after the end.
    #[must_use]
    pub fn time_at(&self, now: Instant) -> Option<ProgramTime> {
        let zero = self.state().zero?;
        Some(ProgramTime::ZERO + now.saturating_duration_since(zero))
    }

    /// The end of the newest unit that was published.
    #[must_use]
    pub fn reached(&self) -> ProgramTime {
        self.state().reached
    }

    /// The configuration that `track`'s units have now; none before the first.
    #[must_use]
    pub fn config(&self, track: Track) -> Option<Arc<CodecConfig>> {
        self.state().configs[track.index()].clone()
    }

    /// Makes `format` the configuration of its track, for the units that follow. The same again is
    /// the same number; anything else is a new one.
    pub fn configure(&self, format: Format) -> Arc<CodecConfig> {
        let mut state = self.state();
        let place = format.track().index();
        if let Some(known) = state.configs[place].as_ref().filter(|known| known.format == format) {
            return known.clone();
        }
        let config = Arc::new(CodecConfig { id: ConfigId(state.next_config), format });
        state.next_config += 1;
        state.configs[place] = Some(config.clone());
        config
    }

    /// Gives a unit to every reader. Never waits for one: what a reader's queue does not take is
    /// lost for that reader alone. Units of one track come in order; those after the end are
    /// dropped.
    pub fn publish(&self, unit: AccessUnit) {
        let mut state = self.state();
        if state.ended {
            return;
        }
        state.reached = state.reached.max(unit.end());
        state.gop.push(&unit);
        let mut wanted = false;
        state.readers.retain(|reader| {
            let Some(reader) = reader.upgrade() else { return false };
            wanted |= reader.push(&unit);
            true
        });
        drop(state);
        if wanted {
            self.request_keyframe();
        }
    }

    /// Opens a reader. What it gets first is what [`Start`] says.
    #[must_use]
    pub fn read(&self, config: ReaderConfig) -> Reader {
        let start = config.start;
        let queue = Arc::new(Queue::new(config));
        let mut state = self.state();
        if let Start::Gop { younger_than } = start {
            for unit in state.gop.if_younger_than(younger_than) {
                queue.push(unit);
            }
        }
        if state.ended {
            queue.end();
        }
        state.readers.push(Arc::downgrade(&queue));
        drop(state);
        let reader = Reader::new(queue, self.clone_weak());
        if reader.waits_for_keyframe() {
            self.request_keyframe();
        }
        reader
    }

    /// Who is asked for keyframes: the publisher. Called from any thread, at every wish; it paces
    /// them ([`crate::KeyframePace`]) and must not block.
    pub fn on_keyframe_request(&self, wish: impl Fn() + Send + Sync + 'static) {
        *self.inner.wish.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(wish));
    }

    /// Asks the publisher for a keyframe outside the grid.
    pub fn request_keyframe(&self) {
        let wish = self.inner.wish.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(wish) = wish {
            wish();
        }
    }

    /// The program is over: readers get what waits for them, then [`crate::Next::Ended`].
    pub fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        state.readers.iter().filter_map(Weak::upgrade).for_each(|reader| reader.end());
    }

    /// How many readers are open.
    #[must_use]
    pub fn readers(&self) -> usize {
        self.state().readers.iter().filter(|reader| reader.strong_count() > 0).count()
    }

    /// Whether a newcomer may begin with the current GOP; otherwise it has to wait for a keyframe.
    #[must_use]
    pub fn has_gop_younger_than(&self, age: Duration) -> bool {
        !self.state().gop.if_younger_than(age).is_empty()
    }

    /// The current GOP's units of all tracks, if its video is not older than `age`; otherwise
    /// nothing. For a reader that has newcomers of its own.
    #[must_use]
    pub fn gop_younger_than(&self, age: Duration) -> Vec<AccessUnit> {
        self.state().gop.if_younger_than(age).to_vec()
    }

    fn clone_weak(&self) -> WeakProgram {
        WeakProgram(Arc::downgrade(&self.inner))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Program").field("reached", &state.reached).field("ended", &state.ended).finish()
    }
}

impl Drop for Inner {
    /// A publisher that died without a word ends its program: no reader waits for ever.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.readers.iter().filter_map(Weak::upgrade).for_each(|reader| reader.end());
    }
}

/// A program that its readers do not keep alive.
#[derive(Clone)]
pub(crate) struct WeakProgram(Weak<Inner>);

impl WeakProgram {
    pub(crate) fn request_keyframe(&self) {
        if let Some(inner) = self.0.upgrade() {
            Program { inner }.request_keyframe();
        }
    }
}

#[cfg(test)]
mod tests;
