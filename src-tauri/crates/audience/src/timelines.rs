//! Timelines of replays, written and compressed once for everybody who asks.

use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::{EpisodeId, Replay, ReplayState, Timeline};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::{Semaphore, watch};

use crate::episode::Library;
use crate::pool::{NoAnswer, Pool};

/// Timelines that are made at once; whoever asks for yet another one comes later.
pub(crate) const AT_ONCE: usize = 4;
/// Kept in memory, in bytes. The newest one always is.
const KEPT: usize = 32 << 20;
/// A timeline is made anew after this time: a comment may have been removed.
const FRESH: Duration = Duration::from_secs(10);

/// A timeline as JSON, and the same compressed.
pub(crate) struct Written {
    plain: Vec<u8>,
    gzip: Vec<u8>,
    /// What the library said about the episode then.
    of: Replay,
    made: Instant,
}

/// How a timeline is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Plain,
    Gzip,
}

impl Written {
    /// The bytes, shared by everybody who is sent them.
    pub(crate) fn bytes(self: &Arc<Self>, coding: Coding) -> Bytes {
        Bytes::from_owner(Part(self.clone(), coding))
    }

    fn size(&self) -> usize {
        self.plain.len() + self.gzip.len()
    }

    /// Whether it still says what there is, as far as the library's `replay` shows.
    fn is_good(&self, replay: &Replay) -> bool {
        self.of == *replay && self.made.elapsed() < FRESH
    }
}

struct Part(Arc<Written>, Coding);

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        if self.1 == Coding::Gzip { &self.0.gzip } else { &self.0.plain }
    }
}

/// What has become of a timeline that is being made.
type Outcome = Option<Result<Option<Arc<Written>>, NoAnswer>>;

/// All timelines that are known.
pub(crate) struct Timelines {
    library: Arc<dyn Library>,
    readers: Arc<Pool>,
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Everything that somebody still has: what is kept, and what is only being sent.
    known: HashMap<EpisodeId, Weak<Written>>,
    /// The one that was asked for last stands last.
    kept: VecDeque<(EpisodeId, Arc<Written>)>,
    making: HashMap<EpisodeId, watch::Receiver<Outcome>>,
}

impl Timelines {
    pub(crate) fn new(library: Arc<dyn Library>, readers: Arc<Pool>) -> Arc<Self> {
        Arc::new(Self { library, readers, places: Arc::new(Semaphore::new(AT_ONCE)), state: Mutex::default() })
    }

    /// The timeline of `replay`; nothing where the library has none. Those who ask while it is made
    /// wait for the same one.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Busy`] while too many others are made.
    pub(crate) async fn of(self: &Arc<Self>, replay: &Replay) -> Result<Option<Arc<Written>>, NoAnswer> {
        let mut making = {
            let mut state = self.lock();
            if let Some(written) = state.find(replay) {
                return Ok(Some(written));
            }
            // One whose maker fell is closed.
            match state.making.get(&replay.episode).filter(|making| making.has_changed().is_ok()) {
                Some(making) => making.clone(),
                None => self.make(&mut state, replay.clone())?,
            }
        };
        let outcome = making.wait_for(Option::is_some).await.map_err(|_| NoAnswer::Failed)?;
        outcome.clone().unwrap_or(Err(NoAnswer::Failed))
    }

    fn make(self: &Arc<Self>, state: &mut State, replay: Replay) -> Result<watch::Receiver<Outcome>, NoAnswer> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| NoAnswer::Busy)?;
        let (done, making) = watch::channel(None);
        state.making.insert(replay.episode.clone(), making.clone());
        let all = self.clone();
        // A task of its own: it ends also when nobody waits any more.
        tokio::spawn(async move {
            let (library, of) = (all.library.clone(), replay.clone());
            let made = all.readers.run(move || library.timeline(&of.episode).map(|timeline| write(&timeline, of)));
            let made = made.await.and_then(|made| made.transpose().map_err(|_| NoAnswer::Failed));
            all.lock().made(&replay, made.as_ref().ok().and_then(Option::as_ref));
            drop(place);
            done.send_replace(Some(made));
        });
        Ok(making)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn find(&mut self, replay: &Replay) -> Option<Arc<Written>> {
        let written = self.known.get(&replay.episode).and_then(Weak::upgrade).filter(|it| it.is_good(replay))?;
        self.keep(replay.episode.clone(), written.clone());
        Some(written)
    }

    /// `written` is there, or could not be made.
    fn made(&mut self, replay: &Replay, written: Option<&Arc<Written>>) {
        self.making.remove(&replay.episode);
        // What is on air changes all the time.
        if let Some(written) = written.filter(|_| replay.state != ReplayState::OnAir) {
            self.known.insert(replay.episode.clone(), Arc::downgrade(written));
            self.keep(replay.episode.clone(), written.clone());
        }
        self.known.retain(|_, written| written.strong_count() > 0);
    }

    fn keep(&mut self, episode: EpisodeId, written: Arc<Written>) {
        self.kept.retain(|(other, _)| *other != episode);
        self.kept.push_back((episode, written));
        let mut size: usize = self.kept.iter().map(|(_, written)| written.size()).sum();
        while size > KEPT && self.kept.len() > 1 {
            size -= self.kept.pop_front().map_or(0, |(_, written)| written.size());
        }
    }
}

fn write(timeline: &Timeline, of: Replay) -> std::io::Result<Arc<Written>> {
    let plain = serde_json::to_vec(timeline)?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&plain)?;
    Ok(Arc::new(Written { gzip: gzip.finish()?, plain, of, made: Instant::now() }))
}
