//! The rules of a room: who may say what, how often, and what everybody is sent.
//!
//! A room is two machines. Its [`Owner`] gives order, moderates, and counts; an [`Edge`] has the
//! people. Between them go numbered envelopes ([`ToOwner`], [`ToEdge`]), so that each may be lost,
//! repeated, or wait for the other to come back; several edges may share an owner. [`Room`] is both
//! in one place.
//!
//! All are pure: time is an argument, ids and random numbers come with the inputs, and what must
//! happen outside comes back as effects, in order.
//!
//! A comment goes: the edge's rules → the owner's → place in the order → [`Errand::Store`] → (the
//! archive) → [`RoomInput::Stored`] → everybody, the writer's `accepted`, the picture. Nobody sees
//! a comment that a crash could lose, and one that arrives again is answered, not said again.

mod edge;
mod envelope;
pub mod limits;
mod owner;
mod rush;
#[cfg(test)]
mod tests;
mod words;

use std::collections::VecDeque;
use std::time::Duration;

pub use edge::{Delivery, Edge, EdgeEffect, EdgeInput, Page, Seated, ViewerEvent, unreadable};
pub use envelope::{EdgeId, Envelope, Epoch, Mark};
pub use limits::Limits;
pub use owner::{Errand, Owner, OwnerEffect, OwnerInput};
pub use words::{
    Asker, Comment, CommentKey, Counts, Down, HostOrder, Passing, Past, Place, Present, RoomNews, Say, Standing,
    Stored, ToEdge, ToOwner, Up, WholeState,
};

use crate::{BroadcastState, ProgramMs, Said, Seq};

/// An envelope is missing that was asked for so long ago: the question or its answer was lost, too.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// One connection of a viewer. A person with two tabs has two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// The moment of an input, on the two clocks that a room knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Monotonic time since any fixed moment.
    pub elapsed: Duration,
    /// What the newest unit of the program carries; zero before the show.
    pub program_ms: ProgramMs,
}

/// What reaches a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomInput {
    /// From a viewer.
    Viewer(ViewerEvent),
    /// The archive answered for the comment at this place.
    Stored(Seq, Stored),
    /// What the host or the program does.
    Host(HostOrder),
    /// What is counted and not passed on yet is passed on now: the room is about to close.
    Flush,
    /// [`Room::deadline`] has passed.
    Tick,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomEffect {
    /// Viewers are sent something.
    Deliver(Delivery),
    /// Something must be done outside of the room.
    Errand(Errand),
}

/// The room of one episode in one place: an owner, and one edge with everybody.
#[derive(Debug)]
pub struct Room {
    owner: Owner,
    edge: Edge,
}

impl Room {
    /// Where the only edge is.
    const HERE: EdgeId = EdgeId(0);

    /// An empty room before the show. `next` and `backlog` are where the archive stands: `next`
    /// must be greater than every place that was ever given in this episode.
    #[must_use]
    pub fn new(title: String, next: Seq, backlog: Vec<Said>, limits: Limits) -> Self {
        let standing = Standing { title, ..Standing::default() };
        Self::after(Past { standing, next, backlog, ..Past::default() }, limits)
    }

    /// A room that goes on where `past` stands, without people.
    #[must_use]
    pub fn after(past: Past, limits: Limits) -> Self {
        // They live and end together, and nobody outside knows of them: each is in its first life.
        let owner = Owner::new(Epoch(0), Past { heard: Vec::new(), ..past }).accepting(limits.accepted_a_second);
        let mut room = Self { owner, edge: Edge::new(Self::HERE, Epoch(0), limits) };
        let beginning = Now { elapsed: Duration::ZERO, program_ms: ProgramMs(0) };
        let (mut to_nobody, mut frames) = (Vec::new(), VecDeque::new());
        room.edge_step(beginning, EdgeInput::Connected, &mut to_nobody, &mut frames);
        room.settle(beginning, &mut to_nobody, &mut frames);
        room
    }

    /// What another life of this room needs, should a defect have torn this one. People are not in it
    /// ([`Self::seated`] has them); they join again.
    #[must_use]
    pub fn past(&self) -> Past {
        self.owner.past()
    }

    /// Everybody who is here.
    #[must_use]
    pub fn seated(&self) -> Vec<Seated> {
        self.edge.seated()
    }

    /// Where the broadcast stands.
    #[must_use]
    pub fn state(&self) -> BroadcastState {
        self.edge.state()
    }

    /// When [`RoomInput::Tick`] is wanted, on [`Now::elapsed`]'s clock; none while nothing waits.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        [self.owner.deadline(), self.edge.deadline()].into_iter().flatten().min()
    }

    /// What follows from `input`. Total: what makes no sense now changes nothing.
    pub fn apply(&mut self, now: Now, input: RoomInput) -> Vec<RoomEffect> {
        let (mut effects, mut frames) = (Vec::new(), VecDeque::new());
        match input {
            RoomInput::Viewer(event) => self.edge_step(now, EdgeInput::Viewer(event), &mut effects, &mut frames),
            RoomInput::Flush => self.edge_step(now, EdgeInput::Flush, &mut effects, &mut frames),
            RoomInput::Stored(seq, stored) => {
                self.owner_step(now, OwnerInput::Stored(seq, stored), &mut effects, &mut frames);
            }
            RoomInput::Host(order) => self.owner_step(now, OwnerInput::Host(order), &mut effects, &mut frames),
            RoomInput::Tick => {}
        }
        self.settle(now, &mut effects, &mut frames);
        effects
    }

    /// Carries frames to and fro until both have nothing more to say, and nothing more to do now.
    fn settle(&mut self, now: Now, effects: &mut Vec<RoomEffect>, frames: &mut VecDeque<ToOwner>) {
        let is_due = |deadline: Option<Duration>| deadline.is_some_and(|at| at <= now.elapsed);
        loop {
            if let Some(frame) = frames.pop_front() {
                self.owner_step(now, OwnerInput::Received(Self::HERE, frame), effects, frames);
            } else if is_due(self.edge.deadline()) {
                self.edge_step(now, EdgeInput::Tick, effects, frames);
            } else if is_due(self.owner.deadline()) {
                self.owner_step(now, OwnerInput::Tick, effects, frames);
            } else {
                return;
            }
        }
    }

    fn edge_step(&mut self, now: Now, input: EdgeInput, effects: &mut Vec<RoomEffect>, frames: &mut VecDeque<ToOwner>) {
        for effect in self.edge.apply(now, input) {
            match effect {
                EdgeEffect::ToOwner(frame) => frames.push_back(frame),
                EdgeEffect::Deliver(delivery) => effects.push(RoomEffect::Deliver(delivery)),
            }
        }
    }

    fn owner_step(
        &mut self,
        now: Now,
        input: OwnerInput,
        effects: &mut Vec<RoomEffect>,
        frames: &mut VecDeque<ToOwner>,
    ) {
        for effect in self.owner.apply(now, input) {
            match effect {
                OwnerEffect::ToEdge(_, frame) => {
                    self.edge_step(now, EdgeInput::Received(frame), effects, frames);
                }
                OwnerEffect::Errand(errand) => effects.push(RoomEffect::Errand(errand)),
            }
        }
    }
}

/// Puts a comment back among the last ones, at its place; nothing where it is there, or older than all of them.
fn put_back(last: &mut VecDeque<Said>, said: Said) {
    let at = last.partition_point(|other| other.seq < said.seq);
    if last.get(at).is_none_or(|other| other.seq != said.seq) {
        last.insert(at, said);
        if last.len() > limits::BACKLOG {
            last.pop_front();
        }
    }
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX)
}
