//! The owner of a room: order, moderation, acceptance, exact totals, presence.
//!
//! There is one for each episode. It knows edges, not connections: what a viewer is sent, and how
//! often one may speak, is the [edge](super::Edge)'s.

mod chat;
mod edges;
mod hearts;
mod moderation;
mod names;
mod pace;
mod spoken;
mod voices;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::envelope::Log;
use super::limits::{ACCEPTED_A_SECOND, RENAMED_A_SECOND};
use super::rush::Rush;
use super::{
    Asker, Comment, Down, EdgeId, Envelope, Epoch, HostOrder, Mark, Now, Passing, Past, Present, RoomNews, Say,
    Standing, Stored, ToEdge, ToOwner, Up, WholeState,
};
use crate::{BroadcastState, ProgramMs, RefusedCode, Seq};
use chat::{Admission, Chat};
use edges::Edges;
pub(super) use edges::{JOINED, LISTED};
use hearts::Hearts;
use names::Names;
use pace::Pace;
use voices::Voices;

/// Words that an edge may have missed and still be sent one by one.
const LOG: usize = 1024;
/// Removed comments that an edge is sent which missed more than that; a page keeps 200.
const REMOVED: usize = 256;
/// What a writer is asked to wait when the archive could not take a comment.
const NOT_KEPT: Duration = Duration::from_secs(3);
/// What a writer is asked to wait when too many comments wait for the archive.
const BEHIND: Duration = Duration::from_secs(1);
/// What a writer is asked to wait when too many wait for the host.
const TOO_MANY_HELD: Duration = Duration::from_secs(30);

/// What reaches the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "nearly all that crosses are words, which are the large ones")]
pub enum OwnerInput {
    /// A frame of an edge.
    Received(EdgeId, ToOwner),
    /// An edge is gone: its people are not here until it comes back.
    EdgeGone(EdgeId),
    /// The archive answered for the comment at this place.
    Stored(Seq, Stored),
    /// What the host or the program does.
    Host(HostOrder),
    /// [`Owner::deadline`] has passed.
    Tick,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerEffect {
    /// An edge is sent a frame.
    ToEdge(EdgeId, ToEdge),
    /// Something must be done outside of the room.
    Errand(Errand),
}

/// What the owner needs from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// The archive must keep a comment; the answer is [`OwnerInput::Stored`].
    Store(Comment),
    /// The archive must add these to a second's sums.
    KeepHearts {
        /// Start of the second.
        second_ms: ProgramMs,
        /// How many more of each hue.
        by_hue: BTreeMap<u16, u32>,
    },
    /// The host learns this.
    News(RoomNews),
}

/// The owner of one episode's room.
#[derive(Debug)]
pub struct Owner {
    log: Log<Down>,
    passing: u64,
    standing: Standing,
    chat: Chat,
    removed: VecDeque<Seq>,
    voices: Voices,
    names: Names,
    renamed: Rush,
    pace: Pace,
    hearts: Hearts,
    edges: Edges,
}

impl Owner {
    /// A new life of an owner, which goes on where `past` stands.
    #[must_use]
    pub fn new(epoch: Epoch, past: Past) -> Self {
        Self::with_log(epoch, past, LOG)
    }

    pub(super) fn with_log(epoch: Epoch, past: Past, log: usize) -> Self {
        let Past { standing, next, backlog, removed, silenced, named, spoke, seen, held, pending, hearts, peak, heard } =
            past;
        let mut voices = Voices::new(silenced, spoke, held);
        seen.into_iter().for_each(|(viewer, place)| voices.seen(&viewer, place));
        Self {
            log: Log::new(epoch, log),
            passing: 0,
            standing,
            chat: Chat::new(next, backlog, pending),
            removed: removed.into(),
            voices,
            names: Names::new(named),
            renamed: Rush::new(RENAMED_A_SECOND),
            pace: Pace::new(ACCEPTED_A_SECOND),
            hearts: Hearts::new(hearts),
            edges: Edges::new(peak, heard),
        }
    }

