//! Numbered envelopes: how an owner and its edges notice what was lost on the way, and repair it.
//!
//! Whoever speaks numbers what they say and keeps the last of it in a [`Log`]; whoever listens
//! takes number after number, lets repetitions go, and asks *since n* where one is missing.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// One life of an owner or an edge. Whoever starts it gives it a greater one than the life before,
/// such as the Unix time in milliseconds: what an earlier life said is then never believed again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch(pub u64);

/// An edge, as its owner knows it over all its lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EdgeId(pub u32);

/// A place in what one life said: everything before `n`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mark {
    /// Whose life.
    pub epoch: Epoch,
    /// The number that comes next.
    pub n: u64,
}

/// A word with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<T> {
    /// The life of whoever says it.
    pub epoch: Epoch,
    /// 0 for the first word of that life, then 1, …
    pub n: u64,
    /// What is said.
    pub word: T,
}

/// What was said and may have to be said again. At most `most` words where that is given: the
/// oldest go first, and whoever missed them needs the whole state.
#[derive(Debug)]
pub(super) struct Log<T> {
    epoch: Epoch,
    first: u64,
    words: VecDeque<T>,
    most: usize,
}

impl<T: Clone> Log<T> {
    pub(super) fn new(epoch: Epoch, most: usize) -> Self {
        Self { epoch, first: 0, words: VecDeque::new(), most }
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The number of the oldest word that is still here.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// The number that the next word gets.
    pub(super) fn next(&self) -> u64 {
        self.first + self.words.len() as u64
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// Numbers a word.
    pub(super) fn push(&mut self, word: T) -> Envelope<T> {
        let envelope = Envelope { epoch: self.epoch, n: self.next(), word: word.clone() };
        self.words.push_back(word);
        if self.words.len() > self.most {
            self.words.pop_front();
            self.first += 1;
        }
        envelope
    }

    /// Everything from `n` on; none where some of it is gone, or `n` was never reached.
    pub(super) fn since(&self, n: u64) -> Option<Vec<Envelope<T>>> {
        if n > self.next() {
            return None;
        }
        let skipped = usize::try_from(n.checked_sub(self.first)?).ok()?;
        let words = self.words.iter().enumerate().skip(skipped);
        let number =
            |(at, word): (usize, &T)| Envelope { epoch: self.epoch, n: self.first + at as u64, word: word.clone() };
        Some(words.map(number).collect())
    }

    /// The other side has everything before `n`.
    pub(super) fn forget_before(&mut self, n: u64) {
        while self.first < n && self.words.pop_front().is_some() {
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_repeats_what_it_still_has_and_admits_what_it_has_not() {
        let mut log = Log::new(Epoch(7), 3);
        for word in ["a", "b", "c", "d"] {
            log.push(word);
        }
        let words = |n| log.since(n).map(|all| all.into_iter().map(|one| (one.n, one.word)).collect::<Vec<_>>());
        assert_eq!(words(0), None, "it had room for three");
        assert_eq!(words(2), Some(vec![(2, "c"), (3, "d")]));
        assert_eq!(words(4), Some(vec![]));
        assert_eq!(words(5), None, "nobody can have heard that");
        log.forget_before(3);
        assert_eq!((log.first(), log.next(), log.len()), (3, 4, 1));
        log.forget_before(99);
        assert_eq!((log.first(), log.next()), (4, 4), "what was never said cannot be forgotten");
    }
}
