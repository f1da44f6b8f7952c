//! The time by which replays expire: it follows the system clock and never goes back.
//!
//! Retention time = wall + ahead. `ahead` says by how much the system clock was set back.
//!
//! - The clock goes forward: retention time goes with it.
//! - It is set back by more than a minute: retention time stands still at that moment (`ahead`
//!   grows by as much) and goes on from there at the pace of the system clock. So nothing is kept
//!   for ever because a clock that was years ahead was put right, and a deadline that is set now is
//!   counted from retention time, so that a show that ends under a slow clock is not deleted at
//!   once. By less than a minute (the network's corrections): it waits until the clock caught up.
//! - While `ahead` is not 0, a leap forward of more than a quarter of an hour is most likely the
//!   clock being put right, and is first taken off `ahead`: retention time stands still. If it was
//!   in truth a computer that was off, the replay lives that much longer, at most `ahead` in all.
//!   So a clock that is wrong for a while, or two systems that disagree about the time zone, never
//!   delete early.
//!
//! A clock set forward, which looks like a computer that was off, counts as time that
//! passed: that is the one mistake from which this cannot protect.

use domain::UnixMs;
use rusqlite::{Connection, OptionalExtension, params};

use crate::rows::{integer, unsigned};

/// Corrections of the system clock that are waited out rather than counted.
const SMALL_STEP_MS: u64 = 60_000;
/// Time that may pass between two looks at the clock of a running studio.
const USUAL_STEP_MS: u64 = 15 * 60_000;

/// The clock as it was last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetentionClock {
    wall: u64,
    ahead: u64,
}

impl RetentionClock {
    /// A clock that learns the time for the first time.
    pub(crate) const fn new(now: UnixMs) -> Self {
        Self { wall: now.0, ahead: 0 }
    }

    /// The stored clock, set on to `now` and stored again. Call it in a transaction.
    pub(crate) fn observe(connection: &Connection, now: UnixMs) -> rusqlite::Result<Self> {
        let clock = Self::load(connection)?.map_or(Self::new(now), |clock| clock.advanced(now));
        connection
            .prepare_cached(
                "INSERT INTO retention_clock (id, wall, ahead) VALUES (1, ?1, ?2)
                 ON CONFLICT (id) DO UPDATE SET wall = excluded.wall, ahead = excluded.ahead",
            )?
            .execute(params![integer(clock.wall), integer(clock.ahead)])?;
        Ok(clock)
    }

    /// The stored clock; none before it ever learnt the time.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached("SELECT wall, ahead FROM retention_clock")?
            .query_row((), |row| Ok(Self { wall: unsigned(row.get(0)?), ahead: unsigned(row.get(1)?) }))
            .optional()
    }

    /// This clock where the system's shows `now`.
    #[must_use]
    pub(crate) const fn advanced(self, now: UnixMs) -> Self {
        let Self { wall, ahead } = self;
        let now = now.0;
        if now < wall {
            let back = wall - now;
            return if back <= SMALL_STEP_MS { self } else { Self { wall: now, ahead: ahead.saturating_add(back) } };
        }
        let forward = now - wall;
        let repaid = if forward <= USUAL_STEP_MS {
            0
        } else if forward < ahead {
            forward
        } else {
            ahead
        };
        Self { wall: now, ahead: ahead - repaid }
    }

    /// Retention time now.
    #[must_use]
    pub(crate) const fn now(self) -> u64 {
        self.wall.saturating_add(self.ahead)
    }

    /// The retention time that is due when the system clock shows `wall`, if it stays as it is.
    #[must_use]
    pub(crate) const fn at(self, wall: UnixMs) -> u64 {
        wall.0.saturating_add(self.ahead)
    }

    /// What the system clock will show at `retention`, if it stays as it is.
    #[must_use]
    pub(crate) const fn shown(self, retention: u64) -> UnixMs {
        UnixMs(retention.saturating_sub(self.ahead))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;
    const T: u64 = 1_800_000_000_000;

    #[test]
    fn it_follows_a_clock_that_goes_forward() {
        let clock = RetentionClock::new(UnixMs(T)).advanced(UnixMs(T + 30_000)).advanced(UnixMs(T + 50 * HOUR));
        assert_eq!(clock.now(), T + 50 * HOUR);
    }

    #[test]
    fn it_stands_still_when_the_clock_is_set_back_and_then_goes_on_at_its_pace() {
        let mut clock = RetentionClock::new(UnixMs(T)).advanced(UnixMs(T - 9000 * HOUR));
        assert_eq!(clock.now(), T);
        for minute in 1..=24 * 60 {
            clock = clock.advanced(UnixMs(T - 9000 * HOUR + minute * 60_000));
        }
        assert_eq!(clock.now(), T + 24 * HOUR, "not kept for ever");
    }

    #[test]
    fn a_clock_that_was_wrong_for_a_while_is_as_if_it_had_never_been() {
        let wrong =
            RetentionClock::new(UnixMs(T)).advanced(UnixMs(T - 48 * HOUR)).advanced(UnixMs(T - 48 * HOUR + 60_000));
        assert_eq!(wrong.advanced(UnixMs(T + HOUR)).now(), T + HOUR);
    }

    #[test]
    fn two_systems_that_disagree_about_the_time_zone_add_up_to_nothing() {
        let mut clock = RetentionClock::new(UnixMs(T));
        for start in 1..50 {
            let zone = if start % 2 == 0 { 0 } else { 2 * HOUR };
            clock = clock.advanced(UnixMs(T + start * HOUR / 2 - zone));
            assert!(clock.now() <= T + start * HOUR / 2, "start {start}: early");
        }
    }

    #[test]
    fn it_never_goes_back_whatever_the_system_shows() {
        let mut clock = RetentionClock::new(UnixMs(T));
        let mut told = T;
        for step in 0..10_000_u64 {
            // A fixed, ugly sequence: leaps of up to centuries in both directions.
            told = match step % 7 {
                0 => told.wrapping_mul(6_364_136_223_846_793_005) >> 22,
                1 => told.saturating_sub(50 * HOUR),
                2 => told.saturating_add(1 << 38),
                3 => told / 2,
                4 => T,
                _ => told.saturating_add(step * 7919),
            };
            let next = clock.advanced(UnixMs(told));
            assert!(next.now() >= clock.now(), "step {step}: {clock:?} told {told} became {next:?}");
            clock = next;
        }
    }

    #[test]
    fn a_deadline_set_under_a_slow_clock_is_shown_in_the_time_of_that_clock() {
        let clock = RetentionClock::new(UnixMs(T)).advanced(UnixMs(T - 48 * HOUR));
        let due = clock.at(UnixMs(T - 24 * HOUR));
        assert_eq!(due, T + 24 * HOUR);
        assert_eq!(clock.shown(due), UnixMs(T - 24 * HOUR));
    }
}