    /// The same, accepting so many comments in any second, whoever writes them.
    #[must_use]
    pub fn accepting(self, in_a_second: u32) -> Self {
        Self { pace: Pace::new(in_a_second), ..self }
    }

    /// What a successor needs.
    #[must_use]
    pub fn past(&self) -> Past {
        Past {
            standing: self.standing.clone(),
            next: self.chat.next(),
            backlog: self.chat.backlog(),
            removed: self.removed.iter().copied().collect(),
            silenced: self.voices.silenced(),
            named: self.names.given(),
            spoke: self.voices.who_spoke(),
            seen: self.voices.who_was_seen(),
            held: self.voices.waiting(),
            pending: self.chat.pending(),
            hearts: self.hearts.total(),
            peak: self.edges.peak(),
            heard: self.edges.heard(),
        }
    }

    /// When [`OwnerInput::Tick`] is wanted, on [`Now::elapsed`]'s clock; none while nothing waits.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        [self.edges.deadline(), self.hearts.deadline()].into_iter().flatten().min()
    }

    /// What follows from `input`. Total: what makes no sense now changes nothing.
    pub fn apply(&mut self, now: Now, input: OwnerInput) -> Vec<OwnerEffect> {
        let mut effects = Vec::new();
        match input {
            OwnerInput::Received(edge, ToOwner::Word { oldest, envelope }) => {
                self.word(now, edge, oldest, envelope, &mut effects);
            }
            OwnerInput::Received(edge, ToOwner::Since { epoch, mark }) => {
                self.since(now, edge, epoch, mark, &mut effects)
            }
            OwnerInput::EdgeGone(edge) => self.edges.gone(edge),
            OwnerInput::Stored(seq, stored) => self.stored(seq, stored, &mut effects),
            OwnerInput::Host(order) => self.host(now, order, &mut effects),
            OwnerInput::Tick => {}
        }
        self.due(now, &mut effects);
        effects
    }

    fn word(&mut self, now: Now, edge: EdgeId, oldest: u64, envelope: Envelope<Up>, effects: &mut Vec<OwnerEffect>) {
        let Envelope { epoch, n, word } = envelope;
        let Some(expected) = self.edges.meet(edge, epoch, oldest) else { return };
        if n > expected {
            if self.edges.may_ask(edge, now.elapsed) {
                effects.push(OwnerEffect::ToEdge(edge, ToEdge::Since(Mark { epoch, n: expected })));
            }
            return;
        }
        if n == expected {
            self.edges.heard_one(edge);
            match word {
                Up::Say(say) => self.say(now, Asker { edge, epoch, n }, say, effects),
                Up::Named { viewer, is_renamed } => self.name(now, viewer, is_renamed, effects),
                Up::Hearts(by_hue) => self.taps(now, by_hue, effects),
                Up::Presence(counts) => self.edges.count(edge, counts),
                Up::Seen { viewer, places } => {
                    places.into_iter().for_each(|place| self.voices.seen(&viewer, place));
                }
            }
        }
        let n = expected.max(n + 1);
        effects.push(OwnerEffect::ToEdge(edge, ToEdge::Heard(Mark { epoch, n })));
    }

    /// An edge that was away, or just began, says what it has.
    fn since(&mut self, now: Now, edge: EdgeId, epoch: Epoch, mark: Option<Mark>, effects: &mut Vec<OwnerEffect>) {
        let Some(expected) = self.edges.meet(edge, epoch, 0) else { return };
        let missed = mark.filter(|mark| mark.epoch == self.log.epoch()).and_then(|mark| self.log.since(mark.n));
        let mut send = |frame| effects.push(OwnerEffect::ToEdge(edge, frame));
        match missed {
            Some(words) => {
                words.into_iter().map(ToEdge::Word).for_each(&mut send);
                for word in [self.totals(now.program_ms), Passing::Presence(self.edges.present())] {
                    send(ToEdge::Passing(Envelope { epoch: self.log.epoch(), n: self.passing, word }));
                    self.passing += 1;
                }
            }
            None => send(ToEdge::State(Box::new(self.whole_state()))),
        }
        send(ToEdge::Since(Mark { epoch, n: expected }));
    }

    fn totals(&self, at_ms: ProgramMs) -> Passing {
        Passing::Hearts { at_ms, by_hue: BTreeMap::new(), total: self.hearts.sent_total() }
    }

    fn whole_state(&self) -> WholeState {
        WholeState {
            mark: Mark { epoch: self.log.epoch(), n: self.log.next() },
            passing: self.passing,
            standing: self.standing.clone(),
            backlog: self.chat.backlog(),
            removed: self.removed.iter().copied().collect(),
            silenced: self.voices.silenced(),
            hearts: self.hearts.sent_total(),
            present: self.edges.present(),
        }
    }

    fn say(&mut self, now: Now, asker: Asker, say: Say, effects: &mut Vec<OwnerEffect>) {
        if self.voices.is_waiting(asker, &say.key) {
            return self.send(Down::Held { asker }, effects);
        }
        let admission = self.chat.known(asker, &say.key);
        let over = self.standing.state == BroadcastState::Ended;
        match admission {
            Admission::Said(seq) => self.send(Down::Accepted { asker, seq }, effects),
            Admission::OnItsWay => {}
            Admission::New if over => self.send(refused(asker, RefusedCode::Closed, None), effects),
            Admission::New if self.voices.of(&say.viewer.id).is_silenced() => {
                if let Some(place) = say.place {
                    self.voices.seen(&say.viewer.id, place);
                }
                self.send(refused(asker, RefusedCode::Muted, None), effects);
            }
            Admission::New if self.voices.must_wait(&say) => {
                if self.voices.wait(say, Some(asker)) {
                    self.send(Down::Held { asker }, effects);
                    effects.push(OwnerEffect::Errand(Errand::News(RoomNews::Held(self.voices.held()))));
                } else {
                    self.send(refused(asker, RefusedCode::TooFast, Some(TOO_MANY_HELD)), effects);
                }
            }
            Admission::New if self.chat.is_full() => {
                self.send(refused(asker, RefusedCode::TooFast, Some(BEHIND)), effects);
            }
            Admission::New => match self.pace.take(now.elapsed) {
                Ok(()) => self.accept(vec![asker], say, effects),
                Err(retry) => self.send(refused(asker, RefusedCode::TooFast, Some(retry)), effects),
            },
        }
    }

    fn stored(&mut self, seq: Seq, stored: Stored, effects: &mut Vec<OwnerEffect>) {
        for done in self.chat.stored(seq, stored) {
            let mut askers = done.askers.into_iter();
            match done.stored {
                Stored::Kept if !done.removed => {
                    self.send(Down::Said { said: done.comment.said.clone(), asker: askers.next() }, effects);
                    for asker in askers {
                        self.send(Down::Accepted { asker, seq: done.comment.said.seq }, effects);
                    }
                    effects.push(OwnerEffect::Errand(Errand::News(RoomNews::Said(done.comment.said))));
                }
                Stored::Failed if done.comment.said.viewer.badge.is_some() => {
                    effects.push(OwnerEffect::Errand(Errand::News(RoomNews::NotSaid(done.comment.said.text))));
                }
                Stored::Kept => {
                    askers.for_each(|asker| self.send(Down::Accepted { asker, seq: done.comment.said.seq }, effects));
                }
                Stored::Repeated(first) => {
                    askers.for_each(|asker| self.send(Down::Accepted { asker, seq: first }, effects));
                }
                Stored::Failed => {
                    askers.for_each(|asker| {
                        self.send(refused(asker, RefusedCode::Closed, Some(NOT_KEPT)), effects);
                    });
                }
            }
        }
    }

    fn host(&mut self, now: Now, order: HostOrder, effects: &mut Vec<OwnerEffect>) {
        let before = self.standing.clone();
        let held = self.voices.held();
        let state = self.standing.state;
        match order {
            // Over is over: nothing follows the end but another room.
            HostOrder::OnAir if state != BroadcastState::Ended => self.standing.state = BroadcastState::OnAir,
            HostOrder::Interrupted(true) if state == BroadcastState::OnAir => {
                self.standing.state = BroadcastState::Interrupted;
            }
            HostOrder::Interrupted(false) if state == BroadcastState::Interrupted => {
                self.standing.state = BroadcastState::OnAir;
            }
            HostOrder::OnAir | HostOrder::Interrupted(_) => {}
            HostOrder::Ended { replay_url } => {
                self.standing.state = BroadcastState::Ended;
                self.standing.replay_url = replay_url;
                let released = self.voices.take_all();
                self.turn_away(released, RefusedCode::Closed, effects);
            }
            HostOrder::OnPicture(on_picture) => self.standing.on_picture = on_picture,
            HostOrder::Title(title) => self.standing.title = title,
            HostOrder::Say(text) => self.host_says(now, text, effects),
            HostOrder::Remove(seq) => {
                if self.chat.remove(seq) {
                    self.removed.push_back(seq);
                    if self.removed.len() > REMOVED {
                        self.removed.pop_front();
                    }
                    self.send(Down::Removed(seq), effects);
                    effects.push(OwnerEffect::Errand(Errand::News(RoomNews::Removed(seq))));
                }
            }
            HostOrder::Restore(said) => {
                if let Some(at) = self.removed.iter().position(|removed| *removed == said.seq) {
                    self.removed.remove(at);
                    self.chat.restore(said.clone());
                    self.send(Down::Restored(said), effects);
                }
            }
            HostOrder::Voice { viewer, voice } => self.voice(now, viewer, voice, effects),
            HostOrder::LetIn { viewer } => {
                let released = self.voices.take(&viewer);
                self.let_in(now, released, effects);
                // Where a fourth speaks by now, nobody waits any more.
                let released = self.voices.take_free();
                self.let_in(now, released, effects);
            }
        }
        let still_held = self.voices.held();
        if still_held != held {
            effects.push(OwnerEffect::Errand(Errand::News(RoomNews::Held(still_held))));
        }
        if self.standing != before {
            self.send(Down::Standing(self.standing.clone()), effects);
        }
    }

    /// What is due by now, whatever happened.
    fn due(&mut self, now: Now, effects: &mut Vec<OwnerEffect>) {
        if let Some(by_hue) = self.hearts.take_window(now.elapsed) {
            let word = Passing::Hearts { at_ms: now.program_ms, by_hue, total: self.hearts.sent_total() };
            self.pass(&word, effects);
        }
        if let Some(present) = self.edges.take_present(now.elapsed) {
            let status =
                self.edges.status(&present, self.hearts.total(), |viewer| self.voices.of(viewer).is_silenced());
            effects.push(OwnerEffect::Errand(Errand::News(RoomNews::Presence(status))));
            self.pass(&Passing::Presence(present), effects);
        }
    }

    /// Every edge is sent this, now or when it asks.
    fn send(&mut self, word: Down, effects: &mut Vec<OwnerEffect>) {
        let envelope = self.log.push(word);
        effects.extend(self.edges.ids().map(|edge| OwnerEffect::ToEdge(edge, ToEdge::Word(envelope.clone()))));
    }

    fn pass(&mut self, word: &Passing, effects: &mut Vec<OwnerEffect>) {
        let envelope = Envelope { epoch: self.log.epoch(), n: self.passing, word: word.clone() };
        self.passing += 1;
        effects.extend(self.edges.ids().map(|edge| OwnerEffect::ToEdge(edge, ToEdge::Passing(envelope.clone()))));
    }

    /// Who is here, over all edges.
    #[must_use]
    pub fn present(&self) -> Present {
        self.edges.present()
    }
}

fn refused(asker: Asker, code: RefusedCode, retry: Option<Duration>) -> Down {
    Down::Refused { asker, code, retry_ms: retry.map(super::milliseconds) }
}
