//! Comments that were removed: gone everywhere at once, and for some seconds they can be put back.

use super::{AsRunWhat, CHAT_KEPT, Effect, Production};
use crate::{Event, Refusal, Removal, Seq, UnixMs};

/// How long a removed comment can be put back, in milliseconds.
const UNDO_MS: u64 = 8_000;

impl Production {
    pub(super) fn removed(&mut self, now: UnixMs, seq: Seq) -> Vec<Effect> {
        let is_shown =
            self.snapshot.on_program.comment == Some(seq) || self.cards.iter().any(|(card, _)| card.seq == seq);
        let at = self.snapshot.chat.iter().position(|said| said.seq == seq);
        if !is_shown && at.is_none() {
            // Twice is once: the studio took it off before the room did.
            return Vec::new();
        }
        self.cards.retain(|(card, _)| card.seq != seq);
        if let Some(at) = at {
            let said = self.snapshot.chat.remove(at);
            self.snapshot.removals.push(Removal { said, until: now.plus(UNDO_MS) });
        }
        if self.snapshot.on_program.comment == Some(seq) {
            self.snapshot.on_program.comment = None;
        }
        vec![self.emit(Event::Removed(seq)), moderated(format!("comment {seq} removed"))]
    }

    /// A removed comment stands at its place again. The picture does not show it by itself.
    pub(super) fn restore(&mut self, seq: Seq) -> Result<Vec<Effect>, Refusal> {
        let Some(at) = self.snapshot.removals.iter().position(|removal| removal.said.seq == seq) else {
            let text = "this comment was erased for good, and cannot be put back any more";
            return Err(Refusal::new("chat.erased", text));
        };
        let Removal { said, .. } = self.snapshot.removals.remove(at);
        let chat = &mut self.snapshot.chat;
        chat.insert(chat.partition_point(|other| other.seq < seq), said.clone());
        if chat.len() > CHAT_KEPT {
            chat.remove(0);
        }
        let event = self.emit(Event::Said(said.clone()));
        Ok(vec![event, Effect::RestoreMessage(said), moderated(format!("comment {seq} put back"))])
    }

    /// What nobody asked back in time is gone for good.
    pub(super) fn forget_removals(&mut self, now: UnixMs) {
        // Also where the clock was set back: nothing waits for hours.
        self.snapshot.removals.retain(|removal| now < removal.until && removal.until.since(now) <= UNDO_MS);
    }
}

fn moderated(detail: String) -> Effect {
    Effect::AsRun { kind: AsRunWhat::Moderation, detail }
}
