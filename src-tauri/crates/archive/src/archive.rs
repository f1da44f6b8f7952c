//! The archive's handle: what its one owner may ask for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use domain::{EpisodeId, ProgramMs, PublicViewer, Replay, Said, Seq, ShowSlug, Timeline, UnixMs, ViewerId};
use rusqlite::Connection;

use crate::files::{self, Files};
use crate::looker::Looker;
use crate::queue::{Call, Queue};
use crate::retention::Doomed;
use crate::rows::{AsRunRow, Beginning, ChatRow};
use crate::{
    ArchiveError, AsRunEntry, AsRunKind, End, Lookup, Unfinished, connection, library, retention, rows, writer,
};

/// An open archive. Cheap to clone; all clones are the same archive. Closed by [`Archive::close`], or
/// when the last clone is dropped.
///
/// Methods that return a `Result` wait for the disk: call them where blocking is allowed. The
/// `append_…` methods and [`Archive::identity`] never wait.
#[derive(Clone)]
pub struct Archive {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Arc<Queue>,
    files: Files,
    /// Everything that ends with the archive; none after that.
    running: Mutex<Option<Running>>,
    /// For reading on the caller's thread.
    reading: Mutex<Option<Connection>>,
}

struct Running {
    looker: Looker,
    answerer: JoinHandle<()>,
    writer: JoinHandle<()>,
}

