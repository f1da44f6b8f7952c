//! What an edge knows of the room, and what everybody is sent when that changes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Delivery, EdgeEffect};
use crate::room::limits::BACKLOG;
use crate::room::{Envelope, Mark, Now, Passing, Present, Standing, WholeState, put_back};
use crate::{Backlog, PublicViewer, Said, Seq, ToViewer, ViewerId, Voice};

/// Removals that are remembered, so that none is sent twice for nothing.
const REMOVED: usize = 1024;

/// The owner's room as of `mark`.
#[derive(Debug)]
pub(super) struct View {
    /// The owner's word that comes next.
    pub(super) mark: Mark,
    next_passing: u64,
    pub(super) standing: Standing,
    pub(super) silenced: BTreeMap<ViewerId, Voice>,
    ring: VecDeque<Said>,
    /// The ring as newcomers are sent it; none where it changed since.
    backlog: Option<Backlog>,
    /// The newest comment that everybody was sent, or that came with the backlog.
    last: Option<Seq>,
    removed: BTreeSet<Seq>,
    hearts: u64,
    present: Present,
}

impl View {
    pub(super) fn new(state: WholeState) -> Self {
        let WholeState { mark, passing, standing, backlog, removed, silenced, hearts, present } = state;
        Self {
            mark,
            next_passing: passing,
            standing,
            silenced: silenced.into_iter().collect(),
            backlog: None,
            last: backlog.last().map(|said| said.seq),
            ring: backlog.into(),
            removed: removed.into_iter().collect(),
            hearts,
            present,
        }
    }

    /// Takes over a whole state: removals first, then what everybody missed.
    pub(super) fn update(&mut self, state: WholeState, effects: &mut Vec<EdgeEffect>) {
        let WholeState { mark, passing, standing, backlog, removed, silenced, hearts, present } = state;
        let oldest = backlog.first().map_or(Seq(0), |said| said.seq);
        let still = |said: &&Said| said.seq < oldest || backlog.iter().any(|other| other.seq == said.seq);
        let gone: Vec<Seq> = self.ring.iter().filter(|said| !still(said)).map(|said| said.seq).collect();
        for seq in gone.into_iter().chain(removed) {
            if Some(seq) <= self.last && !self.removed.contains(&seq) {
                self.removed(seq, effects);
            }
        }
        self.stand(standing, effects);
        backlog.into_iter().for_each(|said| self.restored(said, effects));
        self.silenced = silenced.into_iter().collect();
        self.pass(Passing::Hearts { at_ms: crate::ProgramMs(0), by_hue: Default::default(), total: hearts }, effects);
        self.pass(Passing::Presence(present), effects);
        (self.mark, self.next_passing) = (mark, passing);
    }

    /// Takes a comment. False where it is known already.
    pub(super) fn said(&mut self, said: Said) -> bool {
        if Some(said.seq) <= self.last {
            return false;
        }
        self.last = Some(said.seq);
        self.backlog = None;
        self.ring.push_back(said);
        if self.ring.len() > BACKLOG {
            self.ring.pop_front();
        }
        true
    }

    pub(super) fn removed(&mut self, seq: Seq, effects: &mut Vec<EdgeEffect>) {
        self.backlog = None;
        self.ring.retain(|said| said.seq != seq);
        self.removed.insert(seq);
        if self.removed.len() > REMOVED {
            self.removed.pop_first();
        }
        effects.push(to_all(ToViewer::Removed { seq }));
    }

    /// Takes a comment that is not among the removed ones; everybody is sent it where it was, or is new.
    pub(super) fn restored(&mut self, said: Said, effects: &mut Vec<EdgeEffect>) {
        let was_removed = self.removed.remove(&said.seq);
        if was_removed {
            self.backlog = None;
            self.last = self.last.max(Some(said.seq));
            put_back(&mut self.ring, said.clone());
        }
        if was_removed || self.said(said.clone()) {
            effects.push(to_all(ToViewer::Said(said)));
        }
    }

    /// What somebody may do.
    pub(super) fn voice(&self, viewer: &ViewerId) -> Voice {
        self.silenced.get(viewer).copied().unwrap_or_default()
    }

    pub(super) fn set_voice(&mut self, viewer: ViewerId, voice: Voice) {
        if voice.is_silenced() {
            self.silenced.insert(viewer, voice);
        } else {
            self.silenced.remove(&viewer);
        }
    }

    pub(super) fn stand(&mut self, standing: Standing, effects: &mut Vec<EdgeEffect>) {
        if self.standing != standing {
            self.standing = standing;
            let Standing { state, title, on_picture, replay_url } = self.standing.clone();
            effects.push(to_all(ToViewer::State { state, title, on_picture, replay_url }));
        }
    }

    /// Hearts or presence: the newest counts, and an older one is let go.
    pub(super) fn passing(&mut self, envelope: Envelope<Passing>, effects: &mut Vec<EdgeEffect>) {
        if envelope.epoch == self.mark.epoch && envelope.n >= self.next_passing {
            self.next_passing = envelope.n + 1;
            self.pass(envelope.word, effects);
        }
    }

    fn pass(&mut self, word: Passing, effects: &mut Vec<EdgeEffect>) {
        match word {
            Passing::Hearts { at_ms, by_hue, total } => {
                if total != self.hearts {
                    self.hearts = total;
                    effects.push(to_all(ToViewer::Hearts { at_ms, by_hue, total }));
                }
            }
            Passing::Presence(present) => {
                let Present { viewers, peak, anonymous, joined } = present.clone();
                // A repetition; what is new always changes the counts, or names somebody.
                let is_repeated = joined.is_empty() && Present { joined: Vec::new(), ..present } == self.present;
                self.present = Present { viewers, peak, anonymous, joined: Vec::new() };
                if !is_repeated {
                    effects.push(to_all(ToViewer::Presence { viewers, peak, anonymous, joined }));
                }
            }
        }
    }

    pub(super) fn welcome(&mut self, now: Now, viewer: PublicViewer, token: String) -> ToViewer {
        let Standing { state, title, on_picture, replay_url } = self.standing.clone();
        ToViewer::Welcome {
            v: 1,
            viewer,
            token,
            state,
            title,
            program_ms: now.program_ms,
            on_picture,
            hearts: self.hearts,
            backlog: self.backlog.get_or_insert_with(|| self.ring.iter().cloned().collect()).clone(),
            replay_url,
        }
    }
}

pub(super) fn to_all(message: ToViewer) -> EdgeEffect {
    EdgeEffect::Deliver(Delivery::ToAll(message))
}
