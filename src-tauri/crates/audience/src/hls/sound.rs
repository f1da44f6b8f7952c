//! Which sound is packed, and the packets of each part: without holes, because players stop at them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use media::{AccessUnit, CodecConfig, ProgramTime, Track};

use super::cutter::{Opening, PartCut};

/// So much later than the picture sound may come; what comes later is silence.
pub(super) const PATIENCE: Duration = Duration::from_millis(300);
/// Packets that may wait for their picture.
const WAITING: usize = 4096;
/// Shorter holes than this are rounding.
const SLACK: Duration = Duration::from_millis(2);

/// The sound of a program, waiting for its picture.
#[derive(Default)]
pub(super) struct Sound {
    /// What is to be packed from the next segment on.
    wanted: Option<Arc<CodecConfig>>,
    queue: VecDeque<AccessUnit>,
    /// The end of what was packed.
    packed: Option<ProgramTime>,
}

impl Sound {
    /// AAC where there is any, which every browser plays; else Opus; else none.
    pub(super) const fn wanted(&self) -> Option<&Arc<CodecConfig>> {
        self.wanted.as_ref()
    }

    /// Takes a packet of any track. Where nobody takes them, the oldest go.
    pub(super) fn push(&mut self, unit: AccessUnit) {
        let chosen = self.wanted.as_ref().map(|config| config.format.track());
        if unit.track == Track::Video || (chosen == Some(Track::Aac) && unit.track == Track::Opus) {
            return;
        }
        if self.wanted.as_ref().is_none_or(|known| known.id != unit.config.id) {
            self.wanted = Some(unit.config.clone());
        }
        if self.queue.len() >= WAITING {
            self.queue.pop_front();
        }
        self.queue.push_back(unit);
    }

    /// Whether everything that sounds during a part is there.
    pub(super) fn has_reached(&self, end: ProgramTime, sound: Option<&Arc<CodecConfig>>) -> bool {
        let Some(sound) = sound else { return true };
        let newest = self.queue.iter().rev().find(|unit| unit.config.id == sound.id);
        newest.is_some_and(|newest| newest.end() >= end) || self.packed.is_some_and(|packed| packed >= end)
    }

    /// What sounds during a part, in order and without holes: silence where something is missing.
    pub(super) fn of(&mut self, part: &PartCut, opening: &Opening) -> Vec<AccessUnit> {
        let Some(sound) = &opening.sound else {
            self.drop_before(part.end);
            return Vec::new();
        };
        if part.opens.as_ref().is_some_and(|opening| opening.discontinuity || opening.after_gap) {
            self.packed = None;
        }
        let mut at = self.packed.unwrap_or(part.begin);
        let mut packets = Vec::new();
        while let Some(unit) = self.queue.pop_front_if(|unit| unit.pts < part.end) {
            // Others were for another segment; late ones have been replaced.
            if unit.config.id != sound.id || unit.pts + SLACK < at {
                continue;
            }
            fill(sound, &mut at, unit.pts, &mut packets);
            at = end_of(&unit, sound);
            packets.push(unit);
        }
        if self.queue.front().is_none_or(|next| next.config.id != sound.id) {
            fill(sound, &mut at, part.end, &mut packets);
        }
        self.packed = Some(at);
        packets
    }

    fn drop_before(&mut self, end: ProgramTime) {
        while self.queue.pop_front_if(|unit| unit.pts < end).is_some() {}
    }
}

/// Silence from `at` until no further packet fits in before `until`.
fn fill(sound: &Arc<CodecConfig>, at: &mut ProgramTime, until: ProgramTime, packets: &mut Vec<AccessUnit>) {
    while let Some(silent) = fmp4::silent_unit(sound, *at) {
        if silent.end() > until + SLACK {
            return;
        }
        *at = silent.end();
        packets.push(silent);
    }
}

/// When a packet ends, also where it does not say how long it is.
fn end_of(unit: &AccessUnit, sound: &Arc<CodecConfig>) -> ProgramTime {
    if !unit.duration.is_zero() {
        return unit.end();
    }
    fmp4::silent_unit(sound, unit.pts).map_or(unit.pts, |silent| silent.end())
}
