//! Where a source's frames wait to be drawn, and what stands there when they stop.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use domain::Canvas;
use gst::ClockTime;

use super::bell::Bell;
use super::fit::{Fitted, Fitter, Pixels, Place};
use super::lock;

/// A source that was silent for so long gives way to its slate; until then its last frame stays.
pub(crate) const LOST_AFTER: ClockTime = ClockTime::from_seconds(2);
/// The most frames that wait; the oldest is dropped when there are more.
const WAITING: usize = 8;
/// Frame times are rounded to nanoseconds in more than one way.
const ROUNDING: ClockTime = ClockTime::from_mseconds(1);
/// A source's period is the median of so many of its steps.
const STEPS: usize = 5;

/// A frame in a slot.
pub(crate) struct Held {
    /// Running time; zero for a slate.
    pub(crate) pts: ClockTime,
    pub(crate) pixels: Pixels,
    /// As the layers want it that were known when it came.
    fitted: Vec<(Place, Fitted)>,
}

impl Held {
    /// As `place` wants it, if that was known when it came.
    pub(crate) fn fitted(&self, place: &Place) -> Option<&Fitted> {
        self.fitted.iter().find(|(known, _)| known == place).map(|(_, fitted)| fitted)
    }
}

/// The place of one source, however many layers show it. Written by the source's thread, read by
/// the blender's; it outlives both.
pub(crate) struct VideoSlot {
    state: Mutex<State>,
    /// Only the source's thread takes this lock.
    fitter: Mutex<Fitter>,
    bell: Arc<Bell>,
}

struct State {
    /// Oldest first.
    frames: VecDeque<Arc<Held>>,
    slate: Arc<Held>,
    /// What the layers want that are shown, and those that come.
    places: Vec<Place>,
    steps: VecDeque<ClockTime>,
    newest: Option<ClockTime>,
    /// The newest program frame that looked here.
    drawn: Option<ClockTime>,
    late: u64,
}

impl VideoSlot {
    /// An empty slot that shows `slate` (of the canvas' size). Every frame that comes rings `bell`.
    pub(crate) fn new(canvas: &Canvas, slate: gst::Buffer, bell: Arc<Bell>) -> Self {
        let state = State {
            frames: VecDeque::new(),
            slate: Arc::new(held_slate(slate)),
            places: Vec::new(),
            steps: VecDeque::new(),
            newest: None,
            drawn: None,
            late: 0,
        };
        Self { state: Mutex::new(state), fitter: Mutex::new(Fitter::new(canvas)), bell }
    }

    /// Gives the slot a live frame of the canvas' size, for program frames from `pts` (running
    /// time) on. Never waits for the blender. A frame that comes after its program frame was drawn
    /// is counted as late, and shown from the next one on.
    pub(crate) fn push(&self, pixels: Pixels, pts: ClockTime) {
        let places = lock(&self.state).places.clone();
        let mut fitter = lock(&self.fitter);
        let fitted = places.iter().filter_map(|place| Some((*place, fitter.fit(&pixels, place)?))).collect();
        drop(fitter);
        let mut state = lock(&self.state);
        state.arrived(pts);
        state.frames.push_back(Arc::new(Held { pts, pixels, fitted }));
        if state.frames.len() > WAITING {
            state.frames.pop_front();
        }
        drop(state);
        self.bell.ring();
    }

    /// Replaces the slate.
    pub(crate) fn set_slate(&self, slate: gst::Buffer) {
        lock(&self.state).slate = Arc::new(held_slate(slate));
    }

    /// Frames that came too late for their program frame.
    pub(crate) fn late(&self) -> u64 {
        lock(&self.state).late
    }

    /// Layers that want `places` will be shown soon: frames from now on are fitted to them too.
    pub(super) fn expect(&self, places: &[Place]) {
        let known = &mut lock(&self.state).places;
        for place in places {
            if !known.contains(place) {
                known.push(*place);
            }
        }
    }

    /// Layers that want `places`, and no others, are shown now.
    pub(super) fn settle(&self, places: &[Place]) {
        let known = &mut lock(&self.state).places;
        known.clear();
        places.iter().for_each(|place| {
            if !known.contains(place) {
                known.push(*place);
            }
        });
    }

    /// Whether waiting would bring no better frame for the program frame of `time`: there is one,
    /// the next is not due yet, or the source has stopped.
    pub(super) fn is_ready(&self, time: ClockTime) -> bool {
        let state = lock(&self.state);
        let (Some(newest), Some(period)) = (state.newest, state.period()) else { return true };
        let next = newest + period;
        newest + ROUNDING >= time || next > time + period / 4 || time > newest + period * 4
    }

