//! The rules of a room: who may say what, how often, and what everybody is told.
//!
//! [`Room::apply`] is the only door. Time is an argument, ids and random numbers come with the
//! events, and everything that must happen outside comes back as [`RoomEffect`]s, in order. The
//! owner calls `apply` with [`RoomEvent::Tick`] when [`Room::deadline`] has passed.
//!
//! A comment goes: rules → place in the order → [`RoomEffect::Store`] → (the archive) →
//! [`RoomEvent::Stored`] → everybody, the writer's `accepted`, the picture. Nobody sees a comment
//! that a crash could lose.

mod bucket;
mod chat;
mod event;
mod hearts;
mod people;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::{BroadcastState, Bye, OnPicture, ProgramMs, RefusedCode, Said, Seq, ToViewer, text};
use chat::Chat;
pub use event::{ConnectionId, Now, RoomEffect, RoomEvent};
use hearts::Hearts;
use people::People;

/// Most taps in one message.
pub const HEARTS_IN_A_MESSAGE: u32 = 50;

/// How much a room bears.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Comments of a viewer at once.
    pub say_burst: u32,
    /// One more comment each.
    pub say_interval: Duration,
    /// Heart messages of a viewer at once.
    pub hearts_burst: u32,
    /// One more heart message each.
    pub hearts_interval: Duration,
    /// Connections at once.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            say_burst: 5,
            say_interval: Duration::from_millis(1500),
            hearts_burst: 4,
            hearts_interval: Duration::from_millis(250),
            connections: 5000,
        }
    }
}

/// The room of one episode.
#[derive(Debug)]
pub struct Room {
    limits: Limits,
    state: BroadcastState,
    title: String,
    on_picture: Vec<OnPicture>,
    replay_url: Option<String>,
    people: People,
    chat: Chat,
    hearts: Hearts,
}

/// Why not, and when another attempt makes sense.
type Refused = (RefusedCode, Option<Duration>);

/// A comment as it arrived.
struct Words {
    id: String,
    text: String,
    name: Option<String>,
    at_ms: Option<ProgramMs>,
}

impl Room {
    /// An empty room before the show. `next` and `backlog` are where the archive stands: `next`
    /// must be greater than every place that was ever given in this episode.
    #[must_use]
    pub fn new(title: String, next: Seq, backlog: Vec<Said>, limits: Limits) -> Self {
        Self {
            limits,
            state: BroadcastState::Waiting,
            title,
            on_picture: Vec::new(),
            replay_url: None,
            people: People::default(),
            chat: Chat::new(next, backlog),
            hearts: Hearts::default(),
        }
    }

    /// Where the broadcast stands.
    #[must_use]
    pub fn state(&self) -> BroadcastState {
        self.state
    }

