//! Program zero, and the way of every encoded unit into the program.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::Canvas;
use gst::ClockTime;
use media::{AccessUnit, CodecConfig, KeyframePace, Program, ProgramTime, Track};

use super::formats;

/// Audio that waits for the first keyframe, at most: about a second of both encodings.
const HELD: usize = 128;

/// What an encoder made.
pub(super) struct Encoded {
    pub(super) track: Track,
    pub(super) buffer: gst::Buffer,
    pub(super) caps: gst::Caps,
    pub(super) keyframe: bool,
    /// The buffer's pts in running time, the encoder's delay included.
    pub(super) running: ClockTime,
}

/// Counts units from program zero on and publishes them. It outlives the encoders: one that had to
/// be rebuilt goes on in the same program time.
pub(crate) struct Publisher {
    canvas: Canvas,
    program: Program,
    state: Mutex<State>,
    pace: Arc<Mutex<KeyframePace>>,
    began: Box<dyn Fn(ClockTime) + Send + Sync>,
}

#[derive(Default)]
struct State {
    closed: bool,
    zero: Option<ClockTime>,
    /// Audio that was ready before the first keyframe.
    held: Vec<Encoded>,
    /// What each track's units were last described by: a keyframe's parameter sets are read each
    /// time, caps only when they change.
    video: Option<Arc<CodecConfig>>,
    audio: [Option<(gst::Caps, Arc<CodecConfig>)>; Track::ALL.len()],
    counted: Counted,
}

/// What was published since the start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    /// Encoded frames.
    pub(crate) frames: u64,
    /// Encoded bytes: the video once, and the audio that viewers get.
    pub(crate) bytes: u64,
    /// How far the encoded frames reach: the audio may be ahead of them.
    pub(crate) reached: ProgramTime,
}

impl Publisher {
    /// Publishes into `program`, which has no zero yet. `began` is called once, with the running
    /// time of the first keyframe and before anybody gets it; it must not block and not call back.
    pub(crate) fn new(canvas: Canvas, program: Program, began: Box<dyn Fn(ClockTime) + Send + Sync>) -> Self {
        let pace = Arc::new(Mutex::new(KeyframePace::default()));
        let wishes = pace.clone();
        program.on_keyframe_request(move || lock(&wishes).want());
        Self { canvas, program, state: Mutex::default(), pace, began }
    }

    /// The program that it publishes into.
    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// What was published so far.
    pub(crate) fn counted(&self) -> Counted {
        lock(&self.state).counted
    }

    /// Running time of program zero; none before the first keyframe.
    pub(super) fn zero(&self) -> Option<ClockTime> {
        lock(&self.state).zero
    }

    /// Whether a reader waits for a keyframe and the encoder is to be asked for one now: the one
    /// place where those wishes are paced.
    pub(super) fn wants_keyframe(&self, now: Instant) -> bool {
        lock(&self.pace).ask(now)
    }

    /// The program is over; what encoders still make is dropped.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        let held = std::mem::take(&mut state.held);
        drop(state);
        drop(held);
        self.program.end();
    }

    /// Publishes what an encoder made. Audio before program zero is dropped, and so are frames
    /// before the first keyframe.
    pub(super) fn take(&self, encoded: Encoded) {
        let mut state = lock(&self.state);
        if state.closed {
            return;
        }
        if let Some(zero) = state.zero {
            self.publish(&mut state, zero, encoded);
        } else if encoded.track != Track::Video {
            // Whether this is before program zero is not known yet.
            if state.held.len() < HELD {
                state.held.push(encoded);
            }
        } else if encoded.keyframe {
            let zero = encoded.running;
            state.zero = Some(zero);
            (self.began)(zero);
            self.publish(&mut state, zero, encoded);
            for held in std::mem::take(&mut state.held) {
                self.publish(&mut state, zero, held);
            }
        }
    }

    fn publish(&self, state: &mut State, zero: ClockTime, encoded: Encoded) {
        let Encoded { track, buffer, caps, keyframe, running } = encoded;
        let duration = Duration::from_nanos(buffer.duration().map_or(0, ClockTime::nseconds));
        let Ok(data) = buffer.into_mapped_buffer_readable() else {
            tracing::error!(?track, "an encoder's buffer cannot be read");
            return;
        };
        let Some(config) = self.config(state, track, keyframe, &data, caps) else { return };
        let delay = ClockTime::from_nseconds(formats::delay(&config.format).subsec_nanos().into());
        let Some(pts) = running.checked_sub(delay + zero) else { return };
        let pts = ProgramTime::from_nanos(pts.nseconds());
        if track == Track::Video {
            state.counted.frames += 1;
            state.counted.reached = pts;
        }
        if track != Track::Aac {
            state.counted.bytes += data.len() as u64;
        }
        if track == Track::Video && keyframe {
            lock(&self.pace).satisfied();
        }
        self.program.publish(AccessUnit { track, config, pts, duration, keyframe, data: Bytes::from_owner(data) });
    }

    /// What describes this unit, where anything does.
    fn config(
        &self,
        state: &mut State,
        track: Track,
        keyframe: bool,
        data: &[u8],
        caps: gst::Caps,
    ) -> Option<Arc<CodecConfig>> {
        if track == Track::Video {
            if keyframe {
                match formats::of_video(self.canvas, data) {
                    Some(format) => state.video = Some(self.program.configure(format)),
                    None => tracing::error!("a keyframe has no parameter sets"),
                }
            }
            return state.video.clone();
        }
        let known = &mut state.audio[track as usize];
        if let Some((_, config)) = known.as_ref().filter(|(before, _)| *before == caps) {
            return Some(config.clone());
        }
        let format = if track == Track::Opus { Some(formats::of_opus(&caps)) } else { formats::of_aac(&caps) };
        let Some(format) = format else {
            tracing::error!(?track, "an encoder does not describe what it makes");
            return None;
        };
        let config = self.program.configure(format);
        *known = Some((caps, config.clone()));
        Some(config)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
