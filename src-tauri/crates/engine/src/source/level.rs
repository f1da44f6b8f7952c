//! A source's peak, before gain and mute.

use std::sync::Arc;

use crate::joint::SourceSink;

/// Buffers of 10 ms in one report: 20 reports a second.
const REPORT_EVERY: u32 = 5;

/// Measures what passes, and gives a sink the peak.
pub(crate) struct PeakMeter {
    sink: Arc<dyn SourceSink>,
    peak: f32,
    buffers: u32,
}

impl PeakMeter {
    pub(crate) fn new(sink: Arc<dyn SourceSink>) -> Self {
        Self { sink, peak: 0.0, buffers: 0 }
    }

    /// 10 ms of samples passed.
    pub(crate) fn measure(&mut self, samples: &[f32]) {
        self.peak = samples.iter().fold(self.peak, |peak, sample| peak.max(sample.abs()));
        self.buffers += 1;
        if self.buffers == REPORT_EVERY {
            self.sink.peak(decibels(self.peak));
            (self.peak, self.buffers) = (0.0, 0);
        }
    }
}

/// dBFS of a linear value; silence is −120.
pub(crate) fn decibels(linear: f32) -> f32 {
    20.0 * linear.max(1e-6).log10()
}
