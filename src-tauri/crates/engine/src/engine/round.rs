//! What was observed since the last look, as statistics.

use std::time::{Duration, Instant};

use domain::{ProgramMs, Stats};

use super::broadcast::OnAir;
use crate::encoding::Counted;
use crate::output::FrameCount;

/// When the engine last looked, and what it saw then.
pub(super) struct Round {
    pub(super) at: Instant,
    counted: Counted,
    drawn: FrameCount,
    /// Frames that were missing before the broadcast began.
    dropped_before: u64,
}

impl Round {
    /// Nothing was seen yet.
    pub(super) fn new() -> Self {
        Self { at: Instant::now(), counted: Counted::default(), drawn: FrameCount::default(), dropped_before: 0 }
    }

    /// A broadcast begins: its counts start at zero.
    pub(super) fn begin(&mut self) {
        self.counted = Counted::default();
        self.dropped_before = self.drawn.dropped;
    }

    /// What happened in `elapsed`, the time since the last look.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a few pictures and kilobits")]
    pub(super) fn advance(&mut self, elapsed: Duration, drawn: FrameCount, on_air: Option<&OnAir>) -> Stats {
        self.at += elapsed;
        let seconds = elapsed.as_secs_f32().max(0.001);
        let frames = drawn.drawn.saturating_sub(self.drawn.drawn);
        self.drawn = drawn;
        let dropped_rendering = drawn.dropped - self.dropped_before;
        let Some(on_air) = on_air else {
            return Stats { fps: frames as f32 / seconds, dropped_rendering, ..Stats::default() };
        };
        let counted = on_air.counted();
        let before = std::mem::replace(&mut self.counted, counted);
        let bytes = counted.bytes.saturating_sub(before.bytes) as f32;
        Stats {
            program_ms: ProgramMs(on_air.reached().as_millis()),
            fps: counted.frames.saturating_sub(before.frames) as f32 / seconds,
            dropped_rendering,
            dropped_encoder: on_air.dropped(),
            dropped_network: on_air.dropped_network(),
            encoded_kbps: (bytes * 8.0 / 1000.0 / seconds) as u32,
            ..Stats::default()
        }
    }
}