    /// When [`RoomEvent::Tick`] is wanted, on [`Now::elapsed`]'s clock; none while nothing waits.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        [self.people.deadline(), self.hearts.deadline()].into_iter().flatten().min()
    }

    /// What follows from `event`. Total: an event that makes no sense now changes nothing.
    pub fn apply(&mut self, now: Now, event: RoomEvent) -> Vec<RoomEffect> {
        let mut effects = Vec::new();
        match event {
            RoomEvent::Joined { connection, viewer, name, token, token_hash } => {
                if self.people.connections() >= self.limits.connections {
                    effects.push(RoomEffect::Dismiss(connection, Bye::Full));
                } else if !self.people.is_here(connection) {
                    let viewer = self.people.join(connection, viewer, name.as_deref(), token_hash, &self.limits);
                    effects.push(RoomEffect::Tell(connection, self.welcome(now, viewer, token)));
                }
            }
            RoomEvent::Left { connection } => self.people.leave(connection, now.elapsed),
            RoomEvent::Say { connection, id, text, name, at_ms } => {
                self.say(now, connection, Words { id, text, name, at_ms }, &mut effects);
            }
            RoomEvent::Hearts { connection, count } => self.tap(now, connection, count, &mut effects),
            RoomEvent::Stored { seq, kept } => self.stored(seq, kept, &mut effects),
            RoomEvent::OnAir => self.turn(BroadcastState::OnAir, &mut effects),
            RoomEvent::Interrupted(true) if self.state == BroadcastState::OnAir => {
                self.turn(BroadcastState::Interrupted, &mut effects);
            }
            RoomEvent::Interrupted(false) if self.state == BroadcastState::Interrupted => {
                self.turn(BroadcastState::OnAir, &mut effects);
            }
            RoomEvent::Interrupted(_) => {}
            RoomEvent::Ended { replay_url } => {
                if self.state != BroadcastState::Ended || self.replay_url != replay_url {
                    self.replay_url = replay_url;
                    self.state = BroadcastState::Ended;
                    effects.push(RoomEffect::TellAll(self.state_message()));
                }
            }
            RoomEvent::OnPicture(on_picture) => {
                if self.on_picture != on_picture {
                    self.on_picture = on_picture;
                    effects.push(RoomEffect::TellAll(self.state_message()));
                }
            }
            RoomEvent::Title(title) => {
                if self.title != title {
                    self.title = title;
                    effects.push(RoomEffect::TellAll(self.state_message()));
                }
            }
            RoomEvent::Remove(seq) => {
                if self.chat.remove(seq) {
                    effects.push(RoomEffect::TellAll(ToViewer::Removed { seq }));
                    effects.push(RoomEffect::Removed(seq));
                }
            }
            RoomEvent::Mute { viewer, muted } => {
                self.people.mute(&viewer, muted);
                effects.push(RoomEffect::Muted { viewer, muted });
            }
            RoomEvent::Tick => {}
        }
        self.due(now, &mut effects);
        effects
    }

    /// What is due by now, whatever happened.
    fn due(&mut self, now: Now, effects: &mut Vec<RoomEffect>) {
        let over = self.state == BroadcastState::Ended;
        if let Some((second_ms, by_hue)) = self.hearts.take_second(now, over) {
            effects.push(RoomEffect::KeepHearts { second_ms, by_hue });
        }
        if let Some(by_hue) = self.hearts.take_window(now) {
            let (at_ms, total) = (now.program_ms, self.hearts.total);
            effects.push(RoomEffect::TellAll(ToViewer::Hearts { at_ms, by_hue, total }));
        }
        if let Some((message, people)) = self.people.take_presence(now) {
            if let ToViewer::Presence { viewers, peak, anonymous, .. } = message {
                effects.push(RoomEffect::Presence { viewers, peak, anonymous, people });
            }
            effects.push(RoomEffect::TellAll(message));
        }
    }

    fn say(&mut self, now: Now, connection: ConnectionId, words: Words, effects: &mut Vec<RoomEffect>) {
        let id = words.id.clone();
        match self.admit(now, connection, words) {
            Ok(Some((said, token_hash))) => effects.push(RoomEffect::Store { said, token_hash }),
            Ok(None) => {}
            Err((code, retry)) => effects.push(refusal(connection, Some(id), code, retry)),
        }
    }

    /// The rules for a comment; nothing for somebody who is not in the room.
    fn admit(&mut self, now: Now, connection: ConnectionId, words: Words) -> Result<Option<(Said, [u8; 32])>, Refused> {
        let Some(viewer) = self.people.member(connection).map(|member| member.viewer.clone()) else { return Ok(None) };
        if self.state == BroadcastState::Ended {
            return Err((RefusedCode::Closed, None));
        }
        if self.people.is_muted(&viewer.id) {
            return Err((RefusedCode::Muted, None));
        }
        let text = text::clean(&words.text);
        if text.is_empty() {
            return Err((RefusedCode::Empty, None));
        }
        if text.chars().count() > text::COMMENT_CHARACTERS {
            return Err((RefusedCode::TooLong, None));
        }
        let newly_named = viewer.name.is_empty();
        if newly_named {
            let name = words.name.as_deref().and_then(text::clean_name).ok_or((RefusedCode::NameNeeded, None))?;
            self.admit_pace(now, connection)?;
            self.people.name(connection, &name);
        } else {
            self.admit_pace(now, connection)?;
        }
        let Some(member) = self.people.member(connection) else { return Ok(None) };
        let (viewer, token_hash) = (member.viewer.clone(), member.token_hash);
        let at_ms = chat::moment(words.at_ms, now.program_ms);
        Ok(Some((self.chat.push(connection, words.id, viewer, text, at_ms), token_hash)))
    }

    fn admit_pace(&mut self, now: Now, connection: ConnectionId) -> Result<(), Refused> {
        if self.chat.is_full() {
            return Err((RefusedCode::TooFast, Some(Duration::from_secs(1))));
        }
        let Some(member) = self.people.member(connection) else { return Ok(()) };
        member.say.take(now.elapsed).map_err(|retry| (RefusedCode::TooFast, Some(retry)))
    }

    fn tap(&mut self, now: Now, connection: ConnectionId, count: u32, effects: &mut Vec<RoomEffect>) {
        let over = self.state == BroadcastState::Ended;
        let Some(member) = self.people.member(connection) else { return };
        let (id, hue) = (member.viewer.id.clone(), member.viewer.hue);
        let refused = if over {
            Err((RefusedCode::Closed, None))
        } else if count > HEARTS_IN_A_MESSAGE {
            Err((RefusedCode::TooFast, None))
        } else {
            member.hearts.take(now.elapsed).map_err(|retry| (RefusedCode::TooFast, Some(retry)))
        };
        let refused = if self.people.is_muted(&id) { Err((RefusedCode::Muted, None)) } else { refused };
        if let Err((code, retry)) = refused {
            effects.push(refusal(connection, None, code, retry));
            return;
        }
        if count == 0 {
            return;
        }
        if let Some((second_ms, by_hue)) = self.hearts.add(now, hue, count) {
            effects.push(RoomEffect::KeepHearts { second_ms, by_hue });
        }
        effects.push(RoomEffect::Hearts { at_ms: now.program_ms, hue, count, total: self.hearts.total });
    }

    fn stored(&mut self, seq: Seq, kept: bool, effects: &mut Vec<RoomEffect>) {
        for pending in self.chat.stored(seq, kept) {
            if pending.kept != Some(true) {
                let retry = Some(Duration::from_secs(3));
                effects.push(refusal(pending.connection, Some(pending.id), RefusedCode::Closed, retry));
                continue;
            }
            if !pending.removed {
                effects.push(RoomEffect::TellAll(ToViewer::Said(pending.said.clone())));
            }
            let accepted = ToViewer::Accepted { id: pending.id, seq: pending.said.seq };
            effects.push(RoomEffect::Tell(pending.connection, accepted));
            if !pending.removed {
                effects.push(RoomEffect::Published(pending.said));
            }
        }
    }

    /// Over is over: nothing follows the end but another room.
    fn turn(&mut self, state: BroadcastState, effects: &mut Vec<RoomEffect>) {
        if self.state != BroadcastState::Ended && self.state != state {
            self.state = state;
            effects.push(RoomEffect::TellAll(self.state_message()));
        }
    }

    fn state_message(&self) -> ToViewer {
        ToViewer::State {
            state: self.state,
            title: self.title.clone(),
            on_picture: self.on_picture.clone(),
            replay_url: self.replay_url.clone(),
        }
    }

    fn welcome(&self, now: Now, viewer: crate::PublicViewer, token: String) -> ToViewer {
        ToViewer::Welcome {
            v: 1,
            viewer,
            token,
            state: self.state,
            title: self.title.clone(),
            program_ms: now.program_ms,
            on_picture: self.on_picture.clone(),
            hearts: self.hearts.total,
            backlog: self.chat.backlog(),
            replay_url: self.replay_url.clone(),
        }
    }
}

fn refusal(connection: ConnectionId, id: Option<String>, code: RefusedCode, retry: Option<Duration>) -> RoomEffect {
    let message = match code {
        RefusedCode::NameNeeded => "Write a name with your first message.",
        RefusedCode::Empty => "There is nothing in this message that can be read.",
        RefusedCode::TooLong => "A message has at most 500 characters.",
        RefusedCode::TooFast => "Slower, please: try again in a moment.",
        RefusedCode::Muted => "The host has muted you.",
        RefusedCode::Closed if retry.is_some() => "The message could not be kept. Try again in a moment.",
        RefusedCode::Closed => "The show is over, and the chat with it.",
    };
    let retry_ms = retry.map(|retry| u32::try_from(retry.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX));
    RoomEffect::Tell(connection, ToViewer::Refused { id, code, retry_ms, message: message.to_owned() })
}
