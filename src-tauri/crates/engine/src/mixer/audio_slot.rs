//! One source's strip: its gain, its place in the mix, and silence while nothing comes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::Strip;
use gst::ClockTime;

use super::gain::Gain;
use super::lock;
use crate::format::{MIX_SAMPLES, SAMPLE_RATE};

/// Audio that stops for so long is filled with silence, within the mixer's latency.
const SILENT_AFTER: ClockTime = ClockTime::from_mseconds(500);
/// A source that begins is silent for so long before it fades in: the mixer did not wait for it until
/// now, so its first audio may come too late for its place, and a fade that is not heard is a click.
const LEAD_IN: ClockTime = ClockTime::from_mseconds(100);

/// The place of one source with audio. Written by the source's thread and by the mixer's base; it
/// outlives both, and a mixer that has to be rebuilt.
pub(crate) struct AudioSlot {
    /// The factor that the strip shall have, as bits of an `f32`.
    target: AtomicU32,
    state: Mutex<State>,
    faded: Condvar,
}

struct State {
    /// Into the mixer that runs now.
    input: Option<gst_app::AppSrc>,
    gain: Gain,
    silence: gst::Buffer,
    /// Where the newest live audio ended.
    live_until: Option<ClockTime>,
    /// Where it may be heard from.
    heard_from: ClockTime,
    /// It goes to silence and stays there.
    fading: bool,
}

impl AudioSlot {
    /// A slot that gives silence. Its first audio fades in.
    pub(crate) fn new(strip: Strip) -> Self {
        let silence = gst::Buffer::from_slice(vec![0u8; MIX_SAMPLES as usize * 8]);
        let state = State {
            input: None,
            gain: Gain::at(0.0),
            silence,
            live_until: None,
            heard_from: ClockTime::ZERO,
            fading: false,
        };
        let slot = Self { target: AtomicU32::new(0), state: Mutex::new(state), faded: Condvar::new() };
        slot.set_strip(strip);
        slot
    }

    /// Connects the slot to a mixer, or to none.
    pub(super) fn connect(&self, input: Option<gst_app::AppSrc>) {
        lock(&self.state).input = input;
    }

    /// Sets what the strip shall do; it moves there without a click.
    pub(crate) fn set_strip(&self, strip: Strip) {
        self.target.store(Gain::factor(strip.gain_db, strip.muted).to_bits(), Ordering::Relaxed);
    }

    /// Gives the slot live audio: F32LE interleaved stereo at 48 kHz. Never blocks.
    pub(crate) fn push(&self, mut buffer: gst::Buffer) {
        let Some(pts) = buffer.pts() else { return };
        let mut state = lock(&self.state);
        // After silence of ours the audio must stand where its timestamp says, not where ours ended.
        let resumed = state.live_until.is_none();
        state.live_until = Some(pts + duration_of(&buffer));
        if resumed {
            state.gain = Gain::at(0.0);
            state.heard_from = pts + LEAD_IN;
        }
        let target = if state.fading || pts < state.heard_from {
            0.0
        } else {
            f32::from_bits(self.target.load(Ordering::Relaxed))
        };
        if resumed || !state.gain.is_unity(target) {
            let buffer = buffer.make_mut();
            if resumed {
                buffer.set_flags(gst::BufferFlags::DISCONT | gst::BufferFlags::RESYNC);
            }
            apply_gain(&mut state.gain, buffer, target);
        }
        let input = state.input.clone();
        let faded = state.fading;
        drop(state);
        if faded {
            self.faded.notify_all();
        }
        push(input, buffer);
    }

    /// Fades out over the next audio that comes, and gives silence from then on. Waits until that
    /// is done, but not longer than `patience`: a source that has stopped is silent already.
    pub(crate) fn fade_out(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut state = lock(&self.state);
        state.fading = true;
        while state.live_until.is_some() && !state.gain.is_silent() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.faded.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Where the newest live audio ends; none while silence is given.
    pub(super) fn live_until(&self) -> Option<ClockTime> {
        lock(&self.state).live_until
    }

    /// Another source begins in this slot: it fades in.
    pub(crate) fn begin(&self) {
        let mut state = lock(&self.state);
        state.fading = false;
        state.live_until = None;
    }

    /// Called for every buffer of the program's audio: fills the slot with silence while nothing
    /// live comes.
    pub(super) fn tick(&self, now: ClockTime, duration: ClockTime) {
        let mut state = lock(&self.state);
        if state.live_until.is_some_and(|until| now < until + SILENT_AFTER) {
            return;
        }
        let first = state.live_until.take().is_some();
        let (mut silence, input) = (state.silence.copy(), state.input.clone());
        drop(state);
        let writable = silence.make_mut();
        writable.set_pts(now);
        writable.set_dts(ClockTime::NONE);
        writable.set_duration(duration);
        if first {
            writable.set_flags(gst::BufferFlags::DISCONT | gst::BufferFlags::RESYNC);
        }
        push(input, silence);
    }
}

fn push(input: Option<gst_app::AppSrc>, buffer: gst::Buffer) {
    if let Some(input) = input {
        // The only error is a pipeline that is going down.
        let _ = input.push_buffer(buffer);
    }
}

fn duration_of(buffer: &gst::Buffer) -> ClockTime {
    let samples = buffer.size() as u64 / 8;
    ClockTime::from_nseconds(samples * 1_000_000_000 / u64::from(SAMPLE_RATE))
}

fn apply_gain(gain: &mut Gain, buffer: &mut gst::BufferRef, target: f32) {
    let Ok(mut map) = buffer.map_writable() else { return };
    gain.apply(map.as_mut_slice().as_chunks_mut::<8>().0, target);
}
