//! A room: one task owns it, everybody else sends it events.
//!
//! The rules are [`domain::room`]; this task gives them time and carries out what follows. A
//! message to everybody is serialised once and shared.

mod connection;
mod flood;
mod identity;
mod outbox;
mod parse;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::room::{ConnectionId, Limits, Now, Room, RoomEffect, RoomEvent};
use domain::{Bye, Seq, ToViewer};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

pub(crate) use connection::serve;
use outbox::{Full, Outbox};
pub use parse::{Parsed, fuzz_room_message, parse_room_message};

use crate::clock::ProgramClock;
use crate::episode::{AudienceEvent, Episode, Journal};
use crate::metrics::Metrics;
use crate::shared::EventSender;

/// What viewers sent and the room did not look at yet. When it is full, their sockets wait.
const INWARD: usize = 1024;
/// What the host asked and the room did not look at yet; looked at first.
const HOST: usize = 256;

/// The way into a room.
pub(crate) struct RoomHandle {
    inward: mpsc::Sender<Inward>,
    host: mpsc::Sender<HostOrder>,
    next: AtomicU64,
}

/// From a viewer's connection.
enum Inward {
    Joined(Box<RoomEvent>, ConnectionId, Outbox),
    Event(RoomEvent),
}

/// From the studio.
enum HostOrder {
    Event(RoomEvent),
    Close(Bye),
}

impl RoomHandle {
    /// Opens the room of `episode`. Its task ends with [`Self::close`], or when the handle is
    /// dropped.
    pub(crate) fn open(
        episode: &Episode,
        clock: Arc<ProgramClock>,
        metrics: Arc<Metrics>,
        events: EventSender,
    ) -> Self {
        let (inward, inward_queue) = mpsc::channel(INWARD);
        let (host, host_queue) = mpsc::channel(HOST);
        let room = Room::new(episode.title.clone(), episode.next_seq, episode.backlog.clone(), Limits::default());
        let task = Task {
            room,
            journal: episode.journal.clone(),
            started: Instant::now(),
            outboxes: BTreeMap::new(),
            storing: FuturesUnordered::new(),
            clock,
            metrics,
            events,
        };
        tokio::spawn(task.run(inward_queue, host_queue));
        Self { inward, host, next: AtomicU64::new(1) }
    }

    /// Something that the host or the program did. False if the room is too far behind or gone.
    pub(crate) fn tell(&self, event: RoomEvent) -> bool {
        let told = self.host.try_send(HostOrder::Event(event)).is_ok();
        if !told {
            tracing::error!("the room does not take the host's orders");
        }
        told
    }

