//! How long segments and parts are: read off the first keyframes, and kept from then on, because a
//! playlist's target durations never change (RFC 8216bis §4.4.3.1).

use std::time::Duration;

use media::{GOP, ProgramTime};

/// The longest target duration that is served. Beyond it a newcomer waits too long.
const LONGEST: Duration = Duration::from_secs(10);
/// A part, unless frames are so far apart that whole ones do not fit.
const PART: Duration = Duration::from_millis(250);
/// A keyframe so little behind a step of the grid stands on it.
const ON_GRID: Duration = Duration::from_millis(40);
/// A segment's duration is rounded to whole seconds (§4.4.3.1); this much longer is still as long.
const ROUNDED_OFF: Duration = Duration::from_millis(450);
/// Times are rounded: so much longer is still as long.
const ROUNDING: Duration = Duration::from_micros(500);
/// Two intervals between keyframes show how far apart they are.
const INTERVALS: usize = 2;

/// Fixed for a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// `EXT-X-TARGETDURATION`: whole seconds.
    pub(crate) target: Duration,
    /// `PART-TARGET`.
    pub(crate) part: Duration,
    /// The distance of two frames.
    pub(crate) frame: Duration,
    keyframes: Keyframes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keyframes {
    /// At each step of [`GOP`]; further ones were asked for.
    OnGrid,
    /// At most so far apart.
    Apart(Duration),
}

/// What the first frames say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measured {
    /// More of them are needed.
    NotYet,
    Pace(Pace),
    /// Keyframes are farther apart than can be served.
    TooFar,
}

impl Pace {
    /// What `frames` say: the first of them is a keyframe, and each is later than the one before.
    pub(crate) fn measure(frames: &[(ProgramTime, bool)]) -> Measured {
        let keyframes: Vec<ProgramTime> = frames.iter().filter(|(_, key)| *key).map(|(pts, _)| *pts).collect();
        let (Some(first), Some((newest, _))) = (keyframes.first(), frames.last()) else { return Measured::NotYet };
        let intervals = keyframes.windows(2).map(|pair| pair[1].since(pair[0]));
        let longest = intervals.max().unwrap_or_default();
        let open = keyframes.last().map_or(Duration::ZERO, |last| newest.since(*last));
        if longest.max(open) > LONGEST {
            return Measured::TooFar;
        }
        let next_step = keyframes.iter().find(|pts| step(**pts) > step(*first));
        if next_step.is_some_and(|pts| step(*pts) == step(*first) + 1 && is_on_grid(*pts)) {
            return Measured::Pace(Self::of(Keyframes::OnGrid, GOP, frames));
        }
        if next_step.is_none() || keyframes.len() <= INTERVALS {
            return Measured::NotYet;
        }
        let whole = Duration::from_secs(longest.saturating_sub(ROUNDED_OFF).as_secs() + 1).clamp(GOP, LONGEST);
        Measured::Pace(Self::of(Keyframes::Apart(longest), whole, frames))
    }

    fn of(keyframes: Keyframes, target: Duration, frames: &[(ProgramTime, bool)]) -> Self {
        let intervals = u32::try_from(frames.len().saturating_sub(1)).unwrap_or(u32::MAX).max(1);
        let span = frames.last().map_or(Duration::ZERO, |(last, _)| last.since(frames[0].0));
        let frame = (span / intervals).max(Duration::from_millis(1));
        let longest = frames.windows(2).map(|pair| pair[1].0.since(pair[0].0)).max().unwrap_or(frame);
        Self { target, part: part_target(frame, longest), frame, keyframes }
    }

    /// Whether the frame of `pts` begins a segment, where the one before began at `begin`. Without a
    /// keyframe in time a segment ends all the same: its duration has a limit, and those who have
    /// watched so far can go on.
    pub(super) fn begins_segment(&self, begin: ProgramTime, pts: ProgramTime, keyframe: bool) -> bool {
        let elapsed = pts.since(begin);
        let wanted = match self.keyframes {
            Keyframes::OnGrid => step(pts) > step(begin),
            Keyframes::Apart(most) => elapsed + most > self.target + ON_GRID,
        };
        keyframe && wanted || elapsed + self.frame > self.target + ROUNDED_OFF
    }
}

/// A frame belongs to a step up to a millisecond before it, as in [`media::KeyframeGrid`].
fn step(pts: ProgramTime) -> u128 {
    (pts.since_zero() + Duration::from_millis(1)).as_nanos() / GOP.as_nanos()
}

