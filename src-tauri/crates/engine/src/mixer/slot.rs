//! Where a source's buffers enter the mix, and what stands there when they stop.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::{Canvas, Layer, Role};
use gst::ClockTime;

use super::fit::Fit;
use super::gain::Gain;
use super::lock;
use crate::format::{PIECE_SAMPLES, SAMPLE_RATE};

/// A source that was silent for so long gives way to the slate; until then the mixer repeats its
/// last frame.
pub(crate) const LOST_AFTER: ClockTime = ClockTime::from_seconds(2);

/// Where all sources enter. The slots outlive a mixer that has to be rebuilt.
pub(crate) struct Slots {
    camera: VideoSlot,
    screen: VideoSlot,
    microphone: AudioSlot,
}

impl Slots {
    /// Empty slots: `slate` (of the canvas' size) and silence.
    pub(crate) fn new(canvas: &Canvas, slate: &gst::Buffer) -> Self {
        Self {
            camera: VideoSlot::new(canvas, slate.clone()),
            screen: VideoSlot::new(canvas, slate.clone()),
            microphone: AudioSlot::new(),
        }
    }

    /// The slot for a picture; none for the microphone.
    pub(crate) fn picture(&self, role: Role) -> Option<&VideoSlot> {
        match role {
            Role::Camera => Some(&self.camera),
            Role::Screen => Some(&self.screen),
            Role::Microphone => None,
        }
    }

    /// The microphone's slot.
    pub(crate) fn microphone(&self) -> &AudioSlot {
        &self.microphone
    }

    /// `layers` will be the layout soon: from now on pictures are large enough for it and for the
    /// layout that is shown.
    pub(super) fn expect(&self, layers: &[Layer]) {
        self.pictures().for_each(|(role, slot)| lock(&slot.state).fit.expect(rect(layers, role)));
    }

    /// `layers` are the layout now.
    pub(super) fn settle(&self, layers: &[Layer]) {
        self.pictures().for_each(|(role, slot)| lock(&slot.state).fit.settle(rect(layers, role)));
    }

    fn pictures(&self) -> impl Iterator<Item = (Role, &VideoSlot)> {
        [(Role::Camera, &self.camera), (Role::Screen, &self.screen)].into_iter()
    }

    /// A picture of the program is due.
    pub(super) fn picture_tick(&self, now: ClockTime, duration: ClockTime) {
        self.camera.tick(now, duration);
        self.screen.tick(now, duration);
    }
}

fn rect(layers: &[Layer], role: Role) -> Option<domain::Rect> {
    layers.iter().find(|layer| layer.role == role).map(|layer| layer.rect)
}

/// A place for pictures of canvas size. They go on in the size in which they are shown.
pub(crate) struct VideoSlot {
    state: Mutex<Video>,
}

struct Video {
    fit: Fit,
    /// Into the mixer that runs now.
    plug: Option<gst_app::AppSrc>,
    /// Shown whenever there is no live picture.
    slate: gst::Buffer,
    /// When the newest live picture was taken.
    live: Option<ClockTime>,
}

impl VideoSlot {
    /// A slot that shows `slate`.
    pub(crate) fn new(canvas: &Canvas, slate: gst::Buffer) -> Self {
        Self { state: Mutex::new(Video { fit: Fit::new(canvas), plug: None, slate, live: None }) }
    }

    /// Connects the slot to a mixer.
    pub(super) fn plug(&self, appsrc: gst_app::AppSrc) {
        let mut state = lock(&self.state);
        state.fit.forget_caps();
        state.plug = Some(appsrc);
    }

    /// Takes a live picture. Never waits: the oldest that waits is dropped when too many do.
    ///
    /// It is moved by half its duration: the mixer shows what begins anywhere in a frame's time
    /// from the beginning of that frame on, up to a whole frame early. So it is at most half a
    /// frame early or late, and on average in step with the sound.
    pub(crate) fn take(&self, mut buffer: gst::Buffer) {
        let (Some(pts), Some(duration)) = (buffer.pts(), buffer.duration()) else { return };
        buffer.make_mut().set_pts(pts + duration / 2);
        let mut state = lock(&self.state);
        state.live = Some(pts);
        state.push(buffer);
    }

    /// Replaces the slate.
    pub(crate) fn set_slate(&self, slate: gst::Buffer) {
        lock(&self.state).slate = slate;
    }

    /// Shows the slate from the next picture on, not only after [`LOST_AFTER`].
    pub(crate) fn forget_live(&self) {
        lock(&self.state).live = None;
    }

    /// Called for every picture of the program: keeps the slot filled while nothing live comes, so
    /// that the mixer never has to wait for it.
    pub(crate) fn tick(&self, now: ClockTime, duration: ClockTime) {
        let mut state = lock(&self.state);
        if state.live.is_some_and(|live| now < live + LOST_AFTER) {
            return;
        }
        let mut slate = state.slate.copy();
        stamp(&mut slate, now, duration);
        state.push(slate);
    }
}

