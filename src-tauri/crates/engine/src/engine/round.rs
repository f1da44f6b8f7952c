//! What was observed since the last look, as statistics.

use std::time::{Duration, Instant};

use domain::{ProgramMs, Stats};

use super::broadcast::OnAir;
use crate::encoding::Counted;
use crate::mixer::Observed;

/// When the engine last looked, and what it saw then.
pub(super) struct Round {
    pub(super) at: Instant,
    counted: Counted,
    observed: Observed,
    /// Pictures that were missing before the broadcast began.
    dropped_before: u64,
}

impl Round {
    /// Nothing was seen yet.
    pub(super) fn new() -> Self {
        Self { at: Instant::now(), counted: Counted::default(), observed: Observed::default(), dropped_before: 0 }
    }

    /// A broadcast begins: its counts start at zero.
    pub(super) fn begin(&mut self) {
        self.counted = Counted::default();
        self.dropped_before = self.observed.dropped;
    }

    /// What happened in `elapsed`, the time since the last look.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a few pictures and kilobits")]
    pub(super) fn advance(&mut self, elapsed: Duration, observed: Observed, on_air: Option<&OnAir>) -> Stats {
        self.at += elapsed;
        let seconds = elapsed.as_secs_f32().max(0.001);
        let mixed = observed.pictures.saturating_sub(self.observed.pictures);
        self.observed = observed;
        let dropped_rendering = observed.dropped - self.dropped_before;
        let Some(on_air) = on_air else {
            return Stats { fps: mixed as f32 / seconds, dropped_rendering, ..Stats::default() };
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
            recording_bytes: 0,
        }
    }
}
