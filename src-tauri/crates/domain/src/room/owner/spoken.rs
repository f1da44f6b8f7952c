//! What the host says, and what people are called.

use super::{Errand, Owner, OwnerEffect};
use crate::room::{CommentKey, Down, Now, RoomNews, Say};
use crate::{BroadcastState, PublicViewer, names};

impl Owner {
    /// The host says something: past every pace, and over no socket.
    pub(super) fn host_says(&mut self, now: Now, text: String, effects: &mut Vec<OwnerEffect>) {
        if self.standing.state == BroadcastState::Ended || self.chat.is_full() {
            effects.push(OwnerEffect::Errand(Errand::News(RoomNews::NotSaid(text))));
            return;
        }
        // No page has this one; its place makes each comment another, also after a restart.
        let key = CommentKey { page: names::host_page(), id: self.chat.next().to_string() };
        let (viewer, at_ms) = (names::host(), now.program_ms);
        // No token has this hash: it is nobody's.
        let say = Say { viewer, token_hash: [0; 32], key, text, at_ms, place: None };
        self.keep(Vec::new(), say, effects);
    }

    /// Somebody has, or wants, this name.
    pub(super) fn name(&mut self, now: Now, viewer: PublicViewer, is_renamed: bool, effects: &mut Vec<OwnerEffect>) {
        if is_renamed && self.voices.of(&viewer.id).is_silenced() {
            return;
        }
        let viewer = self.as_seen(viewer);
        let to_all = is_renamed && self.renamed.take(now.elapsed);
        if is_renamed || viewer.n.is_some() {
            self.send(Down::Named { viewer, to_all }, effects);
        }
    }

    /// A viewer with the number that their name has in this episode, and without what is the host's.
    pub(super) fn as_seen(&mut self, viewer: PublicViewer) -> PublicViewer {
        let n = self.names.number(&viewer);
        PublicViewer { badge: None, n, ..viewer }
    }
}
