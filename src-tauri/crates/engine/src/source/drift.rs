//! Slaves a microphone's own clock to the program's: no gap and no click while they drift apart.
//!
//! A sound card's second is not ours: 200 ppm are 12 ms a minute. Every chunk that arrives says
//! where the card's clock stands, with the jitter of a busy computer. A slow control loop follows
//! the mean and reads the sound faster or slower by at most a fifth of a percent (which nobody
//! hears). Time that the card lost is filled where it is missing, with a fade to silence and back.
//! Pure: moments are arguments.

use std::time::Duration;

use crate::source::format::{CHANNELS, CHUNK, RATE};
use crate::source::lost::LostTime;
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
/// After so much sound the first guess, made from one chunk, is set right.
const SETTLED: u64 = RATE as u64;
const SETTLED_JUMP: f64 = 0.004;
/// A fade into filled time and out of it: 5 ms.
const FADE: usize = RATE as usize / 200;

/// 10 ms of interleaved stereo, and the running time of its first sample.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chunk {
    pub(crate) pts: Duration,
    pub(crate) samples: Vec<f32>,
}

/// Turns what a microphone delivers into chunks on the program's clock.
pub(crate) struct DriftCompensator {
    resampler: Resampler,
    /// Running time of the sample at the reading point, in seconds; none before the first chunk.
    output: Option<f64>,
    /// The mean of (when that sample was recorded) − `output`, in seconds.
    error: f64,
    learnt: f64,
    /// Samples taken in since the start or the last jump.
    heard: u64,
    settled: bool,
    lost: LostTime,
    /// Samples of the fade after filled time that are still to come.
    fading_in: usize,
    chunk: Vec<f32>,
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
            lost: LostTime::default(),
            fading_in: 0,
            chunk: Vec::with_capacity(CHUNK * CHANNELS),
        }
    }

    /// Takes interleaved samples whose last one arrived at `now` (running time), with the moment of the
    /// first one on the card's own clock where that is known; answers the chunks that are complete.
    /// Their pts follow each other exactly, but for jumps forward.
    pub(crate) fn push(&mut self, interleaved: &[f32], stamp: Option<Duration>, now: Duration) -> Vec<Chunk> {
        let count = interleaved.len() / CHANNELS;
        if count == 0 {
            return Vec::new();
        }
        let rate = f64::from(RATE);
        let now = now.as_secs_f64();
        let span = count as f64 / rate;
        let missing = self.lost.before(stamp, span);
        self.fill(missing);
        self.resampler.push(interleaved);
        self.fade_in(count);
        self.heard += count as u64;
        // The newest sample was recorded just now, the one at the reading point so much earlier.
        let recorded = now - self.resampler.ahead() / rate;
        let mut lateness = recorded - *self.output.get_or_insert_with(|| recorded.max(0.0));
        if self.settled {
            let missing = self.lost.by(now, lateness, span);
            self.fill(missing);
            lateness -= missing;
        }
        if !self.lost.doubts() {
            // At first the plain mean of what was heard, then a sliding one.
            let weight = (span / SMOOTHING).max(count as f64 / self.heard as f64).min(1.0);
            self.error += (lateness - self.error) * weight;
            self.learnt = (self.learnt + INTEGRAL * self.error * span).clamp(-MOST, MOST);
            self.jump_if_needed(lateness);
        }
        let step = 1.0 - (PROPORTIONAL * self.error + self.learnt).clamp(-MOST, MOST);
        self.produce(step)
    }

    /// Fills so many seconds behind what was heard: a fade out of its mirror image, silence, and a fade into
    /// what comes next.
    fn fill(&mut self, seconds: f64) {
        let count = (seconds * f64::from(RATE)).round() as usize;
        if count > 0 {
            self.resampler.fill(count, FADE);
            self.fading_in = FADE;
        }
    }

    /// Fades in what of the newest `count` samples still belongs to the fade.
    fn fade_in(&mut self, count: usize) {
        let done = FADE - self.fading_in.min(FADE);
        let fading = self.fading_in.min(count);
        self.resampler.scale_newest(count, (done..done + fading).map(|n| n as f32 / FADE as f32));
        self.fading_in -= fading;
    }

    fn jump_if_needed(&mut self, lateness: f64) {
        let settling = !self.settled && self.heard >= SETTLED;
        self.settled |= settling;
        let (limit, error) = if settling { (SETTLED_JUMP, self.error) } else { (JUMP, lateness) };
        let Some(output) = self.output.filter(|_| self.error.abs() > limit) else { return };
        if error > 0.0 {
            // What comes was recorded later than we say: leave time out.
            self.output = Some(output + error);
            self.chunk.clear();
        } else {
            // We are behind: leave sound out.
            self.resampler.skip(-error * f64::from(RATE));
        }
        self.error = 0.0;
        self.lost.reset();
        if !settling {
            (self.heard, self.settled) = (0, false);
        }
    }

    fn produce(&mut self, step: f64) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let Some(mut output) = self.output else { return chunks };
        while let Some(sample) = self.resampler.read(step) {
            self.chunk.extend(sample);
            output += 1.0 / f64::from(RATE);
            if self.chunk.len() == CHUNK * CHANNELS {
                let begin = output - CHUNK as f64 / f64::from(RATE);
                let samples = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK * CHANNELS));
                chunks.push(Chunk { pts: Duration::from_secs_f64(begin.max(0.0)), samples });
            }
        }
        self.output = Some(output);
        chunks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A card whose clock is `ppm` too fast, for `seconds`, its chunks arriving with jitter.
    /// The left channel says when a sample was recorded, in true seconds.
    fn record(ppm: f64, seconds: usize) -> Vec<Chunk> {
        let mut compensator = DriftCompensator::new();
        let period = 1.0 / 48_000.0 / (1.0 + ppm * 1e-6);
        let mut chunks = Vec::new();
        for n in 0..seconds * 100 {
            let samples: Vec<f32> =
                (n * 480..(n + 1) * 480).flat_map(|i| [(5.0 + i as f64 * period) as f32, 0.0]).collect();
            let jitter = (n * 7919 % 100) as f64 * 60e-6;
            let now = 5.0 + ((n + 1) * 480) as f64 * period + jitter;
            chunks.extend(compensator.push(&samples, None, Duration::from_secs_f64(now)));
        }
        chunks
    }

    #[test]
    fn a_clock_200_ppm_off_is_followed_without_a_gap_or_a_jump() {
        for ppm in [-300.0, -200.0, 0.0, 200.0, 300.0] {
            let chunks = record(ppm, 300);
            for pair in chunks[150..].windows(2) {
                let step = pair[1].pts.as_secs_f64() - pair[0].pts.as_secs_f64();
                assert!((step - 0.01).abs() < 1e-6, "{ppm} ppm: {step} s between two chunks");
            }
            for chunk in &chunks[6000..] {
                // Jitter delays by 3 ms in the mean, and the reading point looks ahead.
                let late = chunk.pts.as_secs_f64() - f64::from(chunk.samples[0]);
                assert!((0.0..0.008).contains(&late), "{ppm} ppm: {late} s late at {:?}", chunk.pts);
            }
            let count = (chunks.len() as f64 - 30_000.0 / (1.0 + ppm * 1e-6)).abs();
            assert!(count < 4.0, "{ppm} ppm: {} chunks", chunks.len());
        }
    }

    #[test]
    fn after_a_pause_the_sound_is_where_it_belongs() {
        let mut compensator = DriftCompensator::new();
        let chunk = vec![0.1; 960];
        let mut chunks = Vec::new();
        for n in 0..1000_u64 {
            let pause = if n < 500 { 0 } else { 700 };
            chunks.extend(compensator.push(&chunk, None, Duration::from_millis(10 * (n + 1) + pause)));
        }
        assert!(chunks.windows(2).all(|pair| pair[1].pts > pair[0].pts), "time never goes back");
        let last = chunks.last().unwrap().pts.as_secs_f64();
        assert!((10.65..10.71).contains(&last), "{last}");
    }

    /// Thirty seconds of a steady level from a card that loses `lost` ms once in `every` ms, and what of it
    /// is silent. With `stamped`, it says when it recorded what.
    fn silent_after_losses(lost: u64, every: u64, stamped: bool) -> (f64, f64, Vec<Chunk>) {
        let mut compensator = DriftCompensator::new();
        let chunk = vec![0.5_f32; 960];
        let (mut chunks, mut losses) = (Vec::new(), 0.0);
        let mut at = 5_000;
        while at < 35_000 {
            if at > 8_000 && at / every != (at - 10) / every {
                at += lost;
                losses += lost as f64 / 1e3;
            }
            let stamp = stamped.then(|| Duration::from_millis(at));
            at += 10;
            chunks.extend(compensator.push(&chunk, stamp, Duration::from_millis(at)));
        }
        let samples = || chunks.iter().flat_map(|chunk: &Chunk| chunk.samples.chunks_exact(2));
        let silent = samples().filter(|pair| pair[0].abs() < 0.4).count() as f64 / 48_000.0;
        (losses, silent, chunks)
    }

    #[test]
    fn lost_time_is_silent_for_as_long_as_it_is_missing_and_everything_else_is_whole() {
        for (lost, every) in [(10, 1_000), (50, 3_000), (200, 10_000)] {
            for stamped in [true, false] {
                let (losses, silent, chunks) = silent_after_losses(lost, every, stamped);
                let (count, name) = (losses * 1e3 / lost as f64, format!("{lost} ms of {every}, stamped: {stamped}"));
                // A fade ends within what is missing, another one begins behind it.
                assert!((silent - losses).abs() <= 0.006 * count, "{name}: {silent} s silent for {losses} s lost");
                for pair in chunks[150..].windows(2) {
                    let step = pair[1].pts.as_secs_f64() - pair[0].pts.as_secs_f64();
                    assert!((step - 0.01).abs() < 1e-6, "{name}: {step} s between two chunks");
                }
                let sound: Vec<f32> =
                    chunks.iter().flat_map(|chunk| chunk.samples.iter().step_by(2).copied()).collect();
                let steepest = sound[4_800..].windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
                assert!(steepest < 0.01, "{name}: a step of {steepest}");
                let late = 35.0 - (chunks.last().unwrap().pts.as_secs_f64() + 0.01);
                assert!(late < 0.012, "{name}: {late} s late at the end");
            }
        }
    }
}
