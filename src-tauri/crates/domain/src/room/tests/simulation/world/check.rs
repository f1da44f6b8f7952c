//! What must hold once the network is healed.

use super::*;

impl World {
    pub(in super::super) fn check(&self) {
        let seed = self.seed;
        let keys: BTreeSet<&CommentKey> = self.archive.values().map(|comment| &comment.key).collect();
        assert_eq!(keys.len(), self.archive.len(), "seed {seed}: a comment stands in the archive twice");
        for (who, person) in self.people.iter().enumerate() {
            for (number, seq) in person.written.iter().enumerate() {
                let seq = seq.unwrap_or_else(|| panic!("seed {seed}: {who} waits for an answer to {number}"));
                let comment = self.archive.get(&seq).unwrap_or_else(|| panic!("seed {seed}: {seq} is not kept"));
                let key = CommentKey { page: page(who), id: number.to_string() };
                assert_eq!(comment.key, key, "seed {seed}: another comment's place");
            }
        }
        for (edge, screen) in self.screens.iter().enumerate() {
            let first = screen.shown.first().copied().unwrap_or(Seq(u64::MAX));
            assert!(screen.shown.is_sorted_by(|one, next| one < next), "seed {seed}: order at edge {edge}");
            let shown: BTreeSet<Seq> = screen.shown.iter().copied().collect();
            for seq in self.archive.keys().filter(|seq| **seq >= first && !self.removed.contains(seq)) {
                assert!(shown.contains(seq), "seed {seed}: edge {edge} never showed {seq}");
            }
            for seq in shown.iter().filter(|seq| self.removed.contains(seq)) {
                assert!(screen.removed.contains(seq), "seed {seed}: {seq} still stands at edge {edge}");
            }
            assert!(shown.iter().all(|seq| self.archive.contains_key(seq)), "seed {seed}: shown and not kept");
            assert_eq!(screen.total, self.owner.past().hearts, "seed {seed}: edge {edge} shows another total");
        }
        let heard =
            |(edge, epoch, n): &(EdgeId, Epoch, u64)| self.heard.get(&(*edge, *epoch)).is_some_and(|end| n < end);
        let taps: u64 = self.words.iter().filter(|(word, _)| heard(word)).map(|(_, taps)| taps).sum();
        assert_eq!((self.owner.past().hearts, self.kept_hearts), (taps, taps), "seed {seed}: hearts");
        let here = self.people.iter().filter(|person| person.is_here).count();
        assert_eq!(self.owner.present().viewers as usize, here, "seed {seed}: people");
    }
}
