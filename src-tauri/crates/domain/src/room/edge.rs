//! An edge of a room: who is connected here, how often they may speak, and what each is sent.
//!
//! An edge knows the last comments and where the broadcast stands, so that it welcomes people
//! without asking. What they say it hands to the [owner](super::Owner), and it sends what the owner
//! says back. It keeps a comment until the owner answered, also over a restart of the owner.

mod answers;
mod asked;
mod bucket;
mod called;
mod hearts;
mod moderation;
mod pace;
mod people;
mod view;
mod wording;
mod words;

use std::time::Duration;

use super::envelope::Log;
use super::limits::{COMMENT_CHARACTERS, HEARTS_IN_A_MESSAGE, Limits, believable};
use super::{ASK_AGAIN, ConnectionId, Down, EdgeId, Envelope, Epoch, Mark, Now, Say, ToEdge, ToOwner, Up, WholeState};
use crate::{BroadcastState, Bye, ProgramMs, PublicViewer, RefusedCode, Voice, names, text};
use asked::Asked;
use hearts::Taps;
use pace::Pace;
use people::People;
use view::{View, to_all};
use wording::refusal;
pub use wording::unreadable;
pub use words::{Delivery, EdgeEffect, EdgeInput, Page, Seated, ViewerEvent};

/// Words about hearts and people are not added to more than so many that the owner did not hear.
const UNHEARD: usize = 32;

/// Why not, and when another attempt makes sense.
type Refused = (RefusedCode, Option<Duration>);

/// One edge of a room.
#[derive(Debug)]
pub struct Edge {
    id: EdgeId,
    limits: Limits,
    log: Log<Up>,
    asked: Asked,
    people: People,
    taps: Taps,
    pace: Pace,
    /// None until the owner said where everything stands; newcomers wait for it.
    view: Option<View>,
    asked_at: Option<Duration>,
    unwelcomed: Vec<(ConnectionId, String)>,
}

impl Edge {
    /// A new life of an edge, without people. It knows nothing until [`EdgeInput::Connected`] was
    /// answered.
    #[must_use]
    pub fn new(id: EdgeId, epoch: Epoch, limits: Limits) -> Self {
        let shown_a_second = limits.shown_a_second;
        Self {
            id,
            limits,
            log: Log::new(epoch, usize::MAX),
            asked: Asked::default(),
            people: People::default(),
            taps: Taps::default(),
            pace: Pace::new(shown_a_second),
            view: None,
            asked_at: None,
            unwelcomed: Vec::new(),
        }
    }

