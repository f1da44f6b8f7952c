//! Program time on the wall: what RTCP sender reports give browsers, so that lips fit words.

use std::time::Instant;

use media::ProgramTime;

/// Both tracks are mapped with the same origin, whatever their way through the encoders: equal
/// program time is equal wall time.
#[derive(Debug, Default)]
pub(super) struct WallClock {
    zero: Option<Instant>,
}

impl WallClock {
    /// The wall time of `pts`, of which a unit arrives now. Never in the future: the origin moves
    /// back if a unit is early.
    pub(super) fn at(&mut self, pts: ProgramTime, now: Instant) -> Instant {
        let Some(observed) = now.checked_sub(pts.since_zero()) else { return now };
        let zero = self.zero.map_or(observed, |zero| zero.min(observed));
        self.zero = Some(zero);
        zero + pts.since_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn equal_program_time_is_equal_wall_time_and_never_ahead() {
        let start = Instant::now() + Duration::from_secs(100);
        let mut clock = WallClock::default();
        assert_eq!(clock.at(ProgramTime::from_millis(1000), start), start);
        let late = start + Duration::from_millis(70);
        assert_eq!(clock.at(ProgramTime::from_millis(1020), late), start + Duration::from_millis(20));
        let early = start + Duration::from_millis(30);
        assert_eq!(clock.at(ProgramTime::from_millis(1040), early), early);
    }
}
