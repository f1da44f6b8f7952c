//! Finds the time that a microphone lost: samples that were never delivered. Pure: moments are arguments.
//!
//! Some systems stamp their buffers with the card's own time; a gap between two stamps is exactly what is
//! missing, and where. Of others only the arrival is known, and what arrives late may just be late: a busy
//! computer delivers a burst and is on time again. What stays late for longer than a burst was lost.

use std::time::Duration;

/// Less than this is rounding, in seconds.
const LEAST_STAMPED: f64 = 0.001;
/// Less than this is the jitter of arrivals, in seconds, and left to the control of the speed.
const LEAST_LATE: f64 = 0.005;
/// Lateness up to `FEW` is believed after so long without one arrival on time, in seconds; more than that
/// sooner, because the mix waits for it.
const PATIENCE: f64 = 0.1;
const PATIENCE_WITH_MUCH: f64 = 0.04;
const FEW: f64 = 0.03;
/// Arrivals on time are looked for among so many at least.
const ARRIVALS: u32 = 3;
/// How fast what counts as on time follows the clocks' drift, in seconds a second.
const FOLLOW: f64 = 0.001;
/// A longer gap is a pause, not lost time, in seconds.
const MOST: f64 = 0.5;

/// Compares stamps and arrivals with the samples that came.
#[derive(Debug, Default)]
pub(crate) struct LostTime {
    /// The stamp that follows the newest buffer.
    next_stamp: Option<f64>,
    /// The least lateness lately, in seconds.
    on_time: Option<f64>,
    late: Option<Late>,
}

/// Arrivals that were all late.
#[derive(Debug)]
struct Late {
    since: f64,
    arrivals: u32,
    /// The least of their lateness, in seconds.
    least: f64,
}

impl LostTime {
    /// The seconds that are missing before a buffer of `span` seconds with this stamp on the card's clock.
    pub(crate) fn before(&mut self, stamp: Option<Duration>, span: f64) -> f64 {
        let stamp = stamp.map(|stamp| stamp.as_secs_f64());
        let due = self.next_stamp;
        self.next_stamp = stamp.map(|stamp| stamp + span);
        let gap = stamp.zip(due).map_or(0.0, |(stamp, due)| stamp - due);
        if (LEAST_STAMPED..MOST).contains(&gap) { gap } else { 0.0 }
    }

    /// The seconds that were lost before now, as far as arrivals can say: `lateness` is that of the samples
    /// that arrived at `now`, `span` their length, both in seconds. Whatever is lost makes all that follows
    /// less late once it is made up for.
    pub(crate) fn by(&mut self, now: f64, lateness: f64, span: f64) -> f64 {
        let on_time = self.on_time.map_or(lateness, |on_time| lateness.min(on_time + span * FOLLOW));
        self.on_time = Some(on_time);
        let beyond = lateness - on_time;
        if !(LEAST_LATE..MOST).contains(&beyond) {
            self.late = None;
            return 0.0;
        }
        let late = self.late.get_or_insert(Late { since: now, arrivals: 0, least: beyond });
        late.arrivals += 1;
        late.least = late.least.min(beyond);
        let patience = if late.least > FEW { PATIENCE_WITH_MUCH } else { PATIENCE };
        if late.arrivals < ARRIVALS || now - late.since < patience {
            return 0.0;
        }
        self.late.take().map_or(0.0, |late| late.least)
    }

    /// Whether what arrives now is late for a reason that is not known yet.
    pub(crate) fn doubts(&self) -> bool {
        self.late.is_some()
    }

    /// The speed or the place of the sound was changed by so many seconds: lateness is counted anew.
    pub(crate) fn reset(&mut self) {
        (self.on_time, self.late) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: f64 = 0.01;

    /// What is found lost when the arrivals of 10 ms each are late by so much.
    fn found(lateness: impl IntoIterator<Item = (f64, f64)>) -> Vec<f64> {
        let mut lost = LostTime::default();
        let mut made_up = 0.0;
        let mut found = Vec::new();
        for (now, late) in lateness {
            let new = lost.by(now, late - made_up, SPAN);
            if new > 0.0 {
                made_up += new;
                found.push(new);
            }
        }
        found
    }

    #[test]
    fn what_stays_late_was_lost() {
        for gap in [0.01, 0.05, 0.2] {
            let found = found((0..100).map(|n| (f64::from(n) * SPAN, if n < 30 { 0.0 } else { gap })));
            assert_eq!(found.len(), 1, "{gap}: {found:?}");
            assert!((found[0] - gap).abs() < 0.001, "{gap}: {found:?}");
        }
    }

    #[test]
    fn a_burst_after_a_stall_lost_nothing() {
        for stall in [3, 8, 20] {
            let arrivals = (0..100).map(|n| {
                let (due, back) = (f64::from(n) * SPAN, f64::from(30 + stall) * SPAN);
                let now = if (30..30 + stall).contains(&n) { back } else { due };
                (now, now - due)
            });
            assert_eq!(found(arrivals), Vec::<f64>::new(), "{stall}");
        }
    }

    #[test]
    fn jitter_and_drift_are_no_loss() {
        for ppm in [-300.0, 0.0, 300.0] {
            let arrivals = (0..60_000).map(|n| {
                let jitter = f64::from(n * 7919 % 100) * 150e-6;
                (f64::from(n) * SPAN, jitter + f64::from(n) * SPAN * ppm * 1e-6)
            });
            assert_eq!(found(arrivals), Vec::<f64>::new(), "{ppm}");
        }
    }

    #[test]
    fn a_gap_between_stamps_is_what_is_missing() {
        let mut lost = LostTime::default();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert!(lost.before(ms(100), 0.01) < 1e-9, "the first");
        assert!(lost.before(ms(110), 0.01) < 1e-9, "the next");
        assert!((lost.before(ms(130), 0.01) - 0.01).abs() < 1e-9, "10 ms are missing");
        assert!(lost.before(ms(135), 0.01) < 1e-9, "it overlaps");
        assert!(lost.before(ms(9_000), 0.01) < 1e-9, "a pause");
        assert!(lost.before(None, 0.01) < 1e-9, "no stamp");
        assert!(lost.before(ms(9_100), 0.01) < 1e-9, "nothing to compare with");
    }
}
