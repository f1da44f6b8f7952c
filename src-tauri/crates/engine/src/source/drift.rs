//! Slaves a microphone's own clock to the program's: no gap and no click while they drift apart.
//!
//! A sound card's second is not ours: 200 ppm are 12 ms a minute. Every piece that arrives says
//! where the card's clock stands, with the jitter of a busy computer. A slow control loop follows
//! the mean and reads the sound faster or slower by at most a fifth of a percent (which nobody
//! hears). Pure: moments are arguments.

use std::time::Duration;

use crate::source::format::{CHANNELS, CHUNK, RATE};
use crate::source::resample::Resampler;

/// How fast an error is corrected, per second, and how fast a lasting one is learnt.
const PROPORTIONAL: f64 = 0.1;
const INTEGRAL: f64 = PROPORTIONAL * PROPORTIONAL / 4.0;
/// Jitter shorter than this is averaged away.
const SMOOTHING: f64 = 1.0;
/// The most that the speed is changed.
const MOST: f64 = 0.002;
/// A mean error beyond this is no drift: the sound is set right with a jump.
const JUMP: f64 = 0.06;
/// After so much sound the first guess, made from one piece, is set right.
const SETTLED: u64 = RATE as u64;
const SETTLED_JUMP: f64 = 0.004;

/// 10 ms of interleaved stereo, and the running time of its first sample.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Piece {
    pub(crate) pts: Duration,
    pub(crate) samples: Vec<f32>,
}

/// Turns what a microphone delivers into pieces on the program's clock.
pub(crate) struct DriftCompensator {
    resampler: Resampler,
    /// Running time of the sample at the reading point, in seconds; none before the first piece.
    output: Option<f64>,
    /// The mean of (when that sample was recorded) − `output`, in seconds.
    error: f64,
    learnt: f64,
    /// Samples taken in since the start or the last jump.
    heard: u64,
    settled: bool,
    piece: Vec<f32>,
}

impl DriftCompensator {
    pub(crate) fn new() -> Self {
        Self {
            resampler: Resampler::new(),
            output: None,
            error: 0.0,
            learnt: 0.0,
            heard: 0,
            settled: false,
            piece: Vec::with_capacity(CHUNK * CHANNELS),
        }
    }

    /// Takes interleaved samples whose last one arrived at `now` (running time); answers the
    /// pieces that are complete. Their pts follow each other exactly, but for jumps forward.
    pub(crate) fn push(&mut self, interleaved: &[f32], now: Duration) -> Vec<Piece> {
        let count = interleaved.len() / CHANNELS;
        if count == 0 {
            return Vec::new();
        }
        let rate = f64::from(RATE);
        let now = now.as_secs_f64();
        self.resampler.push(interleaved);
        self.heard += count as u64;
        // The newest sample was recorded just now, the one at the reading point so much earlier.
        let recorded = now - self.resampler.ahead() / rate;
        let output = *self.output.get_or_insert_with(|| recorded.max(0.0));
        let span = count as f64 / rate;
        // At first the plain mean of what was heard, then a sliding one.
        let weight = (span / SMOOTHING).max(count as f64 / self.heard as f64).min(1.0);
        self.error += (recorded - output - self.error) * weight;
        self.learnt = (self.learnt + INTEGRAL * self.error * span).clamp(-MOST, MOST);
        self.jump_if_needed(recorded);
        let step = 1.0 - (PROPORTIONAL * self.error + self.learnt).clamp(-MOST, MOST);
        self.produce(step)
    }

    fn jump_if_needed(&mut self, recorded: f64) {
        let settling = !self.settled && self.heard >= SETTLED;
        self.settled |= settling;
        let (limit, error) = if settling {
            (SETTLED_JUMP, self.error)
        } else {
            (JUMP, self.output.map_or(0.0, |output| recorded - output))
        };
        let Some(output) = self.output.filter(|_| self.error.abs() > limit) else { return };
        if error > 0.0 {
            // What comes was recorded later than we say: leave time out.
            self.output = Some(output + error);
            self.piece.clear();
        } else {
            // We are behind: leave sound out.
            self.resampler.skip(-error * f64::from(RATE));
        }
        self.error = 0.0;
        if !settling {
            (self.heard, self.settled) = (0, false);
        }
    }

    fn produce(&mut self, step: f64) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let Some(mut output) = self.output else { return pieces };
        while let Some(sample) = self.resampler.read(step) {
            self.piece.extend(sample);
            output += 1.0 / f64::from(RATE);
            if self.piece.len() == CHUNK * CHANNELS {
                let begin = output - CHUNK as f64 / f64::from(RATE);
                let samples = std::mem::replace(&mut self.piece, Vec::with_capacity(CHUNK * CHANNELS));
                pieces.push(Piece { pts: Duration::from_secs_f64(begin.max(0.0)), samples });
            }
        }
        self.output = Some(output);
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A card whose clock is `ppm` too fast, for `seconds`, its pieces arriving with jitter.
    /// The left channel says when a sample was recorded, in true seconds.
    fn record(ppm: f64, seconds: usize) -> Vec<Piece> {
        let mut compensator = DriftCompensator::new();
        let period = 1.0 / 48_000.0 / (1.0 + ppm * 1e-6);
        let mut pieces = Vec::new();
        for n in 0..seconds * 100 {
            let samples: Vec<f32> =
                (n * 480..(n + 1) * 480).flat_map(|i| [(5.0 + i as f64 * period) as f32, 0.0]).collect();
            let jitter = (n * 7919 % 100) as f64 * 60e-6;
            let now = 5.0 + ((n + 1) * 480) as f64 * period + jitter;
            pieces.extend(compensator.push(&samples, Duration::from_secs_f64(now)));
        }
        pieces
    }

    #[test]
    fn a_clock_200_ppm_off_is_followed_without_a_gap_or_a_jump() {
        for ppm in [-200.0, 0.0, 200.0] {
            let pieces = record(ppm, 300);
            for pair in pieces[150..].windows(2) {
                let step = pair[1].pts.as_secs_f64() - pair[0].pts.as_secs_f64();
                assert!((step - 0.01).abs() < 1e-6, "{ppm} ppm: {step} s between two pieces");
            }
            for piece in &pieces[6000..] {
                // Jitter delays by 3 ms in the mean, and the reading point looks ahead.
                let late = piece.pts.as_secs_f64() - f64::from(piece.samples[0]);
                assert!((0.0..0.008).contains(&late), "{ppm} ppm: {late} s late at {:?}", piece.pts);
            }
            let count = (pieces.len() as f64 - 30_000.0 / (1.0 + ppm * 1e-6)).abs();
            assert!(count < 4.0, "{ppm} ppm: {} pieces", pieces.len());
        }
    }

    #[test]
    fn after_a_pause_the_sound_is_where_it_belongs() {
        let mut compensator = DriftCompensator::new();
        let chunk = vec![0.1; 960];
        let mut pieces = Vec::new();
        for n in 0..1000_u64 {
            let pause = if n < 500 { 0 } else { 700 };
            pieces.extend(compensator.push(&chunk, Duration::from_millis(10 * (n + 1) + pause)));
        }
        assert!(pieces.windows(2).all(|pair| pair[1].pts > pair[0].pts), "time never goes back");
        let last = pieces.last().unwrap().pts.as_secs_f64();
        assert!((10.65..10.71).contains(&last), "{last}");
    }
}
