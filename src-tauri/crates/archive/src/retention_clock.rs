//! The time by which replays expire: it follows the system clock, never goes back, and does not
//! believe it at once when it leaps.
//!
//! Retention time = wall + ahead − doubted. `ahead` says by how much the system clock was set back,
//! `doubted` by how much it leapt ahead without anybody knowing whether that is true.
//!
//! How far the clock should have come between two looks is known where both were in the same run of
//! the computer: the time since its start (`CLOCK_BOOTTIME`, sleep included) says it. Where they were not, or it
//! is not known, the clock may have gone on by a quarter of an hour.
//!
//! - The clock goes on as it should: retention time goes with it.
//! - It is set back by more than a minute: retention time goes on as it should have (`ahead` grows by
//!   as much). So nothing is kept for ever because a clock that was years ahead was put right, and a
//!   deadline that is set now is counted from retention time, so that a show that ends under a slow
//!   clock is not deleted at once. By less than a minute (the network's corrections): it waits until
//!   the clock caught up. What was doubted is taken back first.
//! - It leaps ahead: while `ahead` is not 0 that is most likely the clock being put right, and is first
//!   taken off `ahead`. What is left is doubted: a clock set wrong looks the same as a computer that was
//!   off. It is believed when a second look, an hour after the first one that saw it, still sees it: an hour of the
//!   computer's own time, or of the system clock where it was started again meanwhile.
//!
//! So a clock that is wrong for a while, or two systems that disagree about the time zone, never delete
//! early; and what became due while the computer was off is deleted after an hour, or at the next start.

use domain::UnixMs;
use rusqlite::{Connection, OptionalExtension, params};

use crate::rows::{integer, unsigned};
use crate::{BootTime, Moment};

/// Corrections of the system clock that are no leaps.
const SMALL_STEP_MS: u64 = 60_000;
/// What may have passed since the last look, where nothing says how much did.
const USUAL_STEP_MS: u64 = 15 * 60_000;
/// How long a leap is doubted.
const DOUBT_MS: u64 = 3_600_000;

/// The clock as it was last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetentionClock {
    seen: Moment,
    ahead: u64,
    doubt: Option<Doubt>,
}

/// A leap ahead that may not be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Doubt {
    ms: u64,
    /// The first look that saw it.
    since: Moment,
}

impl RetentionClock {
    /// A clock that learns the time for the first time.
    pub(crate) const fn new(now: Moment) -> Self {
        Self { seen: now, ahead: 0, doubt: None }
    }

    /// The stored clock, set on to `now` and stored again. Call it in a transaction.
    pub(crate) fn observe(connection: &Connection, now: Moment) -> rusqlite::Result<Self> {
        let clock = Self::load(connection)?.map_or(Self::new(now), |clock| clock.advanced(now));
        clock.store(connection)?;
        Ok(clock)
    }

    /// The stored clock for whoever knows the system clock alone. That it was set back is noted at once;
    /// whether it leapt ahead is for the next whole look to say.
    pub(crate) fn observe_wall(connection: &Connection, wall: UnixMs) -> rusqlite::Result<Self> {
        let Some(clock) = Self::load(connection)? else {
            return Self::observe(connection, Moment { wall, boot: None });
        };
        let was_set_back = clock.seen.wall.0.saturating_sub(wall.0) > SMALL_STEP_MS;
        if !was_set_back {
            return Ok(clock);
        }
        let clock = clock.advanced(Moment { wall, boot: None });
        // The next look measures from this one: by as much as passed since the last, which is little.
        let clock =
            Self { seen: Moment { wall, boot: Self::load(connection)?.and_then(|old| old.seen.boot) }, ..clock };
        clock.store(connection)?;
        Ok(clock)
    }