impl Archive {
    /// Opens the archive in `file`, made or brought up to date where needed. Its folder must exist,
    /// and nobody else may own it (the studio locks its data folder).
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NewerVersion`] and [`ArchiveError::NotAnArchive`]: the file was not touched and
    /// nothing was left beside it. [`ArchiveError::Unusable`], [`ArchiveError::DiskFull`] or
    /// [`ArchiveError::Damaged`] where it cannot be used.
    pub fn open(file: &Path) -> Result<Self, ArchiveError> {
        let file = connection::absolute(file)?;
        let writing = connection::to_write(&file)?;
        let to_read = || connection::to_read(&file)?.ok_or_else(|| unusable(&file, "it vanished"));
        let (looker, answer) = Looker::new(to_read()?);
        let queue = Arc::new(Queue::default());
        let for_writer = Arc::clone(&queue);
        let (files, reading) = (Files::beside(&file), Mutex::new(Some(to_read()?)));
        let answerer = spawn(&file, "archive-reader", answer)?;
        let writer = spawn(&file, "archive", move || writer::run(writing, &for_writer))?;
        let running = Mutex::new(Some(Running { looker, answerer, writer }));
        Ok(Self { shared: Arc::new(Shared { queue, files, running, reading }) })
    }

    /// Files the next episode of `show` in state planned, so that chat before the show belongs to it.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::WrongState`] where the id was ever used before.
    pub fn plan_episode(
        &self,
        episode: &EpisodeId,
        show: &ShowSlug,
        title: &str,
        now: UnixMs,
    ) -> Result<(), ArchiveError> {
        let (episode, show, title) = (episode.clone(), show.clone(), title.to_owned());
        self.call(move |connection| rows::plan(connection, &episode, &show, &title, now))
    }

    /// The episode of `show` that was planned last and not begun.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn planned(&self, show: &ShowSlug) -> Result<Option<EpisodeId>, ArchiveError> {
        self.look(|connection| library::planned(connection, show))
    }

    /// The planned episode goes on air. `recording` need not exist yet.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEpisode`], or [`ArchiveError::WrongState`] where it is not planned.
    pub fn begin_episode(
        &self,
        episode: &EpisodeId,
        title: &str,
        recording: Option<&Path>,
        started_at: UnixMs,
    ) -> Result<(), ArchiveError> {
        let files = self.shared.files.clone();
        let (episode, title, recording) = (episode.clone(), title.to_owned(), recording.map(Path::to_owned));
        self.call(move |connection| {
            let (episode, title, recording) = (&episode, title.as_str(), recording.as_deref());
            rows::begin(connection, &files, &Beginning { episode, title, recording, started_at })
        })
    }

    /// The episode becomes a replay. Hearts and as-run lines that were appended before are in the
    /// database when this returns.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEpisode`], or [`ArchiveError::WrongState`] where it is not on air.
    pub fn end_episode(&self, episode: &EpisodeId, end: End) -> Result<(), ArchiveError> {
        let episode = episode.clone();
        self.call(move |connection| retention::end(connection, &episode, &end))
    }

    /// Files an accepted comment. `done(true)` comes after the commit, on the writer's thread, and must
    /// not block: from then on the comment survives the death of the process. `done(false)`: it is
    /// not in the archive; at once where too many wait (4,096) or the archive is closed, later where the
    /// episode is unknown or deleted, `said.seq` is taken, or the disk is full.
    pub fn append_chat(
        &self,
        episode: &EpisodeId,
        said: &Said,
        token_hash: [u8; 32],
        done: Box<dyn FnOnce(bool) + Send>,
    ) {
        self.shared.queue.chat(ChatRow { episode: episode.clone(), said: said.clone(), token_hash }, done);
    }

    /// Adds accepted hearts to the sums of the second that holds `second_ms`. They are kept in memory
    /// until they are committed; where the database fails, they are tried again every second.
    pub fn append_hearts(&self, episode: &EpisodeId, second_ms: ProgramMs, by_hue: &BTreeMap<u16, u32>) {
        self.shared.queue.hearts(episode, second_ms, by_hue);
    }

    /// Writes a line of the as-run log. `detail` holds no secret and no text of a viewer.
    pub fn append_as_run(&self, episode: &EpisodeId, at: ProgramMs, kind: AsRunKind, detail: &str) {
        self.shared.queue.as_run(AsRunRow { episode: episode.clone(), at, kind, detail: detail.to_owned() });
    }

    /// Overwrites a comment's text and name; it is in no backlog and no timeline any more. Its place
    /// in the order stays taken. Fine where there is no such comment.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn remove_message(&self, episode: &EpisodeId, seq: Seq) -> Result<(), ArchiveError> {
        let episode = episode.clone();
        self.erase(move |connection| rows::remove_message(connection, &episode, seq.0))
    }

    /// Remembers that somebody may not speak in an episode, or may again.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEpisode`].
    pub fn set_viewer_muted(&self, episode: &EpisodeId, viewer: &ViewerId, muted: bool) -> Result<(), ArchiveError> {
        let (episode, viewer) = (episode.clone(), viewer.clone());
        self.call(move |connection| rows::set_muted(connection, &episode, viewer.as_str(), muted))
    }

    /// Who may not speak in an episode.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn muted(&self, episode: &EpisodeId) -> Result<Vec<ViewerId>, ArchiveError> {
        self.look(|connection| library::muted(connection, episode))
    }

    /// Keeps a replay, or lets it expire `retention_hours` from `now`.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEpisode`], or [`ArchiveError::WrongState`] where it has not ended.
    pub fn keep(&self, episode: &EpisodeId, keep: bool, now: UnixMs, retention_hours: u32) -> Result<(), ArchiveError> {
        let episode = episode.clone();
        self.call(move |connection| retention::keep(connection, &episode, keep, now, retention_hours))
    }

    /// Deletes a replay (or a planned episode): file, thumbnail and rows. Fine where it is deleted.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEpisode`]; [`ArchiveError::WrongState`] while it is on air;
    /// [`ArchiveError::FileStays`]: it is deleted apart from that file, which is tried again with
    /// [`Archive::expire`].
    pub fn delete(&self, episode: &EpisodeId) -> Result<(), ArchiveError> {
        let (files, wanted) = (self.shared.files.clone(), episode.clone());
        match self.call(move |connection| retention::doom(connection, &files, &wanted))? {
            Some(doomed) => self.bury(doomed),
            None => Ok(()),
        }
    }

    /// Deletes every replay that is due, and what an earlier attempt left over. Call it at the start
    /// and then once a minute, with the system clock's time: steps of up to a quarter of an hour count
    /// as time that passed also after the clock was set back (`retention_clock.rs` says exactly).
    ///
    /// Returns the episodes that are no longer offered since this call, also where a file of theirs
    /// cannot be removed yet; that is logged and tried again with every call.
    ///
    /// # Errors
    ///
    /// What SQLite reports. What was doomed stays so.
    pub fn expire(&self, now: UnixMs) -> Result<Vec<EpisodeId>, ArchiveError> {
        let files = self.shared.files.clone();
        let (due, doomed) = self.call(move |connection| {
            let due = retention::doom_what_is_due(connection, now)?;
            Ok((due, retention::doomed(connection, &files)?))
        })?;
        for one in doomed {
            match self.bury(one) {
                Err(error @ ArchiveError::FileStays { .. }) => tracing::warn!(%error, "tried again later"),
                other => other?,
            }
        }
        Ok(due)
    }

    /// Episodes that were begun and never ended, oldest first. At the start these are the shows during
    /// which the studio died; later, the running one.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn unfinished(&self) -> Result<Vec<Unfinished>, ArchiveError> {
        self.look(|connection| library::unfinished(connection, &self.shared.files))
    }

    /// The next free place in the room's order (1 in a new episode; places of removed comments are not
    /// free), and the last 50 comments, oldest first.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn last_said(&self, episode: &EpisodeId) -> Result<(Seq, Vec<Said>), ArchiveError> {
        self.look(|connection| library::last_said(connection, episode))
    }

    /// Who the token with this hash belongs to. `done` is called on the reader's thread and must not
    /// block; at once, with none, where too many ask (1,024) or the archive is closed.
    pub fn identity(&self, token_hash: [u8; 32], done: Box<dyn FnOnce(Option<PublicViewer>) + Send>) {
        let running = lock(&self.shared.running);
        if let Some(running) = &*running {
            running.looker.ask(token_hash, done);
        } else {
            drop(running);
            done(None);
        }
    }

    /// Replays, newest first; what is on air, too.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn replays(&self) -> Result<Vec<Replay>, ArchiveError> {
        self.look(|connection| library::replays(connection, &self.shared.files))
    }

    /// What is known about the address of a replay.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn replay(&self, episode: &EpisodeId) -> Result<Lookup, ArchiveError> {
        self.look(|connection| library::lookup(connection, &self.shared.files, episode))
    }

    /// Comments and hearts of an episode; none where it was not begun or is deleted.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn timeline(&self, episode: &EpisodeId) -> Result<Option<Timeline>, ArchiveError> {
        self.look(|connection| library::timeline(connection, &self.shared.files, episode))
    }

    /// The as-run log of an episode, in the order in which it was written.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn as_run(&self, episode: &EpisodeId) -> Result<Vec<AsRunEntry>, ArchiveError> {
        self.look(|connection| library::as_run(connection, episode))
    }

    /// Writes what waits, acknowledges it, and ends both threads. Other clones answer
    /// [`ArchiveError::Closed`] from now on.
    pub fn close(self) {
        self.shared.close();
    }

    /// Steps 2 and 3 of a deletion.
    fn bury(&self, doomed: Doomed) -> Result<(), ArchiveError> {
        let Doomed { episode, recording } = doomed;
        let removed = recording.as_deref().map_or(Ok(()), files::remove_with_thumbnail);
        let is_file_gone = removed.is_ok();
        self.erase(move |connection| retention::bury(connection, &episode, is_file_gone))?;
        removed
    }

    fn look<T>(&self, look: impl FnOnce(&Connection) -> Result<T, ArchiveError>) -> Result<T, ArchiveError> {
        let reading = lock(&self.shared.reading);
        connection::consistently(reading.as_ref().ok_or(ArchiveError::Closed)?, look)
    }

    fn call<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        self.enqueue(act, false)
    }

    /// A call that deletes what somebody wrote.
    fn erase(
        &self,
        act: impl FnOnce(&Connection) -> Result<(), ArchiveError> + Send + 'static,
    ) -> Result<(), ArchiveError> {
        self.enqueue(act, true)
    }

    fn enqueue<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> Result<T, ArchiveError> + Send + 'static,
        leaves_traces: bool,
    ) -> Result<T, ArchiveError> {
        let (answer, answered) = sync_channel(1);
        let call = Waited { act: Some(act), value: None, answer, leaves_traces };
        self.shared.queue.call(Box::new(call)).map_err(|_| ArchiveError::Closed)?;
        answered.recv().unwrap_or(Err(ArchiveError::Closed))
    }
}

