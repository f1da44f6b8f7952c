//! The recording of a broadcast: fragmented MP4 while it grows, plain MP4 when it is finished.
//!
//! A process that dies leaves a file that plays up to its last fragment, half a second at most;
//! `fmp4::repair` finishes it later.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::ProgramMs;
use gst::prelude::{Cast, ElementExt, ElementExtManual, ObjectExt};

use crate::chain::{Chain, Part};
use crate::error::EngineError;
use crate::event::FinishedRecording;
use crate::joint::{EncodedTrack, EncodedUnit, Tap};
use crate::state_change;

/// Encoded bytes that may wait for the disk: more than a minute at 6 Mb/s. Nothing is ever dropped
/// from the middle of a recording; a disk that falls behind this far ends it.
const WAITING_BYTES: u64 = 64 << 20;
/// How long the file's end may take to be written.
const FINISH_DEADLINE: Duration = Duration::from_secs(15);
const WHAT: &str = "recording pipeline";

/// A recording that runs. Dropped without [`Recording::finish`], its file stays as it would after a
/// crash.
pub(crate) struct Recording {
    pipeline: gst::Pipeline,
    writer: Arc<Writer>,
    ended: mpsc::Receiver<End>,
    path: PathBuf,
    graphs_dir: PathBuf,
}

enum End {
    Whole,
    Failed,
}

/// Takes encoded units into the recording's pipeline.
struct Writer {
    picture: gst_app::AppSrc,
    sound: gst_app::AppSrc,
    picture_caps: OnceLock<()>,
    sound_caps: OnceLock<()>,
    failed: AtomicBool,
    on_failure: Box<dyn Fn(EngineError) + Send + Sync>,
    /// Where the newest picture ends, in ns of program time.
    reached: AtomicU64,
}

impl Recording {
    /// Starts recording into the new file `path`. `on_failure` is called at most once, from any
    /// thread; after that nothing more is written.
    ///
    /// # Errors
    ///
    /// [`EngineError::RecordingUnwritable`] or [`EngineError::DiskFull`] where the file cannot be
    /// created (also where it exists: a recording never replaces another); else as pipelines do.
    pub(crate) fn start(
        path: &Path,
        graphs_dir: &Path,
        on_failure: Box<dyn Fn(EngineError) + Send + Sync>,
    ) -> Result<Self, EngineError> {
        OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => EngineError::DiskFull,
            _ => unwritable(error),
        })?;
        Self::start_at(path, path, graphs_dir, on_failure)
    }

    /// Starts recording `path`, with what is written going to the existing file `target`.
    fn start_at(
        path: &Path,
        target: &Path,
        graphs_dir: &Path,
        on_failure: Box<dyn Fn(EngineError) + Send + Sync>,
    ) -> Result<Self, EngineError> {
        let location = target.to_str().ok_or_else(|| unwritable("its path is not UTF-8"))?;
        let pipeline = gst::Pipeline::with_name("recording");
        pipeline.set_start_time(gst::ClockTime::NONE);
        let bin: &gst::Bin = pipeline.upcast_ref();
        let mux = Part::new("mp4mux").set("fragment-duration", 500).set("fragment-mode", "first-moov-then-finalise");
        let file = Part::new("filesink").named("file").set("buffer-mode", "unbuffered");
        let file = file.set("sync", false).set("async", false);
        let end = Chain::start(mux).then(file).build(bin, WHAT)?;
        end.last().set_property("location", location);
        let mut inputs = Vec::new();
        for _ in 0..2 {
            let part = Part::new("appsrc").set("format", "time").set("max-bytes", 0).set("is-live", false);
            inputs.push(Chain::start(part).build(bin, WHAT)?);
        }
        let mut sources = Vec::new();
        for (input, pad) in inputs.iter().zip(["video_%u", "audio_%u"]) {
            let input = input.first();
            input.link_pads(Some("src"), end.first(), Some(pad)).map_err(|error| EngineError::build(WHAT, error))?;
            let source = input.clone().downcast::<gst_app::AppSrc>();
            sources.push(source.map_err(|_| EngineError::build(WHAT, "appsrc is something else"))?);
        }
        let (Some(sound), Some(picture)) = (sources.pop(), sources.pop()) else {
            return Err(EngineError::build(WHAT, "an input is missing"));
        };
        let writer = Arc::new(Writer {
            picture,
            sound,
            picture_caps: OnceLock::new(),
            sound_caps: OnceLock::new(),
            failed: AtomicBool::new(false),
            on_failure,
            reached: AtomicU64::new(0),
        });
        let (tell, ended) = mpsc::sync_channel(2);
        watch(&pipeline, &writer, tell);
        let recording = Self { pipeline, writer, ended, path: path.to_owned(), graphs_dir: graphs_dir.to_owned() };
        state_change::start(&recording.pipeline, WHAT, graphs_dir)?;
        Ok(recording)
    }

    /// Where encoded units go.
    pub(crate) fn tap(&self) -> Arc<dyn Tap> {
        self.writer.clone()
    }

    /// Bytes on disk now.
    pub(crate) fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |file| file.len())
    }

    /// Ends the file so that any player takes it. Blocks until it is on disk or a deadline passed.
    ///
    /// # Errors
    ///
    /// Where it failed before, or fails now. The file stays: it may be recovered.
    pub(crate) fn finish(self) -> Result<FinishedRecording, EngineError> {
        if self.writer.failed.load(Ordering::Acquire) {
            return Err(unwritable("it failed before"));
        }
        let _ = self.writer.picture.end_of_stream();
        let _ = self.writer.sound.end_of_stream();
        match self.ended.recv_timeout(FINISH_DEADLINE) {
            Ok(End::Whole) => {}
            Ok(End::Failed) | Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(unwritable("its end was not written"));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                state_change::save_graph(&self.pipeline, WHAT, &self.graphs_dir);
                return Err(EngineError::Deadline { pipeline: WHAT, deadline: FINISH_DEADLINE });
            }
        }
        let duration_ms = ProgramMs((self.writer.reached.load(Ordering::Acquire) + 500_000) / 1_000_000);
        let (path, bytes) = (self.path.clone(), self.bytes());
        Ok(FinishedRecording { path, duration_ms, bytes })
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // From here on a failure is nobody's concern.
        self.writer.failed.store(true, Ordering::Release);
        if let Err(error) = state_change::stop(&self.pipeline, WHAT, &self.graphs_dir) {
            tracing::error!(%error, "the recording pipeline was abandoned");
        }
    }
}

