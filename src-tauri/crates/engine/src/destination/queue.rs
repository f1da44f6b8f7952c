//! What waits for a destination, bounded in media time.

use std::collections::VecDeque;

use gst::ClockTime;

use crate::joint::{EncodedTrack, EncodedUnit};

/// So much of the program may wait for a slow connection before whole GOPs are dropped.
pub(super) const CAPACITY: ClockTime = ClockTime::from_seconds(6);
/// And so much of memory, whatever the timestamps say.
const BYTES: usize = 64 << 20;

/// Encoded units in order. Picture and sound are dropped together, from keyframe to keyframe, so
/// that what arrives can be decoded.
#[derive(Default)]
pub(super) struct Queue {
    units: VecDeque<EncodedUnit>,
    bytes: usize,
    /// Somebody takes the units; else only what follows the newest keyframe is kept.
    open: bool,
    /// Nothing is taken up to the next keyframe.
    skipping: bool,
    dropped: u64,
}

impl Queue {
    /// Takes a unit, and drops the oldest GOPs where there is no room.
    pub(super) fn push(&mut self, unit: &EncodedUnit) {
        if !matches!(unit.track, EncodedTrack::VideoAvc | EncodedTrack::Aac) {
            return;
        }
        let keyframe = is_keyframe(unit);
        if keyframe && !self.open {
            self.clear();
        }
        self.skipping &= !keyframe;
        if self.skipping || (self.units.is_empty() && !keyframe && !self.open) {
            self.dropped += u64::from(self.open && is_picture(unit));
            return;
        }
        self.bytes += unit.buffer.size();
        self.units.push_back(unit.clone());
        while self.span() > CAPACITY || self.bytes > BYTES {
            self.drop_oldest();
        }
    }

    /// Takes the oldest unit out.
    pub(super) fn pop(&mut self) -> Option<EncodedUnit> {
        let unit = self.units.pop_front()?;
        self.bytes -= unit.buffer.size();
        Some(unit)
    }

    pub(super) fn has_units(&self) -> bool {
        !self.units.is_empty()
    }

    /// Whether a connection could begin: there is a keyframe, and sound beside it.
    pub(super) fn can_begin(&self) -> bool {
        self.units.iter().any(is_keyframe) && self.units.iter().any(|unit| unit.track == EncodedTrack::Aac)
    }

    /// From now on every unit is taken; the first is the newest keyframe.
    pub(super) fn open(&mut self) {
        self.open = true;
        self.skipping = false;
        if let Some(newest) = self.units.iter().rposition(is_keyframe) {
            self.remove_front(newest);
        }
    }

    /// Nobody takes units any more. What waits up to the newest keyframe is of no use.
    pub(super) fn close(&mut self) {
        self.open = false;
        self.skipping = false;
        match self.units.iter().rposition(is_keyframe) {
            Some(newest) => self.remove_front(newest),
            None => self.clear(),
        }
    }

    /// Pictures that were dropped because the far end was too slow.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    fn span(&self) -> ClockTime {
        let ends = (
            self.units.front().and_then(|unit| unit.buffer.pts()),
            self.units.back().and_then(|unit| unit.buffer.pts()),
        );
        if let (Some(from), Some(to)) = ends { to.saturating_sub(from) } else { ClockTime::ZERO }
    }

    /// Drops everything before the second keyframe; where there is none, everything.
    fn drop_oldest(&mut self) {
        let second = self.units.iter().skip(1).position(is_keyframe).map(|at| at + 1);
        let until = second.unwrap_or(self.units.len());
        self.dropped += self.units.iter().take(until).filter(|unit| is_picture(unit)).count() as u64;
        self.skipping = second.is_none();
        self.remove_front(until);
    }

    fn remove_front(&mut self, count: usize) {
        let removed: usize = self.units.drain(..count).map(|unit| unit.buffer.size()).sum();
        self.bytes -= removed;
    }

    fn clear(&mut self) {
        self.units.clear();
        self.bytes = 0;
    }
}

fn is_picture(unit: &EncodedUnit) -> bool {
    unit.track == EncodedTrack::VideoAvc
}

fn is_keyframe(unit: &EncodedUnit) -> bool {
    is_picture(unit) && unit.keyframe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(track: EncodedTrack, ms: u64, keyframe: bool) -> EncodedUnit {
        gst::init().unwrap();
        let mut buffer = gst::Buffer::with_size(100).unwrap();
        buffer.get_mut().unwrap().set_pts(ClockTime::from_mseconds(ms));
        EncodedUnit { track, buffer, keyframe, caps: gst::Caps::new_any() }
    }

    /// Pictures every 100 ms with a keyframe every 2 s, sound beside each.
    fn offer(queue: &mut Queue, from: u64, to: u64) {
        for ms in (from..to).step_by(100) {
            queue.push(&unit(EncodedTrack::VideoAvc, ms, ms % 2000 == 0));
            queue.push(&unit(EncodedTrack::Opus, ms, true));
            queue.push(&unit(EncodedTrack::Aac, ms, true));
        }
    }

    fn first(queue: &mut Queue) -> (u64, bool) {
        let unit = queue.pop().unwrap();
        (unit.buffer.pts().unwrap().mseconds(), is_keyframe(&unit))
    }

    #[test]
    fn a_closed_queue_keeps_only_what_follows_the_newest_keyframe() {
        let mut queue = Queue::default();
        offer(&mut queue, 500, 1900);
        assert!(!queue.can_begin(), "there was no keyframe");
        offer(&mut queue, 2000, 9000);
        assert!(queue.can_begin());
        assert_eq!(queue.dropped(), 0);
        queue.open();
        assert_eq!(first(&mut queue), (8000, true));
    }

    #[test]
    fn a_full_queue_drops_whole_gops_and_counts_pictures() {
        let mut queue = Queue::default();
        offer(&mut queue, 0, 100);
        queue.open();
        offer(&mut queue, 100, 7000);
        assert_eq!(queue.dropped(), 20);
        assert_eq!(first(&mut queue), (2000, true));
    }

    #[test]
    fn without_a_second_keyframe_everything_goes_and_the_next_keyframe_is_awaited() {
        let mut queue = Queue::default();
        queue.push(&unit(EncodedTrack::VideoAvc, 0, true));
        queue.open();
        for ms in (100..9000).step_by(100) {
            queue.push(&unit(EncodedTrack::VideoAvc, ms, false));
        }
        assert!(queue.pop().is_none());
        assert_eq!(queue.dropped(), 90);
        queue.push(&unit(EncodedTrack::VideoAvc, 9000, true));
        assert_eq!(first(&mut queue), (9000, true));
    }

    #[test]
    fn closing_and_opening_begins_at_a_keyframe_again() {
        let mut queue = Queue::default();
        offer(&mut queue, 0, 3000);
        queue.open();
        offer(&mut queue, 3000, 5000);
        queue.close();
        queue.open();
        assert_eq!(first(&mut queue), (4000, true));
    }
}