impl Shared {
    fn close(&self) {
        // The writer last: only a connection that can write leaves no log beside the file.
        drop(lock(&self.reading).take());
        let Some(Running { looker, answerer, writer }) = lock(&self.running).take() else { return };
        drop(looker);
        join(answerer);
        self.queue.close();
        join(writer);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.close();
    }
}

/// A call and the thread that waits for it.
struct Waited<T, A> {
    act: Option<A>,
    value: Option<T>,
    answer: SyncSender<Result<T, ArchiveError>>,
    leaves_traces: bool,
}

impl<T: Send, A: FnOnce(&Connection) -> Result<T, ArchiveError> + Send> Call for Waited<T, A> {
    fn run(&mut self, connection: &Connection) -> Result<(), ArchiveError> {
        let act = self.act.take().ok_or(ArchiveError::Closed)?;
        self.value = Some(act(connection)?);
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), ArchiveError>) {
        let Self { value, answer, .. } = *self;
        let answered = outcome.and_then(|()| value.ok_or(ArchiveError::Closed));
        // Whoever asked waits for exactly this one answer; there is room for it.
        let _waiting = answer.try_send(answered);
    }

    fn leaves_traces(&self) -> bool {
        self.leaves_traces
    }
}

/// Waits for a thread of the archive; not where the last clone is dropped on that very thread, by an
/// acknowledgement.
fn join(thread: JoinHandle<()>) {
    if thread.thread().id() != thread::current().id() && thread.join().is_err() {
        tracing::error!("a thread of the archive panicked");
    }
}

fn spawn(file: &Path, name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, ArchiveError> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map_err(|error| unusable(file, &error.to_string()))
}

fn unusable(file: &Path, problem: &str) -> ArchiveError {
    ArchiveError::Unusable { path: file.to_owned(), problem: problem.to_owned() }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
