//! Program time: the one clock of everything that happened on air.

use std::fmt;
use std::time::Duration;

/// A moment of the program, in nanoseconds since program zero (the first keyframe that recording
/// and audience accepted). Monotonic; it has nothing to do with the wall clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgramTime(u64);

impl ProgramTime {
    /// Program zero.
    pub const ZERO: Self = Self(0);

    /// `nanoseconds` after program zero.
    #[must_use]
    pub const fn from_nanos(nanoseconds: u64) -> Self {
        Self(nanoseconds)
    }

    /// `milliseconds` after program zero. Saturates.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds.saturating_mul(1_000_000))
    }

    /// Nanoseconds since program zero.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since program zero, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The time that passed since program zero.
    #[must_use]
    pub const fn since_zero(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// This moment in ticks of `rate` a second since program zero, rounded to the nearest: units of
    /// 20 ms are exactly 960 ticks of 48 kHz apart, whatever their nanoseconds were rounded to.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "584 years in ticks of a gigahertz fit")]
    pub const fn ticks(self, rate: u32) -> u64 {
        ((self.0 as u128 * rate as u128 + 500_000_000) / 1_000_000_000) as u64
    }

    /// The moment `ticks` of `rate` a second after program zero, rounded down. Saturates.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "it is bounded before")]
    pub const fn from_ticks(ticks: u64, rate: u32) -> Self {
        let nanos = ticks as u128 * 1_000_000_000 / rate as u128;
        Self(if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 })
    }

    /// [`Self::ticks`] as an RTP timestamp (modulo 2³², RFC 3550 §5.1).
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "RTP timestamps wrap")]
    pub const fn rtp_ticks(self, rate: u32) -> u32 {
        self.ticks(rate) as u32
    }

    /// How much later this is than `earlier`; zero if it is not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for ProgramTime {
    type Output = Self;

    /// Saturates at the end of time (584 years).
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for ProgramTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.as_millis();
        let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        write!(f, "{h:02}:{m:02}:{s:02}.{:03}", ms % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_time_is_an_exact_ninety_kilohertz_clock_that_wraps() {
        assert_eq!(ProgramTime::from_millis(1).rtp_ticks(90_000), 90);
        assert_eq!(ProgramTime::from_millis(47_721_859).rtp_ticks(90_000), 14);
    }

    #[test]
    fn program_time_reads_like_a_clock() {
        assert_eq!(ProgramTime::from_millis(3_723_004).to_string(), "01:02:03.004");
    }

    #[test]
    fn ticks_are_rounded_to_the_nearest() {
        assert_eq!(ProgramTime::from_nanos(19_999_999).ticks(48_000), 960);
        assert_eq!(ProgramTime::from_nanos(20_000_001).ticks(48_000), 960);
        assert_eq!(ProgramTime::from_ticks(960, 48_000), ProgramTime::from_millis(20));
        assert_eq!(ProgramTime::from_ticks(u64::MAX, 1), ProgramTime::from_nanos(u64::MAX));
    }
}
