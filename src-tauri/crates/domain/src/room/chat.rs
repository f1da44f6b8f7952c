//! Comments: their order, their way through the archive, and the last ones.

use std::collections::VecDeque;

use super::ConnectionId;
use crate::{ProgramMs, PublicViewer, Said, Seq};

/// How many comments a newcomer is shown.
const BACKLOG: usize = 50;
/// How many comments may wait for the archive; beyond it is ill, and writers are asked to wait.
const PENDING: usize = 512;
/// How far back a viewer may be, in milliseconds.
const LATEST_SEEN_MS: u64 = 30_000;

/// A comment on its way, and whose answer it is.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) said: Said,
    pub(super) connection: ConnectionId,
    pub(super) id: String,
    pub(super) kept: Option<bool>,
    pub(super) removed: bool,
}

/// The comments of an episode, as far as a room needs them.
#[derive(Debug)]
pub(super) struct Chat {
    next: Seq,
    pending: VecDeque<Pending>,
    backlog: VecDeque<Said>,
}

impl Chat {
    /// Goes on where the archive stands.
    pub(super) fn new(next: Seq, backlog: Vec<Said>) -> Self {
        let skip = backlog.len().saturating_sub(BACKLOG);
        Self { next, pending: VecDeque::new(), backlog: backlog.into_iter().skip(skip).collect() }
    }

    /// Whether the archive is too far behind.
    pub(super) fn is_full(&self) -> bool {
        self.pending.len() >= PENDING
    }

    /// Gives a comment its place.
    pub(super) fn push(
        &mut self,
        connection: ConnectionId,
        id: String,
        viewer: PublicViewer,
        text: String,
        at_ms: ProgramMs,
    ) -> Said {
        let said = Said { seq: self.next, at_ms, viewer, text };
        self.next = Seq(self.next.0 + 1);
        self.pending.push_back(Pending { said: said.clone(), connection, id, kept: None, removed: false });
        said
    }

    /// Notes the archive's answer, and takes out what may be told now. Comments are told in their
    /// order, also where the archive answers out of order.
    pub(super) fn stored(&mut self, seq: Seq, kept: bool) -> Vec<Pending> {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.said.seq == seq) {
            pending.kept.get_or_insert(kept);
        }
        let ready = self.pending.iter().take_while(|pending| pending.kept.is_some()).count();
        let told: Vec<Pending> = self.pending.drain(..ready).collect();
        for pending in told.iter().filter(|pending| pending.kept == Some(true) && !pending.removed) {
            self.backlog.push_back(pending.said.clone());
            if self.backlog.len() > BACKLOG {
                self.backlog.pop_front();
            }
        }
        told
    }

    /// Forgets a comment. False if there never was one.
    pub(super) fn remove(&mut self, seq: Seq) -> bool {
        self.backlog.retain(|said| said.seq != seq);
        for pending in self.pending.iter_mut().filter(|pending| pending.said.seq == seq) {
            pending.removed = true;
        }
        seq < self.next
    }

    /// The last comments.
    pub(super) fn backlog(&self) -> Vec<Said> {
        self.backlog.iter().cloned().collect()
    }
}

/// The program time of a comment: the moment its writer saw, as long as that is believable.
pub(super) fn moment(seen: Option<ProgramMs>, now: ProgramMs) -> ProgramMs {
    seen.filter(|seen| (now.0.saturating_sub(LATEST_SEEN_MS)..=now.0).contains(&seen.0)).unwrap_or(now)
}
