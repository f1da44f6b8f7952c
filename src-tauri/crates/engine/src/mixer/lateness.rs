//! How long the mixer waits for audio: as long as what comes latest needs, and not much longer.
//!
//! Whoever watches hears audio by so much later than it was made, and the browser then holds the frames back
//! as well: a fixed wait that is enough for every microphone would delay everybody's picture.

use std::sync::Mutex;

use gst::ClockTime;
use gst::glib::WeakRef;
use gst::prelude::{ClockExt, ElementExtManual, ObjectExt};

use super::lock;

/// Raises and lowers the latency of a running `audiomixer` as its inputs' audio arrives.
pub(super) struct Lateness {
    clock: gst::Clock,
    base_time: ClockTime,
    mixer: WeakRef<gst::Element>,
    patience: Mutex<Patience>,
}

impl Lateness {
    /// For `mixer`, whose latency is [`Patience::FIRST`].
    pub(super) fn new(clock: gst::Clock, base_time: ClockTime, mixer: &gst::Element) -> Self {
        Self { clock, base_time, mixer: mixer.downgrade(), patience: Mutex::new(Patience::default()) }
    }

    /// Audio up to `end` (running time) arrives now. Never blocks.
    pub(super) fn observe(&self, end: ClockTime) {
        let now = self.clock.time().saturating_sub(self.base_time);
        let Some(latency) = lock(&self.patience).observe(now, now.saturating_sub(end)) else { return };
        tracing::info!(%latency, "the mixer waits for audio as long as it needs");
        if let Some(mixer) = self.mixer.upgrade() {
            // From a thread of GStreamer's: the mixer may be at work on a buffer.
            mixer.call_async(move |mixer| mixer.set_property("latency", latency.nseconds()));
        }
    }
}

/// What the mixer's latency should be. Pure: moments are arguments.
#[derive(Debug)]
pub(super) struct Patience {
    latency: ClockTime,
    /// The latest arrival in each of the last seconds, by the second's remainder.
    worst: [ClockTime; Self::REMEMBERED],
    second: u64,
    /// Nothing is lowered before this second: less is known until then.
    known_from: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { latency: Self::FIRST, worst: [ClockTime::ZERO; Self::REMEMBERED], second: 0, known_from: u64::MAX }
    }
}

impl Patience {
    /// What it begins with. Sources are silent for their first 100 ms, in which it grows where it must.
    pub(super) const FIRST: ClockTime = ClockTime::from_mseconds(40);
    /// It is never less: threads are late by themselves.
    const LEAST: ClockTime = ClockTime::from_mseconds(30);
    /// It is never more. What comes later has stopped and comes again, and is not waited for.
    const MOST: ClockTime = ClockTime::from_mseconds(150);
    /// What is kept beyond the latest arrival.
    const SPARE: ClockTime = ClockTime::from_mseconds(15);
    /// An arrival this near to the latency makes it grow.
    const NEAR: ClockTime = ClockTime::from_mseconds(5);
    /// It changes by whole steps, and shrinks by no fewer than two.
    const STEP: ClockTime = ClockTime::from_mseconds(10);
    /// How many seconds it takes to believe that audio comes sooner than before.
    const REMEMBERED: usize = 30;

    /// Audio arrived at `now`, by `late` after its end. Answers the new latency where it changes.
    pub(super) fn observe(&mut self, now: ClockTime, late: ClockTime) -> Option<ClockTime> {
        if late > Self::MOST {
            return None;
        }
        let second = now.seconds();
        let first = self.known_from == u64::MAX;
        if first {
            self.known_from = second + Self::REMEMBERED as u64;
            self.second = second;
        }
        let passed = second.saturating_sub(self.second).min(Self::REMEMBERED as u64);
        for empty in 1..=passed {
            self.worst[Self::place(self.second + empty)] = ClockTime::ZERO;
        }
        self.second = self.second.max(second);
        let place = &mut self.worst[Self::place(self.second)];
        *place = late.max(*place);

        let latest = self.worst.iter().max().copied().unwrap_or_default();
        let wanted = Self::with_spare(latest);
        let grows = late + Self::NEAR > self.latency && wanted > self.latency;
        let shrinks = self.second >= self.known_from && wanted + Self::STEP * 2 <= self.latency;
        if !grows && !shrinks {
            return None;
        }
        self.latency = wanted;
        Some(wanted)
    }

    fn place(second: u64) -> usize {
        (second % Self::REMEMBERED as u64) as usize
    }

    fn with_spare(late: ClockTime) -> ClockTime {
        let steps = (late + Self::SPARE).nseconds().div_ceil(Self::STEP.nseconds());
        (Self::STEP * steps).clamp(Self::LEAST, Self::MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: [u64; 0] = [];

    const fn ms(ms: u64) -> ClockTime {
        ClockTime::from_mseconds(ms)
    }

    /// Audio every 10 ms from `from` for `seconds`, each `late`; answers the changes.
    fn run(patience: &mut Patience, from: u64, seconds: u64, late: ClockTime) -> Vec<u64> {
        let arrivals = (0..seconds * 100).map(|n| ms(from * 1000 + n * 10));
        arrivals.filter_map(|now| patience.observe(now, late)).map(ClockTime::mseconds).collect()
    }

    #[test]
    fn audio_in_time_changes_nothing_but_the_spare() {
        let mut patience = Patience::default();
        assert_eq!(run(&mut patience, 5, 60, ms(3)), NOTHING, "30 ms is not two steps less than 40");
    }

    #[test]
    fn late_audio_is_waited_for_at_once_and_believed_to_be_over_after_half_a_minute() {
        let mut patience = Patience::default();
        assert_eq!(run(&mut patience, 0, 10, ms(3)), NOTHING);
        assert_eq!(run(&mut patience, 10, 1, ms(58)), [80]);
        assert_eq!(run(&mut patience, 11, 29, ms(3)), NOTHING);
        assert_eq!(run(&mut patience, 40, 2, ms(3)), [30]);
    }

    #[test]
    fn what_comes_after_a_stop_is_not_waited_for() {
        let mut patience = Patience::default();
        assert_eq!(run(&mut patience, 0, 1, ms(900)), NOTHING);
        assert_eq!(run(&mut patience, 1, 1, ms(149)), [150], "never more");
    }

    #[test]
    fn a_pause_forgets_what_is_too_old_and_a_clock_that_steps_back_breaks_nothing() {
        let mut patience = Patience::default();
        assert_eq!(run(&mut patience, 0, 1, ms(100)), [120]);
        assert_eq!(run(&mut patience, 1000, 1, ms(0)), [30]);
        assert_eq!(run(&mut patience, 3, 1, ms(100)), [120]);
    }
}
