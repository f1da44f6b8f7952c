//! The program's clock as the audience knows it: the newest unit that was published.

use std::sync::{Mutex, PoisonError};

use domain::ProgramMs;
use media::{Program, ProgramTime, VIDEO_RTP_RATE};

/// A show's clock: follows the show's program, read by everybody.
#[derive(Debug, Default)]
pub(crate) struct ProgramClock(Mutex<Option<Program>>);

impl ProgramClock {
    /// It is `program`'s from now on.
    pub(crate) fn follow(&self, program: Program) {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(program);
        drop(before);
    }

    /// How far the program has come; zero before there is one. Stands still after its end.
    pub(crate) fn now(&self) -> ProgramMs {
        let program = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ProgramMs(program.as_ref().map_or(0, |program| program.reached().as_millis()))
    }
}

/// The value of the `Antenne-Clock` header: a video RTP timestamp and its program time.
pub(crate) fn clock_header(now: ProgramMs) -> String {
    format!("rtp={};program_ms={}", ProgramTime::from_millis(now.0).rtp_ticks(VIDEO_RTP_RATE), now.0)
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
            assert_eq!((rtp, program), (ProgramTime::from_millis(ms).rtp_ticks(VIDEO_RTP_RATE), ProgramMs(ms)));
        }
        for bad in ["", "rtp=1", "rtp=x;program_ms=1", "rtp=1;program_ms=-1", "program_ms=1;rtp=1"] {
            assert_eq!(parse_clock_header(bad), None, "{bad:?}");
        }
    }
}
