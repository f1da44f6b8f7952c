//! Comments: each once, in their order, on their way through the archive; and the last ones.

use std::collections::{BTreeMap, VecDeque};

use crate::room::limits::BACKLOG;
use crate::room::{Asker, Comment, CommentKey, Say, Stored, put_back};
use crate::{Said, Seq};

/// How many comments may wait for the archive; beyond it is ill, and writers are asked to wait.
const PENDING: usize = 512;
/// Comments that are known to be said without asking the archive, which knows all of them.
const REMEMBERED: usize = 4096;

/// A comment on its way.
#[derive(Debug)]
struct Pending {
    comment: Comment,
    askers: Vec<Asker>,
    stored: Option<Stored>,
    removed: bool,
}

/// A comment that the archive answered for, and whose turn it is.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) comment: Comment,
    pub(super) askers: Vec<Asker>,
    pub(super) stored: Stored,
    pub(super) removed: bool,
}

/// What a comment is that arrives.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Accepted before, at this place.
    Said(Seq),
    /// The archive was asked already; its answer is for this asker, too.
    OnItsWay,
    /// Not known here.
    New,
}

/// The comments of an episode, as far as a room needs them.
#[derive(Debug)]
pub(super) struct Chat {
    next: Seq,
    pending: VecDeque<Pending>,
    backlog: VecDeque<Said>,
    remembered: BTreeMap<CommentKey, Seq>,
    oldest_first: VecDeque<CommentKey>,
}

impl Chat {
    /// Goes on where the archive stands.
    pub(super) fn new(next: Seq, backlog: Vec<Said>, pending: Vec<Comment>) -> Self {
        let skip = backlog.len().saturating_sub(BACKLOG);
        let unanswered = |comment| Pending { comment, askers: Vec::new(), stored: None, removed: false };
        Self {
            next,
            pending: pending.into_iter().map(unanswered).collect(),
            backlog: backlog.into_iter().skip(skip).collect(),
            remembered: BTreeMap::new(),
            oldest_first: VecDeque::new(),
        }
    }

    /// Whether the archive is too far behind.
    pub(super) fn is_full(&self) -> bool {
        self.pending.len() >= PENDING
    }

    pub(super) fn next(&self) -> Seq {
        self.next
    }

    /// Whether this comment came before; `asker` then has the answer, or gets it with the others.
    pub(super) fn known(&mut self, asker: Asker, key: &CommentKey) -> Admission {
        if let Some(seq) = self.remembered.get(key) {
            return Admission::Said(*seq);
        }
        match self.pending.iter_mut().find(|pending| pending.comment.key == *key) {
            Some(pending) => {
                pending.askers.push(asker);
                Admission::OnItsWay
            }
            None => Admission::New,
        }
    }

    /// Gives a comment its place.
    pub(super) fn push(&mut self, askers: Vec<Asker>, say: Say) -> Comment {
        let Say { viewer, token_hash, key, text, at_ms, place } = say;
        let comment = Comment { said: Said { seq: self.next, at_ms, viewer, text }, key, token_hash, place };
        self.next = Seq(self.next.0 + 1);
        self.pending.push_back(Pending { comment: comment.clone(), askers, stored: None, removed: false });
        comment
    }

    /// Notes the archive's answer, and takes out what may be said now. Comments are said in their
    /// order, also where the archive answers out of order.
    pub(super) fn stored(&mut self, seq: Seq, stored: Stored) -> Vec<Done> {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.comment.said.seq == seq) {
            pending.stored.get_or_insert(stored);
        }
        let mut ready = Vec::new();
        while let Some(stored) = self.pending.front().and_then(|first| first.stored) {
            let Some(Pending { comment, askers, removed, .. }) = self.pending.pop_front() else { break };
            match stored {
                Stored::Kept => {
                    self.remember(comment.key.clone(), comment.said.seq);
                    if !removed {
                        self.backlog.push_back(comment.said.clone());
                        if self.backlog.len() > BACKLOG {
                            self.backlog.pop_front();
                        }
                    }
                }
                Stored::Repeated(first) => self.remember(comment.key.clone(), first),
                Stored::Failed => {}
            }
            ready.push(Done { comment, askers, stored, removed });
        }
        ready
    }

    fn remember(&mut self, key: CommentKey, seq: Seq) {
        if self.remembered.insert(key.clone(), seq).is_none() {
            self.oldest_first.push_back(key);
        }
        if self.oldest_first.len() > REMEMBERED
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.remembered.remove(&oldest);
        }
    }

    /// Forgets a comment. False if there never was one.
    pub(super) fn remove(&mut self, seq: Seq) -> bool {
        self.backlog.retain(|said| said.seq != seq);
        for pending in self.pending.iter_mut().filter(|pending| pending.comment.said.seq == seq) {
            pending.removed = true;
        }
        seq < self.next
    }

    /// A comment that was forgotten is among the last ones again, at its place.
    pub(super) fn restore(&mut self, said: Said) {
        put_back(&mut self.backlog, said);
    }

    /// What the archive did not answer for yet, and nobody removed.
    pub(super) fn pending(&self) -> Vec<Comment> {
        let pending = self.pending.iter().filter(|pending| !pending.removed);
        pending.map(|pending| pending.comment.clone()).collect()
    }

    /// The last comments.
    pub(super) fn backlog(&self) -> Vec<Said> {
        self.backlog.iter().cloned().collect()
    }
}
