//! The two threads of an open archive, how others hand them work, and how they end.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use crate::files::Files;
use crate::looker::{Known, Looker};
use crate::queue::{Call, Queue};
use crate::{ArchiveError, connection, writer};

/// An open archive's threads and connections. Dropped: closed.
pub(crate) struct Threads {
    pub(crate) queue: Arc<Queue>,
    pub(crate) files: Files,
    /// Where the archive is, as an absolute path.
    pub(crate) file: PathBuf,
    /// How often one of the threads panicked and went on.
    pub(crate) restarts: Arc<AtomicU64>,
    /// None after the end.
    running: Mutex<Option<Running>>,
    /// For reading on the caller's thread; none after the end.
    reading: Mutex<Option<Connection>>,
    /// The same for what takes long.
    leafing: Mutex<Option<Connection>>,
}

struct Running {
    looker: Looker,
    answerer: JoinHandle<()>,
    writer: JoinHandle<()>,
}

impl Threads {
    /// Opens the archive in `file`, which is an absolute path, and starts its threads.
    pub(crate) fn start(file: &Path) -> Result<Self, ArchiveError> {
        let writing = connection::to_write(file)?;
        let to_read = || connection::to_read(file)?.ok_or_else(|| unusable(file, "it vanished"));
        let restarts = Arc::new(AtomicU64::new(0));
        let (looker, answer) = Looker::new(to_read()?, Arc::clone(&restarts));
        let queue = Arc::new(Queue::default());
        let for_writer = Arc::clone(&queue);
        let files = Files::beside(file);
        let (reading, leafing) = (Mutex::new(Some(to_read()?)), Mutex::new(Some(to_read()?)));
        let answerer = spawn(file, "archive-reader", answer)?;
        let (path, counted) = (file.to_owned(), Arc::clone(&restarts));
        let writer = spawn(file, "archive", move || writer::run(writing, &path, &for_writer, &counted))?;
        let running = Mutex::new(Some(Running { looker, answerer, writer }));
        Ok(Self { queue, files, file: file.to_owned(), restarts, running, reading, leafing })
    }

    /// What `look` sees in one state of the database.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Connection) -> Result<T, ArchiveError>) -> Result<T, ArchiveError> {
        let reading = lock(&self.reading);
        connection::consistently(reading.as_ref().ok_or(ArchiveError::Closed)?, look)
    }

    /// Like [`Threads::look`], for what takes long: only its like waits for it.
    pub(crate) fn leaf<T>(&self, look: impl FnOnce(&Connection) -> Result<T, ArchiveError>) -> Result<T, ArchiveError> {
        let leafing = lock(&self.leafing);
        connection::consistently(leafing.as_ref().ok_or(ArchiveError::Closed)?, look)
    }

    /// Lets the writer `act`, and waits for the commit.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        self.enqueue(act, false)
    }

    /// A call that deletes what somebody wrote.
    pub(crate) fn erase(
        &self,
        act: impl FnOnce(&Connection) -> Result<(), ArchiveError> + Send + 'static,
    ) -> Result<(), ArchiveError> {
        self.enqueue(act, true)
    }

    /// Asks whom a token belongs to.
    pub(crate) fn ask(&self, token_hash: [u8; 32], known: Known) {
        let running = lock(&self.running);
        if let Some(running) = &*running {
            running.looker.ask(token_hash, known);
        } else {
            drop(running);
            known(None);
        }
    }

    /// Writes what waits, and ends both threads.
    pub(crate) fn close(&self) {
        // The writer last: only a connection that can write leaves no log beside the file.
        drop(lock(&self.reading).take());
        drop(lock(&self.leafing).take());
        let Some(Running { looker, answerer, writer }) = lock(&self.running).take() else { return };
        drop(looker);
        join(answerer);
        self.queue.close();
        join(writer);
    }

    fn enqueue<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection) -> Result<T, ArchiveError> + Send + 'static,
        leaves_traces: bool,
    ) -> Result<T, ArchiveError> {
        let (answer, answered) = sync_channel(1);
        let call = Waited { act: Some(act), value: None, answer, leaves_traces };
        self.queue.call(Box::new(call)).map_err(|_| ArchiveError::Closed)?;
        answered.recv().unwrap_or(Err(ArchiveError::Closed))
    }
}

impl Drop for Threads {
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
