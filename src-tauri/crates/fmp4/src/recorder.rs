//! The recorder: a reader of a program, with a thread and a file of its own.

mod lane;
mod thread;
mod writer;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{fmt, io};

use media::{Capacity, Overflow, Program, ReaderConfig, Start, Track, Tracks};

use crate::disk::Disk;
use thread::{Order, Recording, Waiting};
use writer::Finished;
pub(crate) use writer::Writer;

/// What may wait for a disk that is slow or full, before something of the program is missing.
const PATIENCE: Capacity = Capacity { span: Duration::from_secs(60), bytes: 64 << 20 };
/// A recorder that is opened just after the first keyframe still takes the program from its
/// beginning.
const YOUNG: Duration = Duration::from_secs(2);

/// A recording that runs.
///
/// File time is program time: whoever opens the file at a moment sees that moment of the program,
/// whatever was lost before it. Where something is missing, the last frame before it is held, and
/// there is silence.
///
/// Dropped without [`Recorder::finish`], it leaves the file as a kill would: playable, and to be
/// finished by [`crate::repair`].
pub struct Recorder {
    path: PathBuf,
    bytes: Arc<AtomicU64>,
    waiting: Arc<Waiting>,
    order: Arc<Order>,
    wake: SyncSender<()>,
    thread: Option<JoinHandle<Outcome>>,
}

/// What is left of a thread: none where the file is empty, or was abandoned.
type Outcome = Result<Option<Finished>, RecordError>;

/// A recording that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedRecording {
    /// Where it is.
    pub path: PathBuf,
    /// The program time at which its last frame or packet ends.
    pub duration: Duration,
    /// Its size.
    pub bytes: u64,
}

/// What happens to a recording while it runs. Called from the recorder's thread; what the callback
/// takes in time is taken from the disk's.
#[derive(Debug)]
pub enum RecorderEvent {
    /// Nothing is written any more. It is tried again, and the program waits in memory for a
    /// minute meanwhile.
    Stopped(RecordError),
    /// It goes on after [`RecorderEvent::Stopped`].
    Resumed {
        /// What is missing of the program; zero where everything could wait.
        gap: Duration,
    },
    /// The disk was so slow that something is missing, though it never failed.
    Overrun {
        /// How much.
        gap: Duration,
    },
}

/// Why something is not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file cannot be made: it is there already, or its folder is not.
    #[error("the recording cannot be created: {0}")]
    Create(#[source] io::Error),
    /// The disk has no more room.
    #[error("the disk is full")]
    DiskFull(#[source] io::Error),
    /// The file cannot be written.
    #[error("the recording cannot be written: {0}")]
    Disk(#[source] io::Error),
    /// There was no keyframe, and so nothing to record. No file is left.
    #[error("there was nothing to record")]
    Empty,
    /// The system gave no thread, or it died.
    #[error("the recorder's thread failed")]
    Thread,
}

impl RecordError {
    fn of_disk(error: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::DiskFull(error),
            _ => Self::Disk(error),
        }
    }
}

impl Recorder {
    /// Opens a reader on `program` and records into a new file at `path`, from the current GOP if it
    /// is young, otherwise from the next keyframe on. `events` is called from the recorder's thread.
    ///
    /// # Errors
    ///
    /// - [`RecordError::Create`]: `path` exists, or cannot be made.
    /// - [`RecordError::DiskFull`], [`RecordError::Disk`]: not even its first bytes could be written.
    ///   No file is left.
    /// - [`RecordError::Thread`]: the system gave none.
    pub fn start(
        program: &Program,
        path: &Path,
        events: Arc<dyn Fn(RecorderEvent) + Send + Sync>,
    ) -> Result<Self, RecordError> {
        Self::start_with(program, Track::Aac, path, events)
    }

    /// [`Self::start`] with another track for the audio: [`Track::Opus`], where a program has no AAC.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_with(
        program: &Program,
        sound: Track,
        path: &Path,
        events: Arc<dyn Fn(RecorderEvent) + Send + Sync>,
    ) -> Result<Self, RecordError> {
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).open(path).map_err(RecordError::Create)?;
        Self::start_on(file, program, sound, path, events).inspect_err(|_| remove(path))
    }

    fn start_on(
        disk: impl Disk + Send + 'static,
        program: &Program,
        sound: Track,
        path: &Path,
        events: Arc<dyn Fn(RecorderEvent) + Send + Sync>,
    ) -> Result<Self, RecordError> {
        let writer = Writer::new(disk, sound).map_err(RecordError::of_disk)?;
        let (wake, awake) = mpsc::sync_channel(1);
        let waker = wake.clone();
        let reader = program.read(ReaderConfig {
            name: "recorder",
            tracks: if sound == Track::Opus { Tracks::WEBRTC } else { Tracks::FILE },
            start: Start::Gop { younger_than: YOUNG },
            capacity: PATIENCE,
            overflow: Overflow::DropNewest,
            wake: Some(Arc::new(move || {
                // A full channel already says what this says.
                let _ = waker.try_send(());
            })),
        });
        let bytes = Arc::new(AtomicU64::new(writer.bytes()));
        let (order, waiting) = (Arc::new(Order::default()), Arc::new(Waiting::default()));
        let state = (order.clone(), bytes.clone(), waiting.clone());
        let recording = Recording::new(writer, reader, awake, state, events);
        let thread = std::thread::Builder::new().name("recorder".to_owned()).spawn(move || recording.run());
        let thread = Some(thread.map_err(|_| RecordError::Thread)?);
        Ok(Self { path: path.to_owned(), bytes, waiting, order, wake, thread })
    }

    /// Bytes on disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether its thread has ended although the program goes on, which only a panic does. What was
    /// written until then may be repaired.
    #[must_use]
    pub fn has_died(&self) -> bool {
        let is_over = self.order.finish.load(Ordering::Acquire) || self.order.abandon.load(Ordering::Acquire);
        !is_over && self.thread.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// How long the disk has not answered; none while it need not. It may take a write back to life after
    /// any time: what is missing then is reported as [`RecorderEvent::Overrun`].
    #[must_use]
    pub fn stalled_for(&self) -> Option<Duration> {
        self.waiting.since()
    }

    /// Records what was published until now, or until the program's end, and finishes the file.
    /// Blocks until it is on disk.
    ///
    /// # Errors
    ///
    /// - [`RecordError::Empty`]: no keyframe ever came. No file is left.
    /// - [`RecordError::DiskFull`], [`RecordError::Disk`]: the file could not be finished; it stays
    ///   one of fragments, which [`crate::repair`] may finish later. Where nothing could be written
    ///   at all, no file is left.
    pub fn finish(mut self) -> Result<FinishedRecording, RecordError> {
        self.order.finish.store(true, Ordering::Release);
        let finished = self.join();
        match finished {
            Ok(Some(Finished { duration, bytes })) => {
                Ok(FinishedRecording { path: self.path.clone(), duration, bytes })
            }
            Ok(None) => {
                remove(&self.path);
                Err(RecordError::Empty)
            }
            Err(error) => {
                if self.bytes() <= crate::layout::MOVIE {
                    remove(&self.path);
                }
                Err(error)
            }
        }
    }

    fn join(&mut self) -> Outcome {
        // A full channel wakes it as well.
        let _ = self.wake.try_send(());
        let thread = self.thread.take().ok_or(RecordError::Thread)?;
        thread.join().map_err(|_| RecordError::Thread)?
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.order.abandon.store(true, Ordering::Release);
            let _ = self.join();
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("path", &self.path).field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(%error, "an empty recording could not be removed");
    }
}

#[cfg(test)]
mod tests;
