//! What was observed since the last look, as statistics.

use std::time::{Duration, Instant};

use domain::{ProgramMs, Stats};

use super::broadcast::OnAir;
use crate::encoding::Counted;
use crate::output::FrameCount;

/// Bits are averaged over so many looks: the second with the keyframe has far more than the others.
const AVERAGED: usize = 2;

/// When the engine last looked, and what it saw then.
pub(super) struct Round {
    pub(super) at: Instant,
    encoded: Encoded,
    drawn: FrameCount,
    /// Frames that were missing before the broadcast began.
    dropped_before: u64,
}

impl Round {
    /// Nothing was seen yet.
    pub(super) fn new() -> Self {
        Self { at: Instant::now(), encoded: Encoded::default(), drawn: FrameCount::default(), dropped_before: 0 }
    }

    /// A broadcast begins: its counts start at zero.
    pub(super) fn begin(&mut self) {
        self.encoded = Encoded::default();
        self.dropped_before = self.drawn.dropped;
    }

    /// What happened in `elapsed`, the time since the last look.
    #[allow(clippy::cast_precision_loss, reason = "a few frames")]
    pub(super) fn advance(&mut self, elapsed: Duration, drawn: FrameCount, on_air: Option<&OnAir>) -> Stats {
        self.at += elapsed;
        let frames = drawn.drawn.saturating_sub(self.drawn.drawn);
        self.drawn = drawn;
        let dropped_rendering = drawn.dropped - self.dropped_before;
        let Some(on_air) = on_air else {
            let fps = frames as f32 / elapsed.as_secs_f32().max(0.001);
            return Stats { fps, dropped_rendering, ..Stats::default() };
        };
        let (fps, encoded_kbps) = self.encoded.advance(elapsed, on_air.counted());
        Stats {
            program_ms: ProgramMs(on_air.reached().as_millis()),
            fps,
            dropped_rendering,
            dropped_encoder: on_air.dropped(),
            dropped_network: on_air.dropped_network(),
            encoded_kbps,
            ..Stats::default()
        }
    }
}

/// How fast the encoder gives. An encoder that waited for the processor catches up at once: its
/// frames and bits belong to the program time that they cover, not to the moment in which they came.
/// One that cannot keep up is measured by the clock on the wall: so many reach people in a second.
#[derive(Debug, Default)]
struct Encoded {
    counted: Counted,
    /// Bytes of the last looks, and the time that they were for.
    bytes: Vec<(f32, f32)>,
}

impl Encoded {
    /// Frames a second, and kb/s averaged over a keyframe's distance.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a few frames and kilobits")]
    #[allow(clippy::cast_sign_loss, reason = "nothing here is below zero")]
    fn advance(&mut self, elapsed: Duration, counted: Counted) -> (f32, u32) {
        let before = std::mem::replace(&mut self.counted, counted);
        let covered = Duration::from_nanos(counted.reached.as_nanos().saturating_sub(before.reached.as_nanos()));
        let seconds = elapsed.max(covered).as_secs_f32().max(0.001);
        let frames = counted.frames.saturating_sub(before.frames) as f32;
        let bytes = counted.bytes.saturating_sub(before.bytes) as f32;
        self.bytes.push((bytes, seconds));
        if self.bytes.len() > AVERAGED {
            self.bytes.remove(0);
        }
        let (bytes, averaged) = self.bytes.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        (frames / seconds, (bytes * 8.0 / 1000.0 / averaged) as u32)
    }
}

#[cfg(test)]
mod tests {
    use media::ProgramTime;

    use super::*;

    /// What is said after each look: (seconds on the wall, frames so far, bytes so far); a frame is 33.3 ms.
    fn said(looks: &[(f32, u64, u64)]) -> Vec<(f32, u32)> {
        let mut encoded = Encoded::default();
        let look = |(seconds, frames, bytes): &(f32, u64, u64)| {
            let reached = ProgramTime::from_nanos(frames * 1_000_000_000 / 30);
            let counted = Counted { frames: *frames, bytes: *bytes, reached };
            let (fps, kbps) = encoded.advance(Duration::from_secs_f32(*seconds), counted);
            ((fps * 10.0).round() / 10.0, kbps)
        };
        looks.iter().map(look).collect()
    }

    #[test]
    fn an_encoder_that_catches_up_sends_no_more_than_the_program_has() {
        // It stood still for 0.6 s, and gave 48 frames in the second after it.
        let steady = 2_628_000 / 8;
        let bytes = |frames: u64| frames * steady / 30;
        let looks = [(1.0, 12, bytes(12)), (1.0, 60, bytes(60)), (1.0, 90, bytes(90))];
        let said = said(&looks);
        assert_eq!(said.iter().map(|(fps, _)| *fps).collect::<Vec<_>>(), [12.0, 30.0, 30.0]);
        assert!((2_620..=2_630).contains(&said[2].1), "{said:?}");
        assert!(said.iter().all(|(_, kbps)| *kbps <= 2_630), "{said:?}");
    }

    #[test]
    fn an_encoder_that_cannot_keep_up_says_what_reaches_people_and_one_that_stands_still_says_nothing() {
        let looks = [(1.0, 20, 100_000), (1.0, 40, 200_000), (1.0, 40, 200_000)];
        let fps: Vec<f32> = said(&looks).into_iter().map(|(fps, _)| fps).collect();
        assert_eq!(fps, [20.0, 20.0, 0.0]);
    }

    #[test]
    fn a_late_look_changes_no_rate_and_the_second_with_the_keyframe_is_averaged() {
        assert_eq!(said(&[(1.0, 30, 0), (1.6, 78, 0)]).last().map(|(fps, _)| *fps), Some(30.0));
        let kbps: Vec<u32> = said(&[(1.0, 30, 400_000), (1.0, 60, 650_000), (1.0, 90, 1_050_000)])
            .into_iter()
            .map(|(_, kbps)| kbps)
            .collect();
        assert_eq!(kbps[1..], [2_600, 2_600]);
    }
}
