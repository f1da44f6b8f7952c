//! The newest group of pictures, so that a newcomer need not wait for a keyframe.

use std::time::Duration;

use media::{AccessUnit, Track};

/// A newcomer gets the cached pictures only if they are this fresh; otherwise a keyframe may be
/// asked for, so nobody waits. Chromium catches up with a burst of half a second within five
/// pictures and keeps no delay (seen with requestVideoFrameCallback).
const FRESH: Duration = Duration::from_millis(1100);
/// More pictures than any group has; beyond it the cache is of no use.
const PICTURES: usize = 128;

/// Pictures since the newest keyframe, first the keyframe.
#[derive(Debug, Default)]
pub(super) struct PictureCache {
    units: Vec<AccessUnit>,
}

impl PictureCache {
    /// Notes a unit; sound is not kept.
    pub(super) fn push(&mut self, unit: &AccessUnit) {
        if unit.track != Track::Video {
            return;
        }
        if unit.keyframe {
            self.units.clear();
        } else if self.units.is_empty() {
            return;
        } else if self.units.len() >= PICTURES {
            self.units.clear();
            return;
        }
        self.units.push(unit.clone());
    }

    /// Everything that a newcomer needs to see a picture now, or nothing if a keyframe is better.
    pub(super) fn fresh(&self) -> &[AccessUnit] {
        let age = match (self.units.first(), self.units.last()) {
            (Some(first), Some(last)) => last.pts.as_nanos().saturating_sub(first.pts.as_nanos()),
            _ => return &[],
        };
        if u128::from(age) <= FRESH.as_nanos() { &self.units } else { &[] }
    }

    /// Another program begins.
    pub(super) fn clear(&mut self) {
        self.units.clear();
    }
}
