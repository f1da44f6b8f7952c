//! What follows where somebody is silenced, waits, or is let in.

use super::voices::Released;
use super::{Errand, Owner, OwnerEffect, refused};
use crate::room::limits::believable;
use crate::room::{Asker, Down, Now, RoomNews, Say};
use crate::{RefusedCode, ViewerId, Voice};

impl Owner {
    pub(super) fn accept(&mut self, askers: Vec<Asker>, say: Say, effects: &mut Vec<OwnerEffect>) {
        let viewer = self.as_seen(say.viewer.clone());
        self.keep(askers, Say { viewer, ..say }, effects);
    }

    pub(super) fn keep(&mut self, askers: Vec<Asker>, say: Say, effects: &mut Vec<OwnerEffect>) {
        self.voices.spoke(&say.viewer.id, say.place);
        effects.push(OwnerEffect::Errand(Errand::Store(self.chat.push(askers, say))));
    }

    /// What waited for the host is accepted. It belongs to the moment that its writer saw only where
    /// that is not long ago.
    pub(super) fn let_in(&mut self, now: Now, released: Vec<Released>, effects: &mut Vec<OwnerEffect>) {
        for Released { mut say, askers } in released {
            say.at_ms = believable(Some(say.at_ms), now.program_ms);
            self.accept(askers, say, effects);
        }
    }

    pub(super) fn turn_away(&mut self, released: Vec<Released>, code: RefusedCode, effects: &mut Vec<OwnerEffect>) {
        for asker in released.into_iter().flat_map(|released| released.askers) {
            self.send(refused(asker, code, None), effects);
        }
    }

    /// A viewer is silenced, or may speak again; whoever waited because of them need not wait then.
    pub(super) fn voice(&mut self, now: Now, viewer: ViewerId, voice: Voice, effects: &mut Vec<OwnerEffect>) {
        self.voices.set(&viewer, voice);
        if voice.is_silenced() {
            let released = self.voices.take(&viewer);
            self.turn_away(released, RefusedCode::Muted, effects);
        }
        self.send(Down::Voice { viewer: viewer.clone(), voice }, effects);
        effects.push(OwnerEffect::Errand(Errand::News(RoomNews::Voice { viewer, voice })));
        let released = self.voices.take_free();
        self.let_in(now, released, effects);
    }
}
