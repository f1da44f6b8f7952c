//! Whether frames are black or frozen, inspected once a second at a few thousand points.

use std::sync::Arc;
use std::time::Duration;

use domain::SourceId;

use crate::event::EngineEvent;
use crate::joint::SourceSink;

const PERIOD: Duration = Duration::from_secs(1);
const COLUMNS: usize = 128;
const ROWS: usize = 72;
/// Luma up to here is black; limited range's black is 16.
const BLACK: u8 = 24;
/// A moving picture's points differ by more than this; a decoder's rounding does not.
const SAME: u8 = 2;

/// Inspects one source's frames and emits `Content` once a second.
pub(crate) struct Inspector {
    id: SourceId,
    sink: Arc<dyn SourceSink>,
    due: Duration,
    last: Option<Vec<u8>>,
}

impl Inspector {
    pub(crate) fn new(id: SourceId, sink: Arc<dyn SourceSink>) -> Self {
        Self { id, sink, due: Duration::ZERO, last: None }
    }

    /// Whether an inspection is due at `moment` (running time); the caller then brings the luma plane.
    pub(crate) fn due(&self, moment: Duration) -> bool {
        moment >= self.due
    }

    /// Inspects the frame of `moment`.
    pub(crate) fn inspect(&mut self, moment: Duration, luma: &[u8], stride: usize, width: usize, height: usize) {
        self.due = moment + PERIOD;
        let points = sample(luma, stride, width, height);
        if let Some(last) = self.last.replace(points) {
            let points = self.last.as_deref().unwrap_or_default();
            let (black, still) = judge(&last, points);
            self.sink.event(EngineEvent::Content { id: self.id.clone(), black, still });
        }
    }
}

fn sample(luma: &[u8], stride: usize, width: usize, height: usize) -> Vec<u8> {
    let rows = (0..ROWS).map(|row| (2 * row + 1) * height / (2 * ROWS));
    let columns = || (0..COLUMNS).map(|column| (2 * column + 1) * width / (2 * COLUMNS));
    rows.flat_map(|y| columns().map(move |x| luma.get(y * stride + x).copied().unwrap_or(0))).collect()
}

/// Whether a frame is black, and whether nothing changed since the last inspection.
fn judge(last: &[u8], points: &[u8]) -> (bool, bool) {
    let bright = points.iter().filter(|point| **point > BLACK).count();
    let moved = last.iter().zip(points).any(|(before, now)| before.abs_diff(*now) > SAME);
    // Dead pixels and a sensor's grain are no picture: one point in two hundred may be bright.
    (bright * 200 <= points.len(), !moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_and_still_are_told_apart_from_a_dark_moving_picture() {
        let black = sample(&vec![16; 640 * 360], 640, 640, 360);
        assert_eq!(judge(&black, &black), (true, true));
        let dark: Vec<u8> = (0..640 * 360).map(|n| 20 + (n % 11) as u8).collect();
        let moved: Vec<u8> = (0..640 * 360).map(|n| 20 + ((n + 5) % 11) as u8).collect();
        let (dark, moved) = (sample(&dark, 640, 640, 360), sample(&moved, 640, 640, 360));
        assert_eq!(judge(&dark, &moved), (false, false));
        assert_eq!(judge(&dark, &dark), (false, true));
    }
}
