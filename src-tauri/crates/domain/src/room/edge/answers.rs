//! Who sees a comment that the owner took, and who is answered.

use super::view::to_all;
use super::{Delivery, Edge, EdgeEffect};
use crate::room::{Asker, ConnectionId, Now};
use crate::{Said, Seq, ToViewer};

impl Edge {
    /// A comment is new: everybody sees it, or, where too many write at once, its writer. What the host
    /// says everybody sees.
    pub(super) fn show(&mut self, now: Now, said: Said, asker: Option<Asker>, effects: &mut Vec<EdgeEffect>) {
        if said.viewer.badge.is_some() || self.pace.is_shown(now.elapsed) {
            effects.push(to_all(ToViewer::Said(said)));
        } else if let Some((writer, _)) = asker.and_then(|asker| self.asker(asker)) {
            effects.push(EdgeEffect::Deliver(Delivery::To(writer, ToViewer::Said(said))));
        }
    }

    pub(super) fn accepted(&mut self, asker: Asker, seq: Seq, effects: &mut Vec<EdgeEffect>) {
        if let Some((connection, id)) = self.answered(asker) {
            effects.push(EdgeEffect::Deliver(Delivery::To(connection, ToViewer::Accepted { id, seq })));
        }
    }

    /// Whose question that is, if it was asked here and nobody answered yet.
    pub(super) fn asker(&self, asker: Asker) -> Option<(ConnectionId, String)> {
        let (connection, id) = self.is_ours(asker).then(|| self.asked.waits(asker.n)).flatten()?;
        self.people.is_here(connection).then_some((connection, id))
    }

    /// Whose question that answers, if it was asked here and nobody answered before.
    pub(super) fn answered(&mut self, asker: Asker) -> Option<(ConnectionId, String)> {
        let (connection, id) = self.is_ours(asker).then(|| self.asked.answered(asker.n)).flatten()?;
        self.people.is_here(connection).then_some((connection, id))
    }

    fn is_ours(&self, asker: Asker) -> bool {
        asker.edge == self.id && asker.epoch == self.log.epoch()
    }
}
