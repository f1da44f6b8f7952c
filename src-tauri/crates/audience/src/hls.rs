//! LL-HLS: what a show's program is for those whom WebRTC does not reach (RFC 8216bis).
//!
//! Each show's program is read once by a task, which packs it ([`packager`], a machine without task and
//! clock) and shows the last half minute of it to everybody: one [`View`] after another, whose
//! playlists are written and compressed once, however many wait for them.
//!
//! Left free: rewinding further than that, out of the recording.

mod cutter;
mod pace;
mod packager;
mod playlist;
#[cfg(test)]
mod rules;
mod shelf;
mod sound;
mod task;
#[cfg(test)]
mod tests;
mod wanted;

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use media::Program;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use crate::episode::Notice;
use packager::Packager;
use shelf::{Found, Shelf, Standing};
pub use wanted::fuzz_hls;
pub(crate) use wanted::{Reached, Unreadable, Wanted, parse};

/// What there is of a show.
#[derive(Clone)]
pub(crate) enum Stage {
    /// Nothing: the show is not on air, or it is over for a while.
    Nothing,
    /// It has begun; the first segment is not whole yet.
    Coming,
    /// This.
    Open(Arc<View>),
    /// Its keyframes are too far apart for HLS.
    Unfit,
}

/// Everything that can be fetched at one moment. It does not change.
pub(crate) struct View {
    /// Names the stream; no other one is called so, in whatever process.
    pub(crate) stream: String,
    /// Where its playlists are what they are for.
    pub(crate) media: Text,
    pub(crate) multivariant: Text,
    shelf: Shelf,
}

/// What somebody gets who asks for a file.
pub(crate) enum Answer {
    /// These bytes, in this order; they stay for so long.
    Here(Vec<Bytes>, Duration),
    /// The playlist.
    Playlist,
    /// It is about to come.
    Wait,
    /// There is nothing.
    Nothing,
    /// Nobody can know yet whether it will ever be there.
    Absurd,
}

impl View {
    /// The next view of `packager`'s stream; none while there is nothing to play.
    fn of(stream: &str, packager: &Packager) -> Option<Self> {
        let shelf = packager.shelf().filter(|shelf| shelf.is_open())?.clone();
        let (video, sound) = packager.configs()?;
        let address = format!("hls/{stream}/{}", wanted::PLAYLIST);
        let multivariant = Text::new(playlist::multivariant(&shelf, video, sound, &address)?);
        let media = Text::new(playlist::media(&shelf));
        Some(Self { stream: stream.to_owned(), media, multivariant, shelf })
    }

    pub(crate) fn answer(&self, wanted: Wanted) -> Answer {
        let found = match wanted {
            Wanted::Playlist(None) => return Answer::Playlist,
            Wanted::Playlist(Some(Reached { msn, part })) => {
                return match self.shelf.standing(msn, part) {
                    Standing::Ready => Answer::Playlist,
                    Standing::Coming => Answer::Wait,
                    Standing::Absurd => Answer::Absurd,
                };
            }
            Wanted::Init(number) => self.shelf.init(number),
            Wanted::Segment(msn) => self.shelf.segment(msn),
            Wanted::Part(msn, part) => self.shelf.part(msn, part),
        };
        match found {
            Found::Here(bytes, stays) => Answer::Here(bytes, stays),
            Found::Coming => Answer::Wait,
            Found::Nothing => Answer::Nothing,
        }
    }

    /// Nobody waits longer than this (§6.2.5.2).
    pub(crate) fn patience(&self) -> Duration {
        self.shelf.pace.target * 3
    }
}

/// A text, and the same compressed.
pub(crate) struct Text {
    pub(crate) plain: Bytes,
    pub(crate) gzip: Bytes,
}

impl Text {
    fn new(text: String) -> Self {
        let mut encoder = GzEncoder::new(Vec::with_capacity(1024), Compression::fast());
        // Memory takes everything.
        let gzip = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default();
        Self { plain: text.into(), gzip: gzip.into() }
    }
}

/// A show's stream, for its host and for those who fetch it.
pub(crate) struct Hls {
    runtime: Handle,
    stage: watch::Sender<Stage>,
    notify: Arc<dyn Fn(Notice) + Send + Sync>,
    /// So much of a program may wait.
    behind: Duration,
    running: Mutex<Option<Running>>,
}

struct Running {
    task: AbortHandle,
    finish: Arc<Notify>,
}

impl Hls {
    /// Of a show that is not on air. `notify` gets what its host must know, and may not wait. Must be
    /// called on a tokio runtime.
    pub(crate) fn new(behind: Duration, notify: Arc<dyn Fn(Notice) + Send + Sync>) -> Self {
        let (stage, _) = watch::channel(Stage::Nothing);
        Self { runtime: Handle::current(), stage, notify, behind, running: Mutex::new(None) }
    }

    /// Packs `program` from now on, and nothing else.
    pub(crate) fn read(&self, program: Program) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = running.take() {
            before.task.abort();
        }
        self.stage.send_replace(Stage::Coming);
        let finish = Arc::new(Notify::new());
        let around = task::Around {
            stage: self.stage.clone(),
            notify: self.notify.clone(),
            behind: self.behind,
            finish: finish.clone(),
        };
        // Opened here: nothing that is published from now on is missed.
        let reading = task::Reading::current(&program, self.behind);
        let task = self.runtime.spawn(task::run(program, reading, around)).abort_handle();
        *running = Some(Running { task, finish });
    }

    /// The show is over: what was packed can be fetched for as long as a player needs for it.
    pub(crate) fn finish(&self) {
        if let Some(running) = &*self.running.lock().unwrap_or_else(PoisonError::into_inner) {
            running.finish.notify_one();
        }
    }

    /// Nothing can be fetched any more.
    pub(crate) fn close(&self) {
        if let Some(running) = self.running.lock().unwrap_or_else(PoisonError::into_inner).take() {
            running.task.abort();
        }
        self.stage.send_replace(Stage::Nothing);
    }

    /// Whether it can be watched so, now or in a moment.
    pub(crate) fn is_there(&self) -> bool {
        matches!(*self.stage.borrow(), Stage::Coming | Stage::Open(_))
    }

    /// What there is, and how that changes.
    pub(crate) fn stage(&self) -> watch::Receiver<Stage> {
        self.stage.subscribe()
    }
}

impl Drop for Hls {
    fn drop(&mut self) {
        self.close();
    }
}
