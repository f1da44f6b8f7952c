//! The current GOP: what a reader that begins now needs to begin at once.

use std::time::Duration;

use crate::{AccessUnit, Track};

/// More units than any GOP of all tracks has; beyond it the GOP is of no use to a newcomer.
const UNITS: usize = 2_048;

/// Every unit since the newest keyframe of the video, first that keyframe.
#[derive(Debug, Default)]
pub(crate) struct Gop {
    units: Vec<AccessUnit>,
}

impl Gop {
    pub(crate) fn push(&mut self, unit: &AccessUnit) {
        if unit.is_video_keyframe() {
            self.units.clear();
        } else if self.units.is_empty() {
            return;
        } else if self.units.len() >= UNITS {
            self.units.clear();
            return;
        }
        self.units.push(unit.clone());
    }

    /// The whole GOP, if it has one and its video is not older than `age`; otherwise nothing.
    pub(crate) fn if_younger_than(&self, age: Duration) -> &[AccessUnit] {
        let first = self.units.first();
        let newest = self.units.iter().rev().find(|unit| unit.track == Track::Video);
        match (first, newest) {
            (Some(first), Some(newest)) if newest.pts.since(first.pts) <= age => &self.units,
            _ => &[],
        }
    }
}
