//! Hearts that wait for the database: sums, so that they can wait without end.

use std::collections::BTreeMap;

use domain::{EpisodeId, ProgramMs};

/// How many sums are kept apart. Beyond that, hearts of a new second are added to another second of
/// the same colour: totals stay exact, only the moment becomes coarse.
const SUMS: usize = 65_536;

/// The hearts of one episode, second of program time and colour.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HeartKey {
    pub(crate) episode: EpisodeId,
    pub(crate) second: u64,
    pub(crate) hue: u16,
}

/// Sums of hearts. Holds at most [`SUMS`] of them, and one for each colour and episode beyond.
#[derive(Debug, Default)]
pub(crate) struct HeartSums {
    sums: BTreeMap<HeartKey, u64>,
}

impl HeartSums {
    pub(crate) fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&HeartKey, u64)> {
        self.sums.iter().map(|(key, count)| (key, *count))
    }

    pub(crate) fn add_all(&mut self, episode: &EpisodeId, at: ProgramMs, by_hue: &BTreeMap<u16, u32>) {
        for (hue, count) in by_hue {
            let key = HeartKey { episode: episode.clone(), second: at.0 / 1000, hue: hue % 360 };
            self.add(key, u64::from(*count));
        }
    }

    /// Puts back what could not be written.
    pub(crate) fn merge(&mut self, other: Self) {
        for (key, count) in other.sums {
            self.add(key, count);
        }
    }

    fn add(&mut self, key: HeartKey, count: u64) {
        if count == 0 {
            return;
        }
        let key = if self.sums.len() < SUMS || self.sums.contains_key(&key) { key } else { self.coarser(key) };
        let sum = self.sums.entry(key).or_default();
        *sum = sum.saturating_add(count);
    }

    /// Another sum of the same episode and colour, else `key` itself.
    fn coarser(&self, key: HeartKey) -> HeartKey {
        let other = self.sums.keys().rev().find(|other| other.hue == key.hue && other.episode == key.episode);
        other.cloned().unwrap_or(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_long_they_wait_hearts_stay_bounded_and_none_is_lost() {
        let episode = EpisodeId::from_random([1; 16]);
        let mut sums = HeartSums::default();
        for second in 0..40_000 {
            sums.add_all(&episode, ProgramMs(second * 1000), &BTreeMap::from([(7, 2), (200, 1), (719, 1)]));
        }
        assert!(sums.sums.len() <= SUMS + 360, "{}", sums.sums.len());
        assert_eq!(sums.iter().map(|(_, count)| count).sum::<u64>(), 160_000);
        assert_eq!(sums.iter().filter(|(key, _)| key.hue == 7).map(|(_, count)| count).sum::<u64>(), 80_000);
    }
}
