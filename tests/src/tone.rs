//! What became of a steady tone on its way: its frequency, its level, and where it is missing.

use std::f64::consts::SQRT_2;

/// Samples a second.
const RATE: f64 = 48_000.0;
/// 10 ms.
const PIECE: usize = 480;
/// A piece so much quieter than the tone is silent: a tenth.
const SILENT: f64 = 0.1;

/// A tone as it was heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// Oscillations a second: the median of every tenth of a second, so that a hole does not change it.
    pub hz: f64,
    /// Its amplitude in decibels below full scale; −120 where there is none.
    pub db: f64,
    /// Pieces of 10 ms.
    pub pieces: usize,
    /// Those of them that are silent.
    pub silent: usize,
}

impl Tone {
    /// What `samples` (one channel, 48 kHz) are as a tone.
    #[must_use]
    pub fn of(samples: &[f32]) -> Self {
        let mut levels: Vec<f64> = samples.chunks_exact(PIECE).map(rms).collect();
        let quiet = levels.clone();
        levels.sort_by(f64::total_cmp);
        let usual = levels.get(levels.len() / 2).copied().unwrap_or_default();
        let silent = quiet.iter().filter(|level| usual < 1e-6 || **level < usual * SILENT).count();
        let db = 20.0 * (usual * SQRT_2).max(1e-6).log10();
        let mut hz: Vec<f64> = samples.chunks_exact(10 * PIECE).map(frequency).collect();
        hz.sort_by(f64::total_cmp);
        let hz = hz.get(hz.len() / 2).copied().unwrap_or_default();
        Self { hz, db, pieces: quiet.len(), silent }
    }

    /// The part of the pieces that is silent, in percent.
    #[must_use]
    pub fn silent_percent(&self) -> f64 {
        100.0 * self.silent as f64 / self.pieces.max(1) as f64
    }
}

fn rms(piece: &[f32]) -> f64 {
    (piece.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / piece.len().max(1) as f64).sqrt()
}

/// Rising zero crossings a second, from the first to the last.
fn frequency(samples: &[f32]) -> f64 {
    let rises = || samples.windows(2).enumerate().filter(|(_, pair)| pair[0] < 0.0 && pair[1] >= 0.0);
    let at = |(n, pair): (usize, &[f32])| n as f64 + f64::from(pair[0]) / f64::from(pair[0] - pair[1]);
    match (rises().next().map(at), rises().next_back().map(at)) {
        (Some(first), Some(last)) if last > first => (rises().count() - 1) as f64 * RATE / (last - first),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, level: f64, seconds: f64) -> Vec<f32> {
        let count = (seconds * RATE) as usize;
        (0..count).map(|n| (level * (std::f64::consts::TAU * hz * n as f64 / RATE).sin()) as f32).collect()
    }

    #[test]
    fn a_tone_is_measured_and_its_holes_are_counted() {
        let whole = Tone::of(&tone(1_000.0, 0.25, 2.0));
        assert!((whole.hz - 1_000.0).abs() < 0.1 && (whole.db + 12.04).abs() < 0.05, "{whole:?}");
        assert_eq!((whole.pieces, whole.silent), (200, 0));
        let mut holed = tone(440.0, 0.5, 1.0);
        holed[48 * 100..48 * 130].fill(0.0);
        let holed = Tone::of(&holed);
        assert_eq!((holed.pieces, holed.silent), (100, 3));
        assert!((holed.silent_percent() - 3.0).abs() < 1e-9 && (holed.hz - 440.0).abs() < 0.5, "{holed:?}");
    }

    #[test]
    fn silence_is_no_tone() {
        assert_eq!(Tone::of(&[]), Tone { hz: 0.0, db: -120.0, pieces: 0, silent: 0 });
        let silence = Tone::of(&[0.0; 4_800]);
        assert_eq!((silence.hz, silence.pieces, silence.silent), (0.0, 10, 10));
    }
}
