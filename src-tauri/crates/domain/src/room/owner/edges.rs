//! The edges of a room: how far each was heard, and how many people are there.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::room::{ASK_AGAIN, Counts, EdgeId, Epoch, Mark, Present};
use crate::{AudienceStatus, Person, ViewerId};

/// Between two messages about presence.
const WINDOW: Duration = Duration::from_secs(1);
/// Names of newcomers in one message.
pub(in crate::room) const JOINED: usize = 5;
/// People that the host is shown.
pub(in crate::room) const LISTED: usize = 200;

#[derive(Debug)]
struct Known {
    heard: Mark,
    asked_at: Option<Duration>,
    counts: Counts,
}

impl Known {
    fn new(heard: Mark) -> Self {
        Self { heard, asked_at: None, counts: Counts::default() }
    }
}

/// All edges, and what was not passed on about their people yet.
#[derive(Debug)]
pub(super) struct Edges {
    known: BTreeMap<EdgeId, Known>,
    peak: u32,
    joined: Vec<String>,
    changed: bool,
    sent_at: Option<Duration>,
}

impl Edges {
    pub(super) fn new(peak: u32, heard: Vec<(EdgeId, Mark)>) -> Self {
        let known = heard.into_iter().map(|(id, heard)| (id, Known::new(heard))).collect();
        Self { known, peak, joined: Vec::new(), changed: false, sent_at: None }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = EdgeId> {
        self.known.keys().copied()
    }

    /// An edge speaks, in one of its lives. The number that is expected of it; none where a later
    /// life spoke already. Nothing before `oldest` can be expected: a predecessor of ours heard it.
    pub(super) fn meet(&mut self, edge: EdgeId, epoch: Epoch, oldest: u64) -> Option<u64> {
        let heard = Mark { epoch, n: 0 };
        let known = self.known.entry(edge).or_insert_with(|| Known::new(heard));
        if epoch < known.heard.epoch {
            return None;
        }
        if epoch > known.heard.epoch {
            *known = Known::new(heard);
            self.changed = true;
        }
        known.heard.n = known.heard.n.max(oldest);
        Some(known.heard.n)
    }

    pub(super) fn heard_one(&mut self, edge: EdgeId) {
        if let Some(known) = self.known.get_mut(&edge) {
            known.heard.n += 1;
        }
    }

    /// Whether to ask for what is missing: not at every word that overtook it.
    pub(super) fn may_ask(&mut self, edge: EdgeId, now: Duration) -> bool {
        let Some(known) = self.known.get_mut(&edge) else { return false };
        let is_time = known.asked_at.is_none_or(|asked_at| asked_at + ASK_AGAIN <= now);
        if is_time {
            known.asked_at = Some(now);
        }
        is_time
    }

    pub(super) fn heard(&self) -> Vec<(EdgeId, Mark)> {
        self.known.iter().map(|(id, known)| (*id, known.heard)).collect()
    }

    /// An edge counted its people.
    pub(super) fn count(&mut self, edge: EdgeId, counts: Counts) {
        let elsewhere = self.known.iter().filter(|(id, _)| **id != edge).map(|(_, known)| known.counts.viewers);
        let most = elsewhere.fold(counts.most.max(counts.viewers), u32::saturating_add);
        self.peak = self.peak.max(most);
        let space = JOINED.saturating_sub(self.joined.len());
        self.joined.extend(counts.joined.iter().take(space).cloned());
        if let Some(known) = self.known.get_mut(&edge) {
            known.counts = counts;
        }
        self.changed = true;
    }

    /// An edge is gone, with everybody there.
    pub(super) fn gone(&mut self, edge: EdgeId) {
        if let Some(known) = self.known.get_mut(&edge) {
            known.counts = Counts { skipped: known.counts.skipped, ..Counts::default() };
            self.changed = true;
        }
    }

    pub(super) fn peak(&self) -> u32 {
        self.peak
    }

    /// Who is here now.
    pub(super) fn present(&self) -> Present {
        let sum =
            |of: fn(&Counts) -> u32| self.known.values().map(|known| of(&known.counts)).fold(0, u32::saturating_add);
        let (viewers, anonymous) = (sum(|counts| counts.viewers), sum(|counts| counts.anonymous));
        Present { viewers, peak: self.peak, anonymous, joined: Vec::new() }
    }

    /// What everybody is to be sent now, if it is time.
    pub(super) fn take_present(&mut self, now: Duration) -> Option<Present> {
        if self.deadline()? > now {
            return None;
        }
        self.sent_at = Some(now);
        self.changed = false;
        Some(Present { joined: std::mem::take(&mut self.joined), ..self.present() })
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.changed.then(|| self.sent_at.map_or(Duration::ZERO, |sent_at| sent_at + WINDOW))
    }

    /// The same for the host, who also sees who they are.
    pub(super) fn status(
        &self,
        present: &Present,
        hearts: u64,
        is_silenced: impl Fn(&ViewerId) -> bool,
    ) -> AudienceStatus {
        let everybody = self.known.values().flat_map(|known| &known.counts.people);
        let person = |viewer: &crate::PublicViewer| Person {
            id: viewer.id.clone(),
            name: viewer.name.clone(),
            hue: viewer.hue,
            n: viewer.n,
            muted: is_silenced(&viewer.id),
        };
        let people = everybody.take(LISTED).map(person).collect();
        let Present { viewers, peak, anonymous, .. } = *present;
        let skipped = self.known.values().map(|known| known.counts.skipped).max().unwrap_or_default();
        AudienceStatus { viewers, peak, anonymous, hearts, skipped, people }
    }
}
