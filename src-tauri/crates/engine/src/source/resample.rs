//! Reads sound a little faster or slower than it was recorded: a windowed sinc over 16 samples.

use std::f64::consts::PI;

/// Samples on each side of the reading point.
pub(crate) const REACH: usize = 8;
const TAPS: usize = 2 * REACH;
/// Reading points between two samples; a finer one is rounded (noise at −100 dB for speech).
const PHASES: usize = 512;
/// Old samples are cut off in lots, so that cutting costs little.
const KEPT: usize = 4096;

/// Stereo samples with a reading point that may lie between two of them.
pub(crate) struct Resampler {
    taps: Vec<[f32; TAPS]>,
    samples: Vec<[f32; 2]>,
    /// The reading point in `samples`.
    position: f64,
}

impl Resampler {
    pub(crate) fn new() -> Self {
        let taps = (0..=PHASES).map(|phase| kernel(phase as f64 / PHASES as f64)).collect();
        // Silence before the first sample lets reading begin exactly there.
        Self { taps, samples: vec![[0.0; 2]; REACH], position: REACH as f64 }
    }

    /// Adds interleaved stereo samples at the end.
    pub(crate) fn push(&mut self, interleaved: &[f32]) {
        self.samples.extend(interleaved.chunks_exact(2).map(|pair| [pair[0], pair[1]]));
    }

    /// Adds `count` samples that nobody recorded: what came last, mirrored and faded out over `fade` samples,
    /// then silence.
    pub(crate) fn fill(&mut self, count: usize, fade: usize) {
        let fade = fade.min(count).min(self.samples.len());
        let end = self.samples.len();
        for n in 0..count {
            let mirrored = if n < fade { self.samples[end - 1 - n] } else { [0.0; 2] };
            let factor = 1.0 - (n + 1) as f32 / (fade + 1) as f32;
            self.samples.push(mirrored.map(|sample| sample * factor.max(0.0)));
        }
    }

    /// Multiplies the first of the newest `count` samples by `factors`.
    pub(crate) fn scale_newest(&mut self, count: usize, factors: impl Iterator<Item = f32>) {
        let begin = self.samples.len().saturating_sub(count);
        for (pair, factor) in self.samples[begin..].iter_mut().zip(factors) {
            *pair = pair.map(|sample| sample * factor);
        }
    }

    /// Samples behind the reading point.
    pub(crate) fn ahead(&self) -> f64 {
        self.samples.len() as f64 - self.position
    }

    /// The value at the reading point, which then moves on by `step` samples; none while the
    /// samples around it are not there yet.
    pub(crate) fn read(&mut self, step: f64) -> Option<[f32; 2]> {
        let whole = self.position.floor();
        let (at, part) = (whole as usize, self.position - whole);
        let around = self.samples.get(at + 1 - REACH..=at + REACH)?;
        let taps = &self.taps[(part * PHASES as f64).round() as usize];
        let mut sum = [0.0; 2];
        for (sample, tap) in around.iter().zip(taps) {
            sum[0] += sample[0] * tap;
            sum[1] += sample[1] * tap;
        }
        self.position += step;
        self.forget();
        Some(sum)
    }

    /// Moves the reading point by `samples`, back at most to the oldest sample that is kept.
    pub(crate) fn skip(&mut self, samples: f64) {
        self.position = (self.position + samples).clamp(REACH as f64, (self.samples.len().max(REACH)) as f64);
    }

    fn forget(&mut self) {
        let old = (self.position as usize).saturating_sub(REACH);
        if old > KEPT {
            self.samples.drain(..old);
            self.position -= old as f64;
        }
    }
}

/// Weights for a reading point `part` behind the eighth of sixteen samples; their sum is 1.
fn kernel(part: f64) -> [f32; TAPS] {
    let mut weights = [0.0; TAPS];
    for (index, weight) in weights.iter_mut().enumerate() {
        let distance = index as f64 - (REACH as f64 - 1.0) - part;
        let sinc = if distance.abs() < 1e-9 { 1.0 } else { (PI * distance).sin() / (PI * distance) };
        let window = (PI * distance / (TAPS as f64)).cos().max(0.0);
        *weight = sinc * window * window;
    }
    let sum: f64 = weights.iter().sum();
    weights.map(|weight| (weight / sum) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(count: usize) -> Vec<f32> {
        (0..count).flat_map(|n| [(n as f32 * 0.4).sin(), (n as f32 * 0.05).cos()]).collect()
    }

    #[test]
    fn at_the_same_speed_nothing_changes() {
        let mut resampler = Resampler::new();
        let input = tone(10_000);
        resampler.push(&input);
        let output: Vec<f32> = std::iter::from_fn(|| resampler.read(1.0)).flatten().collect();
        assert_eq!(output.len(), input.len() - 2 * REACH);
        assert!(output.iter().zip(&input).all(|(a, b)| (a - b).abs() < 1e-4));
    }

    #[test]
    fn between_two_samples_the_tone_goes_on() {
        let mut resampler = Resampler::new();
        resampler.push(&tone(2000));
        let step = 1.001;
        let output: Vec<[f32; 2]> = std::iter::from_fn(|| resampler.read(step)).collect();
        for (n, value) in output.iter().enumerate().skip(REACH) {
            let right = (n as f64 * step * 0.4).sin() as f32;
            assert!((value[0] - right).abs() < 0.01, "{n}: {} instead of {right}", value[0]);
        }
    }
}