    /// When [`EdgeInput::Tick`] is wanted, on [`Now::elapsed`]'s clock; none while nothing waits.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        if self.log.len() >= UNHEARD {
            return self.pace.deadline();
        }
        [self.people.deadline(), self.taps.deadline(), self.pace.deadline()].into_iter().flatten().min()
    }

    /// Everybody who is here, for another life of this edge.
    #[must_use]
    pub fn seated(&self) -> Vec<Seated> {
        self.people.seated()
    }

    /// Where the broadcast stands, as far as this edge knows.
    #[must_use]
    pub fn state(&self) -> BroadcastState {
        self.view.as_ref().map_or(BroadcastState::Waiting, |view| view.standing.state)
    }

    /// What follows from `input`. Total: what makes no sense now changes nothing.
    pub fn apply(&mut self, now: Now, input: EdgeInput) -> Vec<EdgeEffect> {
        let mut effects = Vec::new();
        match input {
            EdgeInput::Viewer(event) => self.viewer(now, event, &mut effects),
            EdgeInput::Received(frame) => self.received(now, frame, &mut effects),
            EdgeInput::Connected => {
                self.people.count_again();
                self.ask(now, &mut effects);
            }
            EdgeInput::Flush => self.flush(&mut effects),
            EdgeInput::Tick => {}
        }
        self.due(now, &mut effects);
        effects
    }

    fn viewer(&mut self, now: Now, event: ViewerEvent, effects: &mut Vec<EdgeEffect>) {
        match event {
            ViewerEvent::Joined { connection, viewer, name, token, token_hash, page, place } => {
                if self.people.connections() >= self.limits.connections {
                    effects.push(EdgeEffect::Deliver(Delivery::Dismiss(connection, Bye::Full)));
                } else if self.people.is_here(connection) {
                    // It said hello before.
                } else if self.voice(&viewer.id) == Voice::Ejected {
                    self.eject(now, &viewer.id, vec![(connection, place)], effects);
                } else {
                    let name = name.as_deref();
                    let named =
                        self.people.join(now.elapsed, connection, viewer, name, token_hash, page, place, &self.limits);
                    if let Some(viewer) = named {
                        self.tell_name(viewer, false, effects);
                    }
                    self.unwelcomed.push((connection, token));
                    self.welcome(now, effects);
                }
            }
            ViewerEvent::Left { connection } => {
                self.unwelcomed.retain(|(waiting, _)| *waiting != connection);
                self.people.leave(connection, now.elapsed);
            }
            ViewerEvent::Say { connection, id, text, name, at_ms } => {
                match self.admit(now, connection, &id, &text, name.as_deref(), at_ms) {
                    Ok(Some(say)) => {
                        self.asked.ask(self.log.next(), connection, id, say.clone());
                        self.send(Up::Say(say), effects);
                    }
                    Ok(None) => {}
                    Err((RefusedCode::NameNeeded, retry)) => {
                        let (name, code) = (name.unwrap_or_default(), RefusedCode::NameNeeded);
                        effects.push(wording::name_refusal(connection, Some(id), &name, code, retry));
                    }
                    Err((code, retry)) => {
                        effects.push(refusal(connection, Some(id), code, retry));
                    }
                }
            }
            ViewerEvent::Rename { connection, id, name } => {
                if let Err((code, retry)) = self.rename(now, connection, &name, effects) {
                    effects.push(wording::name_refusal(connection, id, &name, code, retry));
                }
            }
            ViewerEvent::Hearts { connection, count } => {
                if let Err((code, retry)) = self.tap(now, connection, count) {
                    effects.push(refusal(connection, None, code, retry));
                }
            }
        }
    }

    /// The rules for a comment; nothing for somebody who is not in the room. A comment that may have
    /// been said already is only refused for its form or its pace: the owner knows the rest.
    fn admit(
        &mut self,
        now: Now,
        connection: ConnectionId,
        id: &str,
        text: &str,
        name: Option<&str>,
        at_ms: Option<ProgramMs>,
    ) -> Result<Option<Say>, Refused> {
        let is_over = self.state() == BroadcastState::Ended;
        let Some(member) = self.people.member(connection) else { return Ok(None) };
        let (viewer, token_hash) = (member.viewer.clone(), member.token_hash);
        let may_be_known = self.people.is_page_theirs(connection);
        if is_over && !may_be_known {
            return Err((RefusedCode::Closed, None));
        }
        if !may_be_known && self.voice(&viewer.id).is_silenced() {
            return Err((RefusedCode::Muted, None));
        }
        let text = text::clean(text);
        if text.is_empty() {
            return Err((RefusedCode::Empty, None));
        }
        if text.chars().count() > COMMENT_CHARACTERS {
            return Err((RefusedCode::TooLong, None));
        }
        let given = match viewer.name.is_empty() {
            true => Some(name.and_then(names::of_viewer).ok_or((RefusedCode::NameNeeded, None))?),
            false => None,
        };
        if self.asked.is_full() {
            return Err((RefusedCode::TooFast, Some(Duration::from_secs(1))));
        }
        if let Some(member) = self.people.member(connection) {
            member.say.take(now.elapsed).map_err(|retry| (RefusedCode::TooFast, Some(retry)))?;
        }
        let viewer = match given {
            Some(name) => {
                self.people.name(connection, &name);
                PublicViewer { name, ..viewer }
            }
            None => viewer,
        };
        let Some(key) = self.people.key(connection, id) else { return Ok(None) };
        let place = self.people.place(connection);
        Ok(Some(Say { viewer, token_hash, key, text, at_ms: believable(at_ms, now.program_ms), place }))
    }

    fn tap(&mut self, now: Now, connection: ConnectionId, count: u32) -> Result<(), Refused> {
        let is_over = self.state() == BroadcastState::Ended;
        let Some(member) = self.people.member(connection) else { return Ok(()) };
        if is_over {
            return Err((RefusedCode::Closed, None));
        }
        // Until the owner has said who is silenced, nobody is.
        let voice = self.view.as_ref().map(|view| view.voice(&member.viewer.id)).unwrap_or_default();
        if voice.is_silenced() {
            return Err((RefusedCode::Muted, None));
        }
        if count > HEARTS_IN_A_MESSAGE {
            return Err((RefusedCode::TooFast, None));
        }
        member.hearts.take(now.elapsed).map_err(|retry| (RefusedCode::TooFast, Some(retry)))?;
        self.taps.add(member.viewer.hue, count);
        Ok(())
    }

    /// What is due by now, whatever happened. While the owner does not hear, it is counted on.
    fn due(&mut self, now: Now, effects: &mut Vec<EdgeEffect>) {
        if let Some(word) = self.pace.take_word(now.elapsed) {
            effects.push(to_all(word));
            self.people.touch();
        }
        if self.log.len() >= UNHEARD {
            return;
        }
        if let Some(by_hue) = self.taps.take_window(now.elapsed) {
            self.send(Up::Hearts(by_hue), effects);
        }
        if let Some(counts) = self.people.take_counts(now.elapsed, self.pace.skipped()) {
            self.send(Up::Presence(counts), effects);
        }
    }

    fn flush(&mut self, effects: &mut Vec<EdgeEffect>) {
        if let Some(by_hue) = self.taps.take() {
            self.send(Up::Hearts(by_hue), effects);
        }
    }

    fn send(&mut self, word: Up, effects: &mut Vec<EdgeEffect>) {
        let envelope = self.log.push(word);
        effects.push(EdgeEffect::ToOwner(ToOwner::Word { oldest: self.log.first(), envelope }));
    }

    fn ask(&mut self, now: Now, effects: &mut Vec<EdgeEffect>) {
        self.asked_at = Some(now.elapsed);
        let mark = self.view.as_ref().map(|view| view.mark);
        effects.push(EdgeEffect::ToOwner(ToOwner::Since { epoch: self.log.epoch(), mark }));
    }

    fn received(&mut self, now: Now, frame: ToEdge, effects: &mut Vec<EdgeEffect>) {
        match frame {
            ToEdge::Heard(mark) => {
                if mark.epoch == self.log.epoch() {
                    self.log.forget_before(mark.n);
                }
            }
            ToEdge::Since(mark) => {
                if mark.epoch == self.log.epoch() {
                    let (oldest, from) = (self.log.first(), mark.n.max(self.log.first()));
                    // None is a number that this log never reached: there is nothing to send.
                    let words = self.log.since(from).unwrap_or_default();
                    effects.extend(
                        words.into_iter().map(|envelope| EdgeEffect::ToOwner(ToOwner::Word { oldest, envelope })),
                    );
                }
            }
            ToEdge::State(state) => self.whole_state(now, *state, effects),
            ToEdge::Word(envelope) => self.word(now, envelope, effects),
            ToEdge::Passing(envelope) => {
                if let Some(view) = &mut self.view {
                    view.passing(envelope, effects);
                }
            }
        }
    }

    fn word(&mut self, now: Now, envelope: Envelope<Down>, effects: &mut Vec<EdgeEffect>) {
        let Envelope { epoch, n, word } = envelope;
        let expected = self.view.as_ref().map(|view| view.mark);
        let Some(view) = self.view.as_mut().filter(|view| view.mark == Mark { epoch, n }) else {
            // A repetition, or an earlier life of the owner: nothing is missing.
            let is_missing = expected.is_none_or(|mark| (epoch, n) > (mark.epoch, mark.n));
            if is_missing && self.asked_at.is_none_or(|asked_at| asked_at + ASK_AGAIN <= now.elapsed) {
                self.ask(now, effects);
            }
            return;
        };
        view.mark.n += 1;
        match word {
            Down::Said { said, asker } => {
                if said.viewer.badge.is_none() {
                    self.people.rename(&said.viewer);
                }
                if view.said(said.clone()) {
                    self.show(now, said.clone(), asker, effects);
                }
                if let Some(asker) = asker {
                    self.accepted(asker, said.seq, effects);
                }
            }
            Down::Held { asker } => {
                if let Some((connection, id)) = self.asker(asker) {
                    effects.push(wording::held(connection, id));
                }
            }
            Down::Accepted { asker, seq } => self.accepted(asker, seq, effects),
            Down::Refused { asker, code, retry_ms } => {
                if let Some((connection, id)) = self.answered(asker) {
                    let retry = retry_ms.map(|ms| Duration::from_millis(ms.into()));
                    effects.push(refusal(connection, Some(id), code, retry));
                }
            }
            Down::Named { viewer, to_all } => self.named(viewer, to_all, effects),
            Down::Removed(seq) => view.removed(seq, effects),
            Down::Restored(said) => view.restored(said, effects),
            Down::Voice { viewer, voice } => {
                view.set_voice(viewer.clone(), voice);
                self.voice_changed(now, &viewer, voice, effects);
            }
            Down::Standing(standing) => {
                view.stand(standing, effects);
                self.flush(effects);
            }
        }
    }

    /// Everything at once: who is connected is brought up to date, and what the owner may have
    /// forgotten is said again.
    fn whole_state(&mut self, now: Now, state: WholeState, effects: &mut Vec<EdgeEffect>) {
        let is_news =
            self.view.as_ref().is_none_or(|view| (state.mark.epoch, state.mark.n) > (view.mark.epoch, view.mark.n));
        if !is_news {
            return;
        }
        match &mut self.view {
            None => self.view = Some(View::new(state)),
            Some(view) => {
                let before = std::mem::take(&mut view.silenced);
                view.update(state, effects);
                self.voices_changed(now, &before, effects);
            }
        }
        self.people.count_again();
        for (connection, id, say) in self.asked.take_heard(self.log.first()) {
            self.asked.ask(self.log.next(), connection, id, say.clone());
            self.send(Up::Say(say), effects);
        }
        self.welcome(now, effects);
    }

    fn welcome(&mut self, now: Now, effects: &mut Vec<EdgeEffect>) {
        let Some(view) = &mut self.view else { return };
        let mut silenced = Vec::new();
        for (connection, token) in self.unwelcomed.drain(..) {
            let Some(member) = self.people.member(connection) else { continue };
            let viewer = member.viewer.clone();
            let voice = view.voice(&viewer.id);
            if voice != Voice::Ejected {
                let welcome = view.welcome(now, viewer.clone(), token);
                effects.push(EdgeEffect::Deliver(Delivery::To(connection, welcome)));
            }
            if voice.is_silenced() {
                silenced.push((connection, viewer.id, voice));
            }
        }
        for (connection, viewer, voice) in silenced {
            let here = vec![(connection, self.people.place(connection))];
            match voice {
                Voice::Ejected => self.eject(now, &viewer, here, effects),
                Voice::Muted | Voice::Free => {
                    effects.push(wording::voice(connection, voice));
                    self.seen(&viewer, &here, effects);
                }
            }
        }
    }
}