impl Writer {
    fn fail(&self, error: EngineError) {
        if !self.failed.swap(true, Ordering::AcqRel) {
            (self.on_failure)(error);
        }
    }
}

impl Tap for Writer {
    fn take(&self, unit: &EncodedUnit) {
        let (source, caps) = match unit.track {
            EncodedTrack::VideoAvc => (&self.picture, &self.picture_caps),
            EncodedTrack::Aac => (&self.sound, &self.sound_caps),
            EncodedTrack::VideoByteStream | EncodedTrack::Opus => return,
        };
        if self.failed.load(Ordering::Acquire) {
            return;
        }
        if source.current_level_bytes() > WAITING_BYTES {
            self.fail(EngineError::DiskTooSlow);
            return;
        }
        caps.get_or_init(|| source.set_caps(Some(&unit.caps)));
        if unit.track == EncodedTrack::VideoAvc {
            let end = unit.buffer.pts().unwrap_or_default() + unit.buffer.duration().unwrap_or_default();
            self.reached.fetch_max(end.nseconds(), Ordering::AcqRel);
        }
        // The only error is a pipeline that failed: its message says so.
        let _ = source.push_buffer(unit.buffer.clone());
    }
}

fn watch(pipeline: &gst::Pipeline, writer: &Arc<Writer>, tell: mpsc::SyncSender<End>) {
    let Some(bus) = pipeline.bus() else { return };
    let writer = Arc::downgrade(writer);
    bus.set_sync_handler(move |_, message| {
        match message.view() {
            gst::MessageView::Eos(_) => drop(tell.try_send(End::Whole)),
            gst::MessageView::Error(error) => {
                let _ = tell.try_send(End::Failed);
                if let Some(writer) = writer.upgrade() {
                    let full = error.error().matches(gst::ResourceError::NoSpaceLeft);
                    writer.fail(if full { EngineError::DiskFull } else { unwritable(error.error()) });
                }
            }
            _ => {}
        }
        gst::BusSyncReply::Drop
    });
}

fn unwritable(problem: impl ToString) -> EngineError {
    EngineError::RecordingUnwritable { problem: problem.to_string() }
}

#[cfg(test)]
pub(crate) mod tests;
