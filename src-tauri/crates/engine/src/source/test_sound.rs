//! The sound of the test microphone: quiet pink noise, and a beep at each full second of Unix time.

use std::f32::consts::TAU;
use std::time::Duration;

use crate::source::format::{CHANNELS, CHUNK, RATE};

const BEEP_HZ: f32 = 1000.0;
const BEEP_NS: u64 = 100_000_000;
/// −12 dBFS.
const BEEP_LEVEL: f32 = 0.25;
/// Each end of the beep rises or falls for so long, so that it does not click.
const RAMP_NS: f32 = 500_000.0;
/// Brings the filtered noise to about −42 dBFS RMS.
const NOISE_LEVEL: f32 = 0.006;

/// Makes the sound, 10 ms at a time.
pub(crate) struct TestSound {
    random: u64,
    filter: [f32; 3],
}

impl TestSound {
    pub(crate) fn new() -> Self {
        Self { random: 0x5eed_cafe, filter: [0.0; 3] }
    }

    /// The next 10 ms, interleaved, whose first sample is heard at `unix`.
    pub(crate) fn chunk(&mut self, unix: Duration) -> Vec<f32> {
        let mut samples = Vec::with_capacity(CHUNK * CHANNELS);
        for index in 0..CHUNK as u64 {
            let moment = u64::from(unix.subsec_nanos()) + index * 1_000_000_000 / u64::from(RATE);
            let sample = beep(moment % 1_000_000_000) + self.noise();
            samples.extend([sample; CHANNELS]);
        }
        samples
    }

    /// Paul Kellet's economical pink filter over white noise.
    fn noise(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let white = (self.random >> 40) as f32 / (1 << 23) as f32 - 1.0;
        let [low, middle, high] = &mut self.filter;
        *low = 0.99765 * *low + white * 0.099_046;
        *middle = 0.963 * *middle + white * 0.296_516_4;
        *high = 0.57 * *high + white * 1.052_691_3;
        (*low + *middle + *high + white * 0.1848) * NOISE_LEVEL
    }
}

/// The beep `nanoseconds` after a full second; 0 when it is over.
fn beep(nanoseconds: u64) -> f32 {
    if nanoseconds >= BEEP_NS {
        return 0.0;
    }
    let edge = nanoseconds.min(BEEP_NS - nanoseconds) as f32;
    (TAU * BEEP_HZ * nanoseconds as f32 / 1e9).sin() * BEEP_LEVEL * (edge / RAMP_NS).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::level::decibels;

    fn second() -> Vec<f32> {
        let mut sound = TestSound::new();
        let start = Duration::from_millis(1_795_238_399_500);
        (0..100).flat_map(|n| sound.chunk(start + Duration::from_millis(10 * n))).step_by(CHANNELS).collect()
    }

    #[test]
    fn the_beep_begins_at_the_full_second_to_the_sample_and_lasts_a_tenth() {
        let samples = second();
        let loud = |sample: &f32| sample.abs() > 0.12;
        let (first, last) = (samples.iter().position(loud).unwrap(), samples.iter().rposition(loud).unwrap());
        assert!((24_000..24_040).contains(&first), "{first}");
        assert!((28_740..28_800).contains(&last), "{last}");
    }

    #[test]
    fn the_noise_is_quiet_but_not_silence() {
        let quiet = &second()[..20_000];
        let power = quiet.iter().map(|sample| sample * sample).sum::<f32>() / quiet.len() as f32;
        let level = decibels(power.sqrt());
        assert!((-46.0..-38.0).contains(&level), "{level} dBFS");
    }
}
