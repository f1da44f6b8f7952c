//! What decoded frames and sound look and sound like.

use std::time::Duration;

use media::ProgramTime;

/// A sample of every so many columns and rows is enough to know.
const GRID: usize = 8;
/// Limited-range black is 16; encoding lets it swim a little.
const BLACK: u8 = 32;
/// So much must a sample change, and so many of them, before something moved: encoding makes
/// still pictures swim a little at every keyframe.
const CHANGE: u8 = 16;
const CHANGED: usize = 3;
/// −50 dBFS.
const HEARD: u16 = 104;
/// How long nothing may happen before it is reported.
const WHILE: Duration = Duration::from_secs(1);

/// Remembers when something was last seen to move, and whether there is a picture at all.
#[derive(Debug, Default)]
pub(super) struct Sight {
    grid: Vec<u8>,
    black: bool,
    newest: Option<ProgramTime>,
    moved: Option<ProgramTime>,
}

impl Sight {
    /// Looks at the luma plane of a decoded frame.
    pub(super) fn frame(&mut self, luma: &[u8], stride: usize, width: usize, at: ProgramTime) {
        let rows = luma.chunks(stride.max(1)).step_by(GRID);
        let grid: Vec<u8> = rows.flat_map(|row| row[..width.min(row.len())].iter().step_by(GRID).copied()).collect();
        let bright = grid.iter().filter(|sample| **sample > BLACK).count();
        self.black = bright * 1000 <= grid.len();
        let changed = grid.iter().zip(&self.grid).filter(|(new, old)| new.abs_diff(**old) > CHANGE).count();
        if changed >= CHANGED || grid.len() != self.grid.len() {
            self.moved = Some(at);
            self.grid = grid;
        }
        self.newest = Some(at);
    }

    pub(super) fn is_black(&self) -> bool {
        self.black
    }

    pub(super) fn is_still(&self) -> bool {
        longer_than_a_while(self.moved, self.newest)
    }
}

/// Remembers when something was last heard.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    first: Option<ProgramTime>,
    newest: Option<ProgramTime>,
    heard: Option<ProgramTime>,
}

impl Hearing {
    /// Listens to decoded samples.
    pub(super) fn sound(&mut self, samples: impl Iterator<Item = i16>, at: ProgramTime) {
        let peak = samples.map(i16::unsigned_abs).max().unwrap_or(0);
        if peak >= HEARD {
            self.heard = Some(at);
        }
        self.first = self.first.or(Some(at));
        self.newest = Some(at);
    }

    pub(super) fn is_silent(&self) -> bool {
        longer_than_a_while(self.heard.or(self.first), self.newest)
    }
}

fn longer_than_a_while(since: Option<ProgramTime>, now: Option<ProgramTime>) -> bool {
    let (Some(since), Some(now)) = (since, now) else { return false };
    now > since + WHILE
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> ProgramTime = ProgramTime::from_millis;

    #[test]
    fn black_and_still_are_told_after_a_second_and_taken_back_at_once() {
        let mut sight = Sight::default();
        assert!(!sight.is_black() && !sight.is_still());
        let black = vec![16; 64 * 64];
        for ms in (0..=1200).step_by(100) {
            sight.frame(&black, 64, 64, MS(ms));
        }
        assert!(sight.is_black() && sight.is_still());
        let mut lit = black.clone();
        lit[..64 * 32].fill(90);
        sight.frame(&lit, 64, 64, MS(1300));
        assert!(!sight.is_black() && !sight.is_still());
    }

    #[test]
    fn a_slow_fade_is_movement() {
        let mut sight = Sight::default();
        for ms in 0..40_u8 {
            sight.frame(&[40 + 2 * ms; 64 * 64], 64, 64, MS(u64::from(ms) * 100));
            assert!(!sight.is_still(), "{ms}");
        }
    }

    #[test]
    fn quiet_is_silence_after_a_second() {
        let mut hearing = Hearing::default();
        for ms in (0..=1200).step_by(20) {
            hearing.sound([90_i16, -100].into_iter(), MS(ms));
        }
        assert!(hearing.is_silent());
        hearing.sound([i16::MIN].into_iter(), MS(1220));
        assert!(!hearing.is_silent());
    }
}