impl Video {
    /// Under the slot's lock, so that a picture's size always arrives right before it. Neither
    /// scaling nor pushing waits for anybody.
    fn push(&mut self, picture: gst::Buffer) {
        let Some(plug) = &self.plug else { return };
        let (picture, caps) = self.fit.fit(picture);
        if let Some(caps) = caps {
            plug.set_caps(Some(&caps));
        }
        // The only error is a pipeline that is going down.
        let _ = plug.push_buffer(picture);
    }
}

/// The place for the microphone.
pub(crate) struct AudioSlot {
    /// The factor that the strip shall have, as bits of an `f32`.
    target: AtomicU32,
    state: Mutex<Audio>,
}

struct Audio {
    /// Into the mixer that runs now.
    plug: Option<gst_app::AppSrc>,
    gain: Gain,
    silence: gst::Buffer,
    /// Where the newest live piece ended.
    live_until: Option<ClockTime>,
}

/// Sound that stops for so long is filled with silence, within the mixer's latency.
const SILENT_AFTER: ClockTime = ClockTime::from_mseconds(500);

impl AudioSlot {
    /// A slot that gives silence.
    pub(crate) fn new() -> Self {
        let silence = gst::Buffer::from_slice(vec![0u8; PIECE_SAMPLES as usize * 8]);
        let state = Audio { plug: None, gain: Gain::at(1.0), silence, live_until: None };
        Self { target: AtomicU32::new(1f32.to_bits()), state: Mutex::new(state) }
    }

    /// Connects the slot to a mixer.
    pub(super) fn plug(&self, appsrc: gst_app::AppSrc) {
        lock(&self.state).plug = Some(appsrc);
    }

    /// Sets what the strip shall do; it moves there without a click.
    pub(crate) fn set_strip(&self, strip: domain::Strip) {
        self.target.store(Gain::factor(strip.gain_db, strip.muted).to_bits(), Ordering::Relaxed);
    }

    /// Takes a live piece of sound. Never blocks.
    pub(crate) fn take(&self, mut buffer: gst::Buffer) {
        let Some(pts) = buffer.pts() else { return };
        let target = f32::from_bits(self.target.load(Ordering::Relaxed));
        let mut state = lock(&self.state);
        // After silence of ours the sound must stand where its timestamp says, not where ours ended.
        let resumed = state.live_until.is_none();
        state.live_until = Some(pts + duration_of(&buffer));
        if resumed || !state.gain.is_unity(target) {
            let buffer = buffer.make_mut();
            if resumed {
                buffer.set_flags(gst::BufferFlags::DISCONT | gst::BufferFlags::RESYNC);
            }
            apply_gain(&mut state.gain, buffer, target);
        }
        let plug = state.plug.clone();
        drop(state);
        push(plug, buffer);
    }

    /// Gives silence from now on.
    pub(crate) fn forget_live(&self) {
        lock(&self.state).live_until = None;
    }

    /// Called for every piece of the program's sound: fills the slot with silence while nothing live comes.
    pub(crate) fn tick(&self, now: ClockTime, duration: ClockTime) {
        let mut state = lock(&self.state);
        if state.live_until.is_some_and(|until| now < until + SILENT_AFTER) {
            return;
        }
        let first = state.live_until.take().is_some();
        let (mut silence, plug) = (state.silence.copy(), state.plug.clone());
        drop(state);
        stamp(&mut silence, now, duration);
        if first && let Some(silence) = silence.get_mut() {
            silence.set_flags(gst::BufferFlags::DISCONT | gst::BufferFlags::RESYNC);
        }
        push(plug, silence);
    }
}

fn push(plug: Option<gst_app::AppSrc>, buffer: gst::Buffer) {
    if let Some(plug) = plug {
        // The only error is a pipeline that is going down.
        let _ = plug.push_buffer(buffer);
    }
}

fn duration_of(buffer: &gst::Buffer) -> ClockTime {
    let frames = buffer.size() as u64 / 8;
    ClockTime::from_nseconds(frames * 1_000_000_000 / u64::from(SAMPLE_RATE))
}

fn apply_gain(gain: &mut Gain, buffer: &mut gst::BufferRef, target: f32) {
    let Ok(mut map) = buffer.map_writable() else { return };
    gain.apply(map.as_mut_slice().as_chunks_mut::<8>().0, target);
}

fn stamp(buffer: &mut gst::Buffer, pts: ClockTime, duration: ClockTime) {
    let buffer = buffer.make_mut();
    buffer.set_pts(pts);
    buffer.set_dts(ClockTime::NONE);
    buffer.set_duration(duration);
}
