//! A room: one task owns it, everybody else sends it events.
//!
//! The rules are [`domain::room`]; this task gives them time and carries out what follows. A
//! message to everybody is serialised once and shared.

mod beat;
mod connection;
mod flood;
mod identity;
mod outbox;
mod parse;
mod place;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::room::{
    ConnectionId, Delivery, Errand, HostOrder, Limits, Now, Past, Room, RoomEffect, RoomInput, RoomNews, Seated,
    Standing, Stored, ViewerEvent,
};
use domain::{Bye, Seq, ToViewer};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use beat::Beat;
pub(crate) use connection::serve;
use outbox::{Full, Letter, Outbox, Writer};
pub use parse::{Parsed, fuzz_room_message, parse_room_message};

use crate::clock::ProgramClock;
use crate::episode::{AudienceEvent, Episode, Journal};
use crate::events::EventSender;
use crate::metrics::Metrics;

/// What viewers sent and the room did not look at yet. When it is full, their sockets wait.
const INWARD: usize = 1024;
/// News that the studio did not take yet and that must reach it. Beyond it the oldest comments, which
/// are in the archive, are let go; what the host did never is.
const UNSENT: usize = 4096;
/// After so many defects within the time below the room is not made anew again.
const RESTARTS: usize = 5;
const RESTARTS_WITHIN: Duration = Duration::from_secs(60);

/// The way into a room.
pub(crate) struct RoomHandle {
    inward: mpsc::Sender<Inward>,
    /// Without a bound: what a host does, and a few changes of the show's. A removal is never lost here,
    /// and is looked at before anything that viewers sent.
    host: mpsc::UnboundedSender<FromHost>,
    next: AtomicU64,
}

/// From a viewer's connection.
enum Inward {
    Joined(Box<ViewerEvent>, Outbox),
    Event(ViewerEvent),
}

/// From the studio.
enum FromHost {
    Order(HostOrder),
    Close(Bye),
}

impl RoomHandle {
    /// Opens the room of `episode`. Its task ends with [`Self::close`], or when the handle is
    /// dropped.
    pub(crate) fn open(
        episode: &Episode,
        limits: Limits,
        beat: Duration,
        clock: Arc<ProgramClock>,
        metrics: Arc<Metrics>,
        events: EventSender,
    ) -> Self {
        let (inward, inward_queue) = mpsc::channel(INWARD);
        let (host, host_queue) = mpsc::unbounded_channel();
        let past = Past {
            standing: Standing { title: episode.title.clone(), ..Standing::default() },
            next: episode.next_seq,
            backlog: episode.backlog.clone(),
            spoke: episode.spoke.clone(),
            named: episode.named.clone(),
            ..Past::default()
        };
        let room = Room::after(past, limits.clone());
        let task = Task {
            room,
            limits,
            journal: episode.journal.clone(),
            started: Instant::now(),
            seats: BTreeMap::new(),
            talking: None,
            restarts: VecDeque::new(),
            writer: Writer::default(),
            beat: Beat::new(beat),
            storing: FuturesUnordered::new(),
            asked: BTreeSet::new(),
            clock,
            metrics,
            events,
            unsent: VecDeque::new(),
        };
        tokio::spawn(task.run(inward_queue, host_queue));
        Self { inward, host, next: AtomicU64::new(1) }
    }

    /// Something that the host or the program does. False where the room is gone.
    pub(crate) fn order(&self, order: HostOrder) -> bool {
        self.host.send(FromHost::Order(order)).is_ok()
    }

    /// Says goodbye to everybody and ends the task.
    pub(crate) fn close(&self, bye: Bye) {
        if self.host.send(FromHost::Close(bye)).is_err() {
            tracing::debug!("the room was closed already");
        }
    }