fn is_on_grid(pts: ProgramTime) -> bool {
    let behind = (pts.since_zero() + Duration::from_millis(1)).as_nanos() % GOP.as_nanos();
    behind <= ON_GRID.as_nanos()
}

/// Parts are of whole frames, none is longer than the target, and all but a segment's last have at
/// least 85 % of it (§4.4.4.9).
fn part_target(frame: Duration, longest: Duration) -> Duration {
    let fit = u32::try_from((PART + ROUNDING).as_nanos() / frame.as_nanos().max(1)).unwrap_or(u32::MAX);
    let target = if frame * fit >= PART * 85 / 100 { PART } else { frame * (fit + 1) + Duration::from_millis(1) };
    // A frame that lasts longer than a part could not be said.
    let longest = if longest > target { longest * 5 / 4 } else { target };
    let millis = longest.max(target).as_micros().div_ceil(1000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of `fps`, with keyframes at these milliseconds, up to `until`.
    fn frames(fps: u64, keyframes: &[u64], until: u64) -> Vec<(ProgramTime, bool)> {
        let first = keyframes[0];
        let times = (0..).map(|n| first + n * 1000 / fps).take_while(|ms| *ms <= until);
        times
            .map(|ms| {
                (ProgramTime::from_millis(ms), keyframes.iter().any(|key| (*key..*key + 1000 / fps).contains(&ms)))
            })
            .collect()
    }

    fn pace(fps: u64, keyframes: &[u64]) -> Pace {
        match Pace::measure(&frames(fps, keyframes, keyframes.last().unwrap() + 1000 / fps)) {
            Measured::Pace(pace) => pace,
            other => panic!("{keyframes:?}: {other:?}"),
        }
    }

    #[test]
    fn the_engines_grid_is_known_by_its_second_keyframe_whatever_was_asked_for_before() {
        for keyframes in [&[0, 2000][..], &[0, 300, 700, 2000], &[5300, 6000], &[1990, 2000], &[0, 2033]] {
            let pace = pace(30, keyframes);
            assert_eq!((pace.target, pace.part), (Duration::from_secs(2), PART), "{keyframes:?}");
            assert_eq!(pace.keyframes, Keyframes::OnGrid);
        }
        assert_eq!(Pace::measure(&frames(30, &[0, 300], 1900)), Measured::NotYet);
    }

    #[test]
    fn other_publishers_get_the_target_of_their_first_gops() {
        for (keyframes, target) in [
            (&[0, 3000, 6000][..], 3),
            (&[0, 4000, 8000], 4),
            (&[0, 1500, 3000], 2),
            (&[100, 5100, 10_100], 5),
            (&[0, 2400, 4800], 2),
            (&[0, 10_000, 20_000], 10),
        ] {
            assert_eq!(pace(25, keyframes).target, Duration::from_secs(target), "{keyframes:?}");
        }
        assert_eq!(Pace::measure(&frames(25, &[0, 3000], 5000)), Measured::NotYet);
        assert_eq!(Pace::measure(&frames(25, &[0], 10_100)), Measured::TooFar);
        assert_eq!(Pace::measure(&frames(25, &[0, 11_000], 11_000)), Measured::TooFar);
        assert_eq!(Pace::measure(&[]), Measured::NotYet);
    }

    #[test]
    fn parts_are_as_long_as_whole_frames_allow() {
        for (frame, part) in
            [(33_333, 250), (20_000, 250), (41_667, 250), (100_000, 301), (500_000, 501), (142_857, 287)]
        {
            let frame = Duration::from_micros(frame);
            let target = part_target(frame, frame);
            assert_eq!(target.as_millis(), part, "{frame:?}");
            let whole = frame * u32::try_from((target + ROUNDING).as_nanos() / frame.as_nanos()).unwrap();
            assert!(whole <= target + ROUNDING && whole >= target * 85 / 100, "{frame:?} {whole:?}");
        }
        assert!(part_target(Duration::from_millis(33), Duration::from_millis(700)) >= Duration::from_millis(700));
    }

    #[test]
    fn a_keyframe_that_does_not_come_ends_a_segment_before_its_limit() {
        let pace = pace(30, &[0, 2000]);
        let at = ProgramTime::from_millis;
        assert!(pace.begins_segment(at(0), at(2000), true));
        assert!(!pace.begins_segment(at(0), at(700), true), "it was asked for");
        assert!(!pace.begins_segment(at(0), at(2033), false));
        assert!(pace.begins_segment(at(0), at(2434), false));
        assert!(pace.begins_segment(at(2434), at(4000), true), "back on the grid");
    }
}
