//! Program zero, and the way of every encoded unit to its takers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::Canvas;
use gst::ClockTime;
use media::{AccessUnit, CodecConfig, ProgramTime, Track};

use super::h264::profile_level_id;
use crate::event::Feed;
use crate::joint::{EncodedTrack, EncodedUnit, Tap};

/// Sound that waits for the first keyframe, at most: about a second of both encodings.
const HELD: usize = 128;

/// Told once, with the first keyframe.
pub(crate) struct Zero {
    /// Running time of program zero.
    pub(crate) running: ClockTime,
    /// What receivers must know.
    pub(crate) config: CodecConfig,
}

/// Counts units from program zero on and hands them out. It outlives the encoders: one that had to
/// be rebuilt goes on in the same program time.
pub(crate) struct Distributor {
    canvas: Canvas,
    state: Mutex<State>,
    began: Box<dyn Fn(Zero) + Send + Sync>,
}

struct State {
    feed: Option<Feed>,
    taps: Vec<(u64, Arc<dyn Tap>)>,
    next_tap: u64,
    zero: Option<ClockTime>,
    /// Units that were ready before the first keyframe.
    held: Vec<(ClockTime, EncodedUnit)>,
    counted: Counted,
}

/// What was handed out since the start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    /// Encoded pictures.
    pub(crate) pictures: u64,
    /// Encoded bytes: the picture once, and the sound that viewers get.
    pub(crate) bytes: u64,
    /// The newest picture's end, in program time.
    pub(crate) reached: ClockTime,
}

/// Names a tap, to remove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TapId(u64);

impl Distributor {
    /// A distributor that has no zero yet. `began` is told once, with the first keyframe and before
    /// anybody gets it; it must not block and not call back.
    pub(crate) fn new(canvas: Canvas, feed: Feed, began: Box<dyn Fn(Zero) + Send + Sync>) -> Self {
        let state = State {
            feed: Some(feed),
            taps: Vec::new(),
            next_tap: 0,
            zero: None,
            held: Vec::new(),
            counted: Counted::default(),
        };
        Self { canvas, state: Mutex::new(state), began }
    }

    /// Adds a taker. It gets what comes from now on.
    pub(crate) fn add(&self, tap: Arc<dyn Tap>) -> TapId {
        let mut state = self.lock();
        let id = TapId(state.next_tap);
        state.next_tap += 1;
        state.taps.push((id.0, tap));
        id
    }

    /// Removes a taker.
    pub(crate) fn remove(&self, id: TapId) {
        let mut state = self.lock();
        let found = state.taps.iter().position(|(tap, _)| *tap == id.0).map(|at| state.taps.swap_remove(at));
        drop(state);
        drop(found);
    }

    /// Nobody gets anything any more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        let leaving = (state.feed.take(), std::mem::take(&mut state.taps), std::mem::take(&mut state.held));
        drop(state);
        drop(leaving);
    }

    /// What was handed out so far.
    pub(crate) fn counted(&self) -> Counted {
        self.lock().counted
    }

    /// Takes what an encoder made, at `running` time. Earlier sound than program zero is dropped,
    /// and so are pictures before the first keyframe.
    pub(crate) fn take(&self, running: ClockTime, unit: EncodedUnit) {
        let mut state = self.lock();
        if let Some(zero) = state.zero {
            state.hand_out(running, zero, unit);
        } else if unit.track != EncodedTrack::VideoByteStream {
            // Whether this is before program zero is not known yet.
            if state.held.len() < HELD {
                state.held.push((running, unit));
            }
        } else if unit.keyframe {
            state.zero = Some(running);
            (self.began)(Zero { running, config: self.config(&unit) });
            state.hand_out(running, running, unit);
            for (time, held) in std::mem::take(&mut state.held) {
                state.hand_out(time, running, held);
            }
        }
    }

    fn config(&self, keyframe: &EncodedUnit) -> CodecConfig {
        let profile = keyframe.buffer.map_readable().ok().and_then(|map| profile_level_id(&map));
        let Canvas { width, height, fps } = self.canvas;
        // Constrained baseline 3.1 is what x264 writes at 720p: better than nothing.
        CodecConfig { width, height, fps, profile_level_id: profile.unwrap_or_else(|| "42c01f".to_owned()) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hand_out(&mut self, running: ClockTime, zero: ClockTime, mut unit: EncodedUnit) {
        let Some(pts) = running.checked_sub(zero) else { return };
        stamp(&mut unit.buffer, pts);
        let duration = unit.buffer.duration().unwrap_or_default();
        let size = unit.buffer.size() as u64;
        match unit.track {
            EncodedTrack::VideoByteStream => {
                self.counted.pictures += 1;
                self.counted.bytes += size;
                self.counted.reached = self.counted.reached.max(pts + duration);
            }
            EncodedTrack::Opus => self.counted.bytes += size,
            EncodedTrack::VideoAvc | EncodedTrack::Aac => {}
        }
        for (_, tap) in &self.taps {
            tap.take(&unit);
        }
        let track = match unit.track {
            EncodedTrack::VideoByteStream => Track::Video,
            EncodedTrack::Opus => Track::Opus,
            EncodedTrack::Aac => Track::Aac,
            EncodedTrack::VideoAvc => return,
        };
        let keyframe = unit.keyframe;
        if let Some(feed) = &self.feed
            && let Ok(data) = unit.buffer.into_mapped_buffer_readable()
        {
            feed(AccessUnit {
                track,
                pts: ProgramTime::from_nanos(pts.nseconds()),
                duration: Duration::from_nanos(duration.nseconds()),
                keyframe,
                data: bytes::Bytes::from_owner(data),
            });
        }
    }
}

fn stamp(buffer: &mut gst::Buffer, pts: ClockTime) {
    let buffer = buffer.make_mut();
    buffer.set_pts(pts);
    // Without B-frames pictures are decoded in the order in which they are shown.
    buffer.set_dts(pts);
}
