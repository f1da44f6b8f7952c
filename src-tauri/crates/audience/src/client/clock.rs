//! From RTP timestamps back to program time.

use domain::ProgramMs;
use media::{ProgramTime, SAMPLE_RATE, VIDEO_RTP_RATE};

/// The clock of one track: 32 bits of it come with each packet, the rest is where we were.
#[derive(Debug, Clone, Copy)]
struct TrackClock {
    rate: u32,
    ticks: u64,
}

impl TrackClock {
    /// The program time of `rtp`, taken as the nearest to the last one (RFC 3550 §A.1).
    fn at(&mut self, rtp: u32) -> ProgramTime {
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the distance modulo 2³²")]
        let distance = rtp.wrapping_sub(self.ticks as u32) as i32;
        self.ticks = self.ticks.saturating_add_signed(distance.into());
        ProgramTime::from_ticks(self.ticks, self.rate)
    }
}

/// The clocks of both tracks.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrackClocks {
    video: TrackClock,
    audio: TrackClock,
}

impl TrackClocks {
    /// From the `Antenne-Clock` header: the video timestamp `rtp` is `program_ms`. Sound runs on
    /// the same program time, at its own rate.
    pub(super) fn new(rtp: u32, program_ms: ProgramMs) -> Self {
        let at = ProgramTime::from_millis(program_ms.0);
        let clock = |rate| TrackClock { rate, ticks: at.ticks(rate) };
        let mut video = clock(VIDEO_RTP_RATE);
        // The header's two halves are one moment; a service that rounds differently still fits.
        video.at(rtp);
        Self { video, audio: clock(SAMPLE_RATE) }
    }

    pub(super) fn video(&mut self, rtp: u32) -> ProgramTime {
        self.video.at(rtp)
    }

    pub(super) fn audio(&mut self, rtp: u32) -> ProgramTime {
        self.audio.at(rtp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_that_wrap_are_still_program_time() {
        // 13 h 15 min: the video clock wraps at 47,721.858 s.
        let start = 47_721_000;
        let mut clocks = TrackClocks::new(ProgramTime::from_millis(start).rtp_ticks(VIDEO_RTP_RATE), ProgramMs(start));
        for ms in (start..start + 3000).step_by(20) {
            let program = ProgramTime::from_millis(ms);
            assert_eq!(clocks.video(program.rtp_ticks(VIDEO_RTP_RATE)), program);
            assert_eq!(clocks.audio(program.rtp_ticks(SAMPLE_RATE)), program);
        }
        let before = ProgramTime::from_millis(start - 400);
        assert_eq!(clocks.video(before.rtp_ticks(VIDEO_RTP_RATE)), before);
    }
}