    /// The stored clock; none before it ever learnt the time.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached(
                "SELECT wall, ahead, boot, boot_ms, doubted, doubted_wall, doubted_boot, doubted_boot_ms
                 FROM retention_clock",
            )?
            .query_row((), |row| {
                let boot = |place: usize| -> rusqlite::Result<Option<BootTime>> {
                    let (boot, ms): (Option<i64>, Option<i64>) = (row.get(place)?, row.get(place + 1)?);
                    Ok(boot.zip(ms).map(|(boot, ms)| BootTime { boot: boot.cast_unsigned(), ms: unsigned(ms) }))
                };
                let seen = Moment { wall: UnixMs(unsigned(row.get(0)?)), boot: boot(2)? };
                let since =
                    Moment { wall: UnixMs(unsigned(row.get::<_, Option<i64>>(5)?.unwrap_or(0))), boot: boot(6)? };
                let doubt = Some(Doubt { ms: unsigned(row.get(4)?), since }).filter(|doubt| doubt.ms > 0);
                Ok(Self { seen, ahead: unsigned(row.get(1)?), doubt })
            })
            .optional()
    }

    fn store(&self, connection: &Connection) -> rusqlite::Result<()> {
        let Self { seen, ahead, doubt } = self;
        let since = doubt.map(|doubt| doubt.since);
        let boot = |moment: Option<Moment>| moment.and_then(|moment| moment.boot);
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO retention_clock
                 (id, wall, ahead, boot, boot_ms, doubted, doubted_wall, doubted_boot, doubted_boot_ms)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                integer(seen.wall.0),
                integer(*ahead),
                seen.boot.map(|time| time.boot.cast_signed()),
                seen.boot.map(|time| integer(time.ms)),
                integer(doubt.map_or(0, |doubt| doubt.ms)),
                since.map(|since| integer(since.wall.0)),
                boot(since).map(|time| time.boot.cast_signed()),
                boot(since).map(|time| integer(time.ms)),
            ])?;
        Ok(())
    }

    /// This clock at the look `now`.
    #[must_use]
    pub(crate) fn advanced(self, now: Moment) -> Self {
        let passed = passed(&self.seen, &now);
        let expected = self.seen.wall.0.saturating_add(passed.unwrap_or(0));
        let wall = now.wall.0;
        if wall < expected {
            return self.behind(now, expected - wall).believing(&now);
        }
        let clock = self.believing(&now);
        let forward = wall - expected;
        let tolerated = if passed.is_some() { SMALL_STEP_MS } else { USUAL_STEP_MS };
        if forward <= tolerated {
            return Self { seen: now, ..clock };
        }
        let repaid = forward.min(clock.ahead);
        let rest = forward - repaid;
        let doubted = clock.doubt.map_or(0, |doubt| doubt.ms);
        let doubt = if rest <= tolerated && repaid > 0 {
            clock.doubt
        } else {
            Some(Doubt { ms: doubted.saturating_add(rest), since: now })
        };
        Self { seen: now, ahead: clock.ahead - repaid, doubt }
    }

    /// The clock shows `back` less than it should.
    fn behind(self, now: Moment, back: u64) -> Self {
        if back <= SMALL_STEP_MS {
            let wall = now.wall.max(self.seen.wall);
            return Self { seen: Moment { wall, ..now }, ..self };
        }
        let doubted = self.doubt.map_or(0, |doubt| doubt.ms);
        let undone = back.min(doubted);
        let doubt = self.doubt.map(|doubt| Doubt { ms: doubted - undone, ..doubt }).filter(|doubt| doubt.ms > 0);
        Self { seen: now, ahead: self.ahead.saturating_add(back - undone), doubt }
    }

    /// Doubts no more what was seen long enough.
    fn believing(self, now: &Moment) -> Self {
        let is_confirmed = |doubt: &Doubt| {
            let since = &doubt.since;
            passed(since, now).unwrap_or(now.wall.0.saturating_sub(since.wall.0)) >= DOUBT_MS
        };
        Self { doubt: self.doubt.filter(|doubt| !is_confirmed(doubt)), ..self }
    }

    /// Retention time now.
    #[must_use]
    pub(crate) fn now(&self) -> u64 {
        self.at(self.seen.wall)
    }

    /// The retention time that is due when the system clock shows `wall`, if it stays as it is.
    #[must_use]
    pub(crate) fn at(&self, wall: UnixMs) -> u64 {
        wall.0.saturating_add(self.ahead).saturating_sub(self.doubt.map_or(0, |doubt| doubt.ms))
    }

    /// What the system clock will show at `retention`, if it stays as it is.
    #[must_use]
    pub(crate) fn shown(&self, retention: u64) -> UnixMs {
        UnixMs(retention.saturating_add(self.doubt.map_or(0, |doubt| doubt.ms)).saturating_sub(self.ahead))
    }
}

/// What passed between two moments of the same run of the computer.
fn passed(from: &Moment, to: &Moment) -> Option<u64> {
    let (from, to) = from.boot.zip(to.boot)?;
    (from.boot == to.boot).then(|| to.ms.checked_sub(from.ms)).flatten()
}

#[cfg(test)]
mod tests;
