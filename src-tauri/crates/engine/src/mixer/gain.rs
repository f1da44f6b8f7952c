//! Gain without clicks: a change is spread over one buffer of audio.

/// The gain that a strip has now, on its way to the one it shall have.
#[derive(Debug)]
pub(crate) struct Gain {
    factor: f32,
}

impl Gain {
    /// A strip that stands at `factor`.
    pub(crate) fn at(factor: f32) -> Self {
        Self { factor }
    }

    /// The factor of a strip with `gain_db`, or of a muted one.
    pub(crate) fn factor(gain_db: f32, muted: bool) -> f32 {
        if muted { 0.0 } else { 10f32.powf(gain_db / 20.0) }
    }

    /// Whether applying `target` would change nothing.
    pub(crate) fn is_unity(&self, target: f32) -> bool {
        same(self.factor, 1.0) && same(target, 1.0)
    }

    /// Whether it gives nothing.
    pub(crate) fn is_silent(&self) -> bool {
        same(self.factor, 0.0)
    }

    /// Multiplies `samples` (left and right, F32LE), moving evenly to `target` by their end.
    pub(crate) fn apply(&mut self, samples: &mut [[u8; 8]], target: f32) {
        #[allow(clippy::cast_precision_loss, reason = "a buffer has a few hundred samples")]
        let step = (target - self.factor) / samples.len().max(1) as f32;
        for pair in samples {
            self.factor += step;
            let (sides, _) = pair.as_chunks_mut::<4>();
            for sample in sides {
                *sample = (f32::from_le_bytes(*sample) * self.factor).to_le_bytes();
            }
        }
        self.factor = target;
    }
}

fn same(a: f32, b: f32) -> bool {
    (a - b).abs() < 1e-6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer() -> Vec<[u8; 8]> {
        let one = 1f32.to_le_bytes();
        vec![[one[0], one[1], one[2], one[3], one[0], one[1], one[2], one[3]]; 480]
    }

    fn right(frame: [u8; 8]) -> f32 {
        f32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]])
    }

    #[test]
    fn muting_fades_over_one_buffer_and_then_is_silence() {
        let mut gain = Gain::at(1.0);
        let mut fading = buffer();
        gain.apply(&mut fading, Gain::factor(0.0, true));
        assert!(fading.windows(2).all(|pair| (right(pair[0]) - right(pair[1])).abs() < 0.003), "no jump");
        assert!(right(fading[479]).abs() < 1e-4);
        let mut silent = buffer();
        gain.apply(&mut silent, 0.0);
        assert!(silent.iter().all(|frame| right(*frame).abs() < 1e-6));
    }

    #[test]
    fn twenty_decibels_are_ten_times() {
        assert!((Gain::factor(20.0, false) - 10.0).abs() < 1e-4);
        assert!(Gain::at(1.0).is_unity(Gain::factor(0.0, false)));
    }
}