    /// The newest frame that is not later than `time`, or the slate.
    pub(super) fn at(&self, time: ClockTime) -> Arc<Held> {
        let mut state = lock(&self.state);
        state.drawn = Some(time);
        let Some(at) = state.frames.iter().rposition(|frame| frame.pts <= time + ROUNDING) else {
            return state.slate.clone();
        };
        state.frames.drain(..at);
        match state.frames.front() {
            Some(frame) if time <= frame.pts + LOST_AFTER => frame.clone(),
            _ => state.slate.clone(),
        }
    }
}

impl State {
    fn arrived(&mut self, pts: ClockTime) {
        if self.drawn.is_some_and(|drawn| pts + ROUNDING < drawn) {
            self.late += 1;
        }
        if let Some(step) = self.newest.and_then(|newest| pts.checked_sub(newest)) {
            self.steps.push_back(step);
            if self.steps.len() > STEPS {
                self.steps.pop_front();
            }
        }
        self.newest = Some(pts);
    }

    fn period(&self) -> Option<ClockTime> {
        if self.steps.len() < STEPS {
            return None;
        }
        let mut steps: Vec<ClockTime> = self.steps.iter().copied().collect();
        steps.sort_unstable();
        steps.get(STEPS / 2).copied()
    }
}

fn held_slate(slate: gst::Buffer) -> Held {
    Held { pts: ClockTime::ZERO, pixels: Pixels::Opaque(slate), fitted: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Layer, Rect, SourceId};

    const CANVAS: Canvas = Canvas { width: 320, height: 180, fps: 30 };

    fn slot() -> VideoSlot {
        gst::init().unwrap();
        VideoSlot::new(&CANVAS, gst::Buffer::new(), Arc::new(Bell::default()))
    }

    fn frame(n: u64) -> ClockTime {
        ClockTime::from_nseconds(n * 1_000_000_000 / 30)
    }

    fn push(slot: &VideoSlot, n: u64) {
        slot.push(Pixels::Opaque(gst::Buffer::with_size(320 * 180 * 3 / 2).unwrap()), frame(n));
    }

    #[test]
    fn the_newest_frame_that_is_not_later_is_shown_until_it_is_lost() {
        let slot = slot();
        assert_eq!(slot.at(frame(1)).pts, ClockTime::ZERO, "the slate");
        (1..=4).for_each(|n| push(&slot, n));
        assert_eq!(slot.at(frame(2)).pts, frame(2));
        assert_eq!(slot.at(frame(3)).pts, frame(3));
        assert_eq!(slot.at(frame(60)).pts, frame(4), "held");
        assert_eq!(slot.at(frame(65)).pts, ClockTime::ZERO, "the slate");
        push(&slot, 66);
        assert_eq!(slot.at(frame(66)).pts, frame(66));
    }

    #[test]
    fn a_frame_that_comes_after_its_program_frame_is_counted_and_shown_later() {
        let slot = slot();
        (1..=3).for_each(|n| push(&slot, n));
        slot.at(frame(5));
        push(&slot, 4);
        assert_eq!((slot.late(), slot.at(frame(6)).pts), (1, frame(4)));
        push(&slot, 7);
        assert_eq!(slot.late(), 1);
    }

    #[test]
    fn it_is_worth_waiting_only_for_a_frame_that_is_due() {
        let slot = slot();
        assert!(slot.is_ready(frame(1)), "nothing is known of the source yet");
        (1..=8).for_each(|n| push(&slot, n));
        assert!(slot.is_ready(frame(8)) && !slot.is_ready(frame(9)));
        assert!(slot.is_ready(frame(13)), "it has stopped");
        let slow = self::slot();
        (1..=8).for_each(|n| push(&slow, 2 * n));
        assert!(slow.is_ready(frame(17)) && !slow.is_ready(frame(18)), "every second frame is from a slow source");
    }

    #[test]
    fn frames_are_fitted_to_the_places_that_show_them() {
        let slot = slot();
        let source = SourceId::parse("camera").unwrap();
        let place = |width| {
            let rect = Rect { x: 0, y: 0, width, height: 90 };
            Place::of(&Layer::new(source.clone(), rect))
        };
        slot.settle(&[place(160)]);
        slot.expect(&[place(160), place(80)]);
        push(&slot, 1);
        let held = slot.at(frame(1));
        assert!(held.fitted(&place(160)).is_some() && held.fitted(&place(80)).is_some());
        slot.settle(&[place(80)]);
        push(&slot, 2);
        let held = slot.at(frame(2));
        assert!(held.fitted(&place(160)).is_none() && held.fitted(&place(80)).is_some());
    }
}
