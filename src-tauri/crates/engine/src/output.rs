//! The raw program: gives each frame and each buffer of audio to whoever reads it now.

mod counter;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gst::ClockTime;

pub(crate) use counter::FrameCount;
use counter::FrameCounter;

/// Reads the raw program. No call may block; buffers are shared and must not be written to.
pub(crate) trait RawReader: Send + Sync {
    /// A frame, pts in running time.
    fn frame(&self, buffer: &gst::Buffer);
    /// A buffer of audio, pts in running time.
    fn audio(&self, buffer: &gst::Buffer);
}

/// The joint between blender and mixer on one side and the readers of the raw program on the other.
#[derive(Default)]
pub(crate) struct ProgramOutput {
    readers: Mutex<Readers>,
    /// Where the newest frame and the newest audio end, in ns of running time.
    frame_end: AtomicU64,
    audio_end: AtomicU64,
    audio_waiter: Mutex<()>,
    audio_came: Condvar,
    counter: FrameCounter,
    /// A test wants a panic in the thread that mixes.
    #[cfg(test)]
    pub(crate) is_broken: std::sync::atomic::AtomicBool,
}

#[derive(Clone, Default)]
struct Readers {
    monitor: Option<Arc<dyn RawReader>>,
    encoder: Option<Arc<dyn RawReader>>,
}

impl ProgramOutput {
    /// Sets who makes the operator's monitor.
    pub(crate) fn set_monitor(&self, reader: Option<Arc<dyn RawReader>>) {
        // The old reader is dropped after the lock is free: its end may take a while.
        let _old = std::mem::replace(&mut lock(&self.readers).monitor, reader);
    }

    /// Sets who encodes the program.
    pub(crate) fn set_encoder(&self, reader: Option<Arc<dyn RawReader>>) {
        let _old = std::mem::replace(&mut lock(&self.readers).encoder, reader);
    }

    /// What was drawn so far.
    pub(crate) fn count(&self) -> FrameCount {
        self.counter.count()
    }

    /// Gives a frame, drawn at `now` (running time), to everybody who reads the program.
    pub(crate) fn frame(&self, buffer: &gst::Buffer, now: ClockTime) {
        let (Some(pts), Some(duration)) = (buffer.pts(), buffer.duration()) else { return };
        if is_news(&self.frame_end, pts, duration) {
            self.counter.frame(pts, duration, now);
            self.to_readers(|reader| reader.frame(buffer));
        }
    }

    /// Gives a buffer of mixed audio to everybody who reads the program.
    pub(crate) fn audio(&self, buffer: &gst::Buffer) {
        #[cfg(test)]
        assert!(!self.is_broken.swap(false, Ordering::Relaxed), "a test");
        let (Some(pts), Some(duration)) = (buffer.pts(), buffer.duration()) else { return };
        if is_news(&self.audio_end, pts, duration) {
            self.to_readers(|reader| reader.audio(buffer));
            let _waiter = lock(&self.audio_waiter);
            self.audio_came.notify_all();
        }
    }

    /// Waits until the audio up to `until` (running time) was mixed, but not longer than `patience`.
    pub(crate) fn wait_for_audio(&self, until: ClockTime, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut waiter = lock(&self.audio_waiter);
        while self.audio_end() < until.nseconds() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            waiter = self.audio_came.wait_timeout(waiter, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Where the newest audio ends, in ns of running time.
    pub(crate) fn audio_end(&self) -> u64 {
        self.audio_end.load(Ordering::Relaxed)
    }

    /// Calls `give` for everybody who reads the program now. No lock is held meanwhile.
    fn to_readers(&self, give: impl Fn(&Arc<dyn RawReader>)) {
        let Readers { monitor, encoder } = lock(&self.readers).clone();
        encoder.iter().chain(&monitor).for_each(give);
    }
}

/// Whether a buffer follows the one before. A blender or mixer that was replaced may have made some
/// of the first ones already, and encoders take no step back.
fn is_news(end: &AtomicU64, pts: ClockTime, duration: ClockTime) -> bool {
    let news = (pts + duration / 2).nseconds() >= end.load(Ordering::Relaxed);
    if news {
        end.store((pts + duration).nseconds(), Ordering::Relaxed);
    }
    news
}

/// Locks; a panic elsewhere does not stop the program.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