    fn connection(&self) -> ConnectionId {
        ConnectionId(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Waits while the room is busy. False if it is closed.
    async fn send(&self, inward: Inward) -> bool {
        self.inward.send(inward).await.is_ok()
    }
}

type Storing = Pin<Box<dyn Future<Output = (Seq, Stored)> + Send>>;

/// Somebody's way out of the room, and what resumes their identity.
struct Seat {
    outbox: Outbox,
    token: String,
    /// When something was sent last.
    sent_at: Instant,
}

/// The owner of a room.
struct Task {
    room: Room,
    limits: Limits,
    journal: Arc<dyn Journal>,
    started: Instant,
    seats: BTreeMap<ConnectionId, Seat>,
    /// Whose input is looked at.
    talking: Option<ConnectionId>,
    /// When the room was made anew, on [`Now::elapsed`]'s clock.
    restarts: VecDeque<Duration>,
    writer: Writer,
    beat: Beat,
    storing: FuturesUnordered<Storing>,
    /// Comments that the journal was asked to keep and did not answer for.
    asked: BTreeSet<Seq>,
    clock: Arc<ProgramClock>,
    metrics: Arc<Metrics>,
    events: EventSender,
    /// What must reach the studio and found its lane full, in order.
    unsent: VecDeque<AudienceEvent>,
}

impl Task {
    /// Until the room closes. A panic in it is a defect of ours, which ends no show: the room is made anew
    /// from what it knew, with everybody who is in it.
    async fn run(mut self, mut inward: mpsc::Receiver<Inward>, mut host: mpsc::UnboundedReceiver<FromHost>) {
        let bye = loop {
            match AssertUnwindSafe(self.turns(&mut inward, &mut host)).catch_unwind().await {
                Ok(bye) => break bye,
                Err(_) if self.is_made_anew() => self.send_event(AudienceEvent::RoomRestarted),
                Err(_) => {
                    tracing::error!("the room is closed: it failed too often");
                    self.send_event(AudienceEvent::RoomLost);
                    break Bye::Shutdown;
                }
            }
        };
        if catch_unwind(AssertUnwindSafe(|| self.last_words())).is_err() {
            tracing::error!("the room failed at its end");
        }
        for seat in std::mem::take(&mut self.seats).into_values() {
            seat.outbox.dismiss(bye);
        }
        self.metrics.room_connections.set(0);
        self.metrics.viewers.set(0);
        drop((inward, host));
        for event in self.unsent {
            // The studio may be closed.
            let _ = self.events.lasting.send(event).await;
        }
    }

    /// What the archive has by now is still acknowledged; what it has not is not lost by us.
    fn last_words(&mut self) {
        while let Some(Some((seq, stored))) = self.storing.next().now_or_never() {
            self.stored(seq, stored);
        }
        self.apply(RoomInput::Flush);
    }

    /// Another room in place of the torn one. False where that failed as well, or happened too often.
    fn is_made_anew(&mut self) -> bool {
        let now = self.started.elapsed();
        while self.restarts.front().is_some_and(|at| *at + RESTARTS_WITHIN <= now) {
            self.restarts.pop_front();
        }
        self.restarts.push_back(now);
        tracing::error!(times = self.restarts.len(), "the room failed, and is made anew");
        self.restarts.len() <= RESTARTS && catch_unwind(AssertUnwindSafe(|| self.make_anew())).is_ok()
    }

    fn make_anew(&mut self) {
        let (mut past, seated) = (self.room.past(), self.room.seated());
        past.pending.retain(|comment| self.asked.contains(&comment.said.seq));
        self.room = Room::after(past, self.limits.clone());
        // Whatever they sent may do the same again; their page is back in a while.
        if let Some(connection) = self.talking.take() {
            self.dismiss(connection, Bye::Protocol);
        }
        let here: BTreeSet<ConnectionId> = seated.iter().map(|seat| seat.connection).collect();
        let unknown: Vec<ConnectionId> = self.seats.keys().filter(|seat| !here.contains(seat)).copied().collect();
        unknown.into_iter().for_each(|connection| self.dismiss(connection, Bye::Shutdown));
        for Seated { connection, viewer, token_hash, page, place } in seated {
            if let Some(token) = self.seats.get(&connection).map(|seat| seat.token.clone()) {
                let event = ViewerEvent::Joined { connection, viewer, name: None, token, token_hash, page, place };
                self.apply(RoomInput::Viewer(event));
            }
        }
    }

    /// Looks at one input after the other, until the room closes.
    async fn turns(
        &mut self,
        inward: &mut mpsc::Receiver<Inward>,
        host: &mut mpsc::UnboundedReceiver<FromHost>,
    ) -> Bye {
        let lasting = self.events.lasting.clone();
        loop {
            self.talking = None;
            let deadline = self.room.deadline().map(|deadline| self.started + deadline);
            let tick = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // The host first: nobody can keep a removal waiting by talking.
                biased;
                order = host.recv() => match order {
                    Some(FromHost::Order(order)) => self.apply(RoomInput::Host(order)),
                    Some(FromHost::Close(bye)) => return bye,
                    None => return Bye::Ended,
                },
                () = self.beat.due() => self.send_beats(),
                Ok(permit) = lasting.reserve(), if !self.unsent.is_empty() => {
                    if let Some(event) = self.unsent.pop_front() {
                        permit.send(event);
                    }
                }
                Some((seq, stored)) = self.storing.next(), if !self.storing.is_empty() => {
                    self.stored(seq, stored);
                }
                Some(inward) = inward.recv() => match inward {
                    Inward::Joined(event, outbox) => {
                        if let ViewerEvent::Joined { connection, token, .. } = &*event {
                            self.talking = Some(*connection);
                            let seat = Seat { outbox, token: token.clone(), sent_at: Instant::now() };
                            self.seats.insert(*connection, seat);
                        }
                        self.apply(RoomInput::Viewer(*event));
                    }
                    Inward::Event(event) => {
                        self.talking = Some(event.connection());
                        self.apply(RoomInput::Viewer(event));
                    }
                },
                () = tick => self.apply(RoomInput::Tick),
            }
        }
    }

    fn stored(&mut self, seq: Seq, stored: Stored) {
        self.asked.remove(&seq);
        self.apply(RoomInput::Stored(seq, stored));
    }

    /// Applies an input and all that follows from it, including viewers that turn out too slow:
    /// sending the others that somebody left may show that they are too slow as well.
    fn apply(&mut self, input: RoomInput) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            if let RoomInput::Viewer(ViewerEvent::Left { connection }) = &input {
                self.seats.remove(connection);
            }
            let mut slow = Vec::new();
            for effect in self.room.apply(self.now(), input) {
                match effect {
                    RoomEffect::Deliver(delivery) => self.deliver(delivery, &mut slow),
                    RoomEffect::Errand(errand) => self.run_errand(errand),
                }
            }
            inputs.extend(slow.into_iter().map(|connection| RoomInput::Viewer(ViewerEvent::Left { connection })));
        }
        self.metrics.room_connections.set(self.seats.len() as u64);
    }

    fn deliver(&mut self, delivery: Delivery, slow: &mut Vec<ConnectionId>) {
        match delivery {
            Delivery::To(connection, message) => {
                if matches!(message, ToViewer::Refused { .. }) {
                    self.metrics.refused.add(1);
                }
                if let Some(letter) = self.writer.letter(message) {
                    self.post(connection, letter, slow);
                }
            }
            Delivery::ToAll(message) => {
                if let Some(letter) = outbox::written(&message).map(Letter::Whole) {
                    let everybody: Vec<ConnectionId> = self.seats.keys().copied().collect();
                    for connection in everybody {
                        self.post(connection, letter.clone(), slow);
                    }
                }
            }
            Delivery::Dismiss(connection, bye) => self.dismiss(connection, bye),
        }
    }

    fn run_errand(&mut self, errand: Errand) {
        match errand {
            Errand::Store(comment) => {
                let (stored, answer) = oneshot::channel();
                let seq = comment.said.seq;
                self.journal.append_chat(comment, stored);
                self.asked.insert(seq);
                self.storing.push(Box::pin(async move { (seq, answer.await.unwrap_or(Stored::Failed)) }));
            }
            Errand::KeepHearts { second_ms, by_hue } => self.journal.append_hearts(second_ms, &by_hue),
            Errand::News(news) => self.send_news(news),
        }
    }

    fn send_news(&mut self, news: RoomNews) {
        match &news {
            RoomNews::Said(_) => self.metrics.chat.add(1),
            RoomNews::Hearts { count, .. } => self.metrics.hearts.add((*count).into()),
            RoomNews::Presence(status) => self.metrics.viewers.set(status.viewers.into()),
            RoomNews::NotSaid(_) | RoomNews::Removed(_) | RoomNews::Voice { .. } | RoomNews::Held(_) => {}
        }
        if news.is_passing() {
            self.events.send(AudienceEvent::Room(news));
            return;
        }
        self.send_event(AudienceEvent::Room(news));
        let is_said = |event: &AudienceEvent| matches!(event, AudienceEvent::Room(RoomNews::Said(_)));
        if self.unsent.len() > UNSENT
            && let Some(oldest) = self.unsent.iter().position(is_said)
        {
            self.unsent.remove(oldest);
            self.metrics.events_dropped.add(1);
        }
    }

    /// What lasts: at once, or as soon as there is a place, in order.
    fn send_event(&mut self, event: AudienceEvent) {
        if !self.unsent.is_empty() {
            self.unsent.push_back(event);
        } else if let Err(event) = self.events.try_last(event) {
            self.unsent.push_back(event);
        }
    }

    fn post(&mut self, connection: ConnectionId, letter: Letter, slow: &mut Vec<ConnectionId>) {
        let Some(seat) = self.seats.get_mut(&connection) else { return };
        seat.sent_at = Instant::now();
        if let Err(Full) = seat.outbox.post(letter) {
            self.metrics.dismissed_slow.add(1);
            self.dismiss(connection, Bye::TooSlow);
            slow.push(connection);
        }
    }

    fn dismiss(&mut self, connection: ConnectionId, bye: Bye) {
        if let Some(seat) = self.seats.remove(&connection) {
            seat.outbox.dismiss(bye);
        }
    }

    fn now(&self) -> Now {
        Now { elapsed: self.started.elapsed(), program_ms: self.clock.now() }
    }
}
