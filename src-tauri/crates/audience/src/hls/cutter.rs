//! Frames into parts and segments. Knows the picture only; what sounds meanwhile is [`super::sound`]'s.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use media::{AccessUnit, CodecConfig, ProgramTime};

use super::pace::Pace;

/// A hole up to this long is said as such (`EXT-X-GAP`); after a longer one time goes on elsewhere.
const LONGEST_GAP: Duration = Duration::from_secs(10);
/// Times are rounded: so much too early or too late is on time.
const SLACK: Duration = Duration::from_micros(500);

/// What becomes of the frames, in order.
#[derive(Debug)]
pub(super) enum Cut {
    /// A part, whole.
    Part(PartCut),
    /// Nothing is there from `begin` to `end`: a segment of its own.
    Gap { begin: ProgramTime, end: ProgramTime },
}

#[derive(Debug)]
pub(super) struct PartCut {
    pub(super) frames: Vec<AccessUnit>,
    pub(super) begin: ProgramTime,
    pub(super) end: ProgramTime,
    /// It is the first of a segment.
    pub(super) opens: Option<Opening>,
    /// It is the last of its segment.
    pub(super) closes: bool,
}

/// How a segment begins.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) video: Arc<CodecConfig>,
    /// Its sound; none where there is none.
    pub(super) sound: Option<Arc<CodecConfig>>,
    /// It follows on what was before neither in time nor in form.
    pub(super) discontinuity: bool,
    /// Something was missing before it.
    pub(super) after_gap: bool,
}

/// The part that grows.
struct Growing {
    frames: Vec<AccessUnit>,
    begin: ProgramTime,
    opens: Option<Opening>,
}

/// Cuts.
pub(super) struct Cutter {
    pace: Pace,
    growing: Option<Growing>,
    /// When the segment began that grows, and what it is made of.
    segment: Option<(ProgramTime, Opening)>,
    /// pts and end of the newest frame.
    newest: Option<(ProgramTime, ProgramTime)>,
    /// Nothing is taken before a keyframe.
    needs_keyframe: bool,
    /// The reader said that something is missing.
    lost: bool,
}

impl Cutter {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, growing: None, segment: None, newest: None, needs_keyframe: true, lost: false }
    }

    /// Whether it goes on only with a keyframe.
    pub(super) const fn needs_keyframe(&self) -> bool {
        self.needs_keyframe
    }

    /// pts of the newest frame that was taken.
    pub(super) fn newest(&self) -> Option<ProgramTime> {
        self.newest.map(|(pts, _)| pts)
    }

    /// Something before the next frame is missing.
    pub(super) const fn lost(&mut self) {
        self.lost = true;
        self.needs_keyframe = true;
    }

    /// Takes a frame; `sound` is what is to be heard from the next segment on. A part is whole when the
    /// frame after it is there: only then it is known whether its segment goes on.
    pub(super) fn push(&mut self, frame: AccessUnit, sound: Option<&Arc<CodecConfig>>, cuts: &mut VecDeque<Cut>) {
        if self.needs_keyframe && !frame.keyframe {
            return;
        }
        let Some((newest, end)) = self.newest else {
            return self.open(frame, sound, true, false);
        };
        let (_, opening) = self.segment.as_ref().expect("a segment grows since the first frame");
        let is_other = opening.video.id != frame.config.id;
        let backwards = frame.pts <= newest;
        let hole = self.lost || frame.pts.since(newest) > self.pace.part + SLACK;
        if (is_other || backwards || hole) && !frame.keyframe {
            // What refers to what is not there.
            self.needs_keyframe = true;
            return;
        }
        let sound_changes =
            frame.keyframe && sound.map(|sound| sound.id) != opening.sound.as_ref().map(|known| known.id);
        if backwards || hole {
            self.close_part(end, true, cuts);
            let gap = frame.pts.since(end);
            let leaps = backwards || gap > LONGEST_GAP;
            if !leaps {
                self.gap(end, frame.pts, cuts);
            }
            return self.open(frame, sound, leaps || is_other || sound_changes, true);
        }
        if is_other {
            self.close_part(frame.pts, true, cuts);
            return self.open(frame, sound, true, false);
        }
        let begin = self.segment.as_ref().map_or(frame.pts, |(begin, _)| *begin);
        if self.pace.begins_segment(begin, frame.pts, frame.keyframe) {
            self.close_part(frame.pts, true, cuts);
            return self.open(frame, sound, sound_changes, false);
        }
        let ends = self.end_of(&frame);
        if self.growing.as_ref().is_some_and(|part| ends.since(part.begin) > self.pace.part + SLACK) {
            self.close_part(frame.pts, false, cuts);
        }
        self.take(frame, None);
    }

    /// The program is over.
    pub(super) fn finish(&mut self, cuts: &mut VecDeque<Cut>) {
        if let Some((_, end)) = self.newest {
            self.close_part(end, true, cuts);
        }
    }

    fn open(&mut self, frame: AccessUnit, sound: Option<&Arc<CodecConfig>>, discontinuity: bool, after_gap: bool) {
        // Another sound begins where everything does: at a keyframe.
        let kept = self.segment.as_ref().and_then(|(_, opening)| opening.sound.as_ref());
        let sound = if frame.keyframe { sound } else { kept }.cloned();
        let opening = Opening { video: frame.config.clone(), sound, discontinuity, after_gap };
        self.segment = Some((frame.pts, opening.clone()));
        (self.needs_keyframe, self.lost) = (false, false);
        self.take(frame, Some(opening));
    }

    fn take(&mut self, frame: AccessUnit, opens: Option<Opening>) {
        self.newest = Some((frame.pts, self.end_of(&frame)));
        match &mut self.growing {
            Some(part) => part.frames.push(frame),
            None => self.growing = Some(Growing { begin: frame.pts, frames: vec![frame], opens }),
        }
    }

    fn end_of(&self, frame: &AccessUnit) -> ProgramTime {
        if frame.duration.is_zero() || frame.duration > self.pace.part {
            frame.pts + self.pace.frame
        } else {
            frame.end()
        }
    }

    /// The part that grows is whole, and lasts until `end`.
    fn close_part(&mut self, end: ProgramTime, closes: bool, cuts: &mut VecDeque<Cut>) {
        let Some(Growing { frames, begin, opens }) = self.growing.take() else { return };
        cuts.push_back(Cut::Part(PartCut { frames, begin, end, opens, closes }));
    }

    /// Says that nothing is there, in pieces that a playlist can say.
    fn gap(&self, begin: ProgramTime, end: ProgramTime, cuts: &mut VecDeque<Cut>) {
        let mut begin = begin;
        while end.since(begin) > SLACK {
            let until = if end.since(begin) > self.pace.target { begin + self.pace.target } else { end };
            cuts.push_back(Cut::Gap { begin, end: until });
            begin = until;
        }
    }
}