    /// Says goodbye to everybody and ends the task.
    pub(crate) fn close(&self, bye: Bye) {
        if self.host.try_send(HostOrder::Close(bye)).is_err() {
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

type Storing = Pin<Box<dyn Future<Output = (Seq, bool)> + Send>>;

/// The owner of a room.
struct Task {
    room: Room,
    journal: Arc<dyn Journal>,
    started: Instant,
    outboxes: BTreeMap<ConnectionId, Outbox>,
    storing: FuturesUnordered<Storing>,
    clock: Arc<ProgramClock>,
    metrics: Arc<Metrics>,
    events: EventSender,
}

impl Task {
    async fn run(mut self, mut inward: mpsc::Receiver<Inward>, mut host: mpsc::Receiver<HostOrder>) {
        let bye = loop {
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
                    Some(HostOrder::Event(event)) => self.apply(event),
                    Some(HostOrder::Close(bye)) => break bye,
                    None => break Bye::Ended,
                },
                Some((seq, kept)) = self.storing.next(), if !self.storing.is_empty() => {
                    self.apply(RoomEvent::Stored { seq, kept });
                }
                Some(inward) = inward.recv() => match inward {
                    Inward::Joined(event, connection, outbox) => {
                        self.outboxes.insert(connection, outbox);
                        self.apply(*event);
                    }
                    Inward::Event(event) => self.apply(event),
                },
                () = tick => self.apply(RoomEvent::Tick),
            }
        };
        // What the archive has by now is still acknowledged; what it has not is not lost by us.
        while let Some(Some((seq, kept))) = futures_util::FutureExt::now_or_never(self.storing.next()) {
            self.apply(RoomEvent::Stored { seq, kept });
        }
        for outbox in std::mem::take(&mut self.outboxes).into_values() {
            outbox.dismiss(bye);
        }
        self.metrics.room_connections.set(0);
        self.metrics.viewers.set(0);
    }

    /// Applies an event and all that follows from it, including viewers that turn out too slow:
    /// telling the others that somebody left may show that they are too slow as well.
    fn apply(&mut self, event: RoomEvent) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            if let RoomEvent::Left { connection } = &event {
                self.outboxes.remove(connection);
            }
            let mut slow = Vec::new();
            for effect in self.room.apply(self.now(), event) {
                self.carry_out(effect, &mut slow);
            }
            events.extend(slow.into_iter().map(|connection| RoomEvent::Left { connection }));
        }
        self.metrics.room_connections.set(self.outboxes.len() as u64);
    }

    fn carry_out(&mut self, effect: RoomEffect, slow: &mut Vec<ConnectionId>) {
        match effect {
            RoomEffect::Tell(connection, message) => {
                if matches!(message, ToViewer::Refused { .. }) {
                    self.metrics.refused.add(1);
                }
                if let Some(text) = outbox::written(&message) {
                    self.post(connection, text, slow);
                }
            }
            RoomEffect::TellAll(message) => {
                if let Some(text) = outbox::written(&message) {
                    let everybody: Vec<ConnectionId> = self.outboxes.keys().copied().collect();
                    for connection in everybody {
                        self.post(connection, text.clone(), slow);
                    }
                }
            }
            RoomEffect::Dismiss(connection, bye) => self.dismiss(connection, bye),
            RoomEffect::Store { said, token_hash } => {
                let (stored, answer) = oneshot::channel();
                self.journal.append_chat(&said, token_hash, stored);
                let seq = said.seq;
                self.storing.push(Box::pin(async move { (seq, answer.await.unwrap_or(false)) }));
            }
            RoomEffect::Published(said) => {
                self.metrics.chat.add(1);
                self.events.send(AudienceEvent::Said(said));
            }
            RoomEffect::Removed(seq) => self.events.send(AudienceEvent::Removed(seq)),
            RoomEffect::Hearts { at_ms, hue, count, total } => {
                self.metrics.hearts.add(count.into());
                self.events.send(AudienceEvent::Hearts { at_ms, hue, count, total });
            }
            RoomEffect::KeepHearts { second_ms, by_hue } => self.journal.append_hearts(second_ms, &by_hue),
            RoomEffect::Presence { viewers, peak, anonymous, people } => {
                self.metrics.viewers.set(viewers.into());
                self.events.send(AudienceEvent::Presence { viewers, peak, anonymous, people });
            }
            RoomEffect::Muted { viewer, muted } => self.events.send(AudienceEvent::Muted { viewer, muted }),
        }
    }

    fn post(&mut self, connection: ConnectionId, text: axum::extract::ws::Utf8Bytes, slow: &mut Vec<ConnectionId>) {
        let Some(outbox) = self.outboxes.get(&connection) else { return };
        if let Err(Full) = outbox.post(text) {
            self.metrics.dismissed_slow.add(1);
            self.dismiss(connection, Bye::TooSlow);
            slow.push(connection);
        }
    }

    fn dismiss(&mut self, connection: ConnectionId, bye: Bye) {
        if let Some(outbox) = self.outboxes.remove(&connection) {
            outbox.dismiss(bye);
        }
    }

    fn now(&self) -> Now {
        Now { elapsed: self.started.elapsed(), program_ms: self.clock.now() }
    }
}
