//! The program's clock as the audience knows it: the newest unit that was published.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::ProgramMs;
use media::ProgramTime;

/// Set by whoever publishes, read by everybody.
#[derive(Debug, Default)]
pub(crate) struct ProgramClock(AtomicU64);

impl ProgramClock {
    /// The program has reached `pts`.
    pub(crate) fn reached(&self, pts: ProgramTime) {
        self.0.fetch_max(pts.as_millis(), Ordering::Relaxed);
    }

    /// Another program begins.
    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// How far the program has come; zero before it began.
    pub(crate) fn now(&self) -> ProgramMs {
        ProgramMs(self.0.load(Ordering::Relaxed))
    }
}

/// The value of the `Antenne-Clock` header: a video RTP timestamp and its program time.
pub(crate) fn clock_header(now: ProgramMs) -> String {
    format!("rtp={};program_ms={}", ProgramTime::from_millis(now.0).rtp_ticks(90_000), now.0)
}

/// Reads what [`clock_header`] wrote.
pub(crate) fn parse_clock_header(text: &str) -> Option<(u32, ProgramMs)> {
    let (rtp, program) = text.split_once(';')?;
    let rtp = rtp.trim().strip_prefix("rtp=")?.parse().ok()?;
    let program_ms = program.trim().strip_prefix("program_ms=")?.parse().ok()?;
    Some((rtp, ProgramMs(program_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_header_survives_its_way() {
        for ms in [0, 1, 47_721_859, 400_000_000] {
            let (rtp, program) = parse_clock_header(&clock_header(ProgramMs(ms))).expect("well-formed");
            assert_eq!((rtp, program), (ProgramTime::from_millis(ms).rtp_ticks(90_000), ProgramMs(ms)));
        }
        for bad in ["", "rtp=1", "rtp=x;program_ms=1", "rtp=1;program_ms=-1", "program_ms=1;rtp=1"] {
            assert_eq!(parse_clock_header(bad), None, "{bad:?}");
        }
    }
}
