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

use domain::room::{
    ConnectionId, Delivery, Errand, HostOrder, Limits, Now, Room, RoomEffect, RoomInput, RoomNews, Stored, ViewerEvent,
};
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
use crate::events::EventSender;
use crate::metrics::Metrics;

/// What viewers sent and the room did not look at yet. When it is full, their sockets wait.
const INWARD: usize = 1024;
/// What the host asked and the room did not look at yet; looked at first.
const HOST: usize = 256;
/// News that the studio did not take yet and that must reach it. Beyond it the oldest comments, which
/// are in the archive, are let go; what the host did never is.
const UNSENT: usize = 4096;

/// The way into a room.
pub(crate) struct RoomHandle {
    inward: mpsc::Sender<Inward>,
    host: mpsc::Sender<FromHost>,
    next: AtomicU64,
}

/// From a viewer's connection.
enum Inward {
    Joined(Box<ViewerEvent>, ConnectionId, Outbox),
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
        clock: Arc<ProgramClock>,
        metrics: Arc<Metrics>,
        events: EventSender,
    ) -> Self {
        let (inward, inward_queue) = mpsc::channel(INWARD);
        let (host, host_queue) = mpsc::channel(HOST);
        let room = Room::new(episode.title.clone(), episode.next_seq, episode.backlog.clone(), limits);
        let task = Task {
            room,
            journal: episode.journal.clone(),
            started: Instant::now(),
            outboxes: BTreeMap::new(),
            storing: FuturesUnordered::new(),
            clock,
            metrics,
            events,
            unsent: VecDeque::new(),
        };
        tokio::spawn(task.run(inward_queue, host_queue));
        Self { inward, host, next: AtomicU64::new(1) }
    }

    /// Something that the host or the program does.
    pub(crate) fn order(&self, order: HostOrder) {
        if self.host.try_send(FromHost::Order(order)).is_err() {
            tracing::error!("the room does not take the host's orders");
        }
    }

    /// Says goodbye to everybody and ends the task.
    pub(crate) fn close(&self, bye: Bye) {
        if self.host.try_send(FromHost::Close(bye)).is_err() {
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
    /// What must reach the studio and found its lane full, in order.
    unsent: VecDeque<RoomNews>,
}

impl Task {
    async fn run(mut self, mut inward: mpsc::Receiver<Inward>, mut host: mpsc::Receiver<FromHost>) {
        let lasting = self.events.lasting.clone();
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
                    Some(FromHost::Order(order)) => self.apply(RoomInput::Host(order)),
                    Some(FromHost::Close(bye)) => break bye,
                    None => break Bye::Ended,
                },
                Ok(permit) = lasting.reserve(), if !self.unsent.is_empty() => {
                    if let Some(news) = self.unsent.pop_front() {
                        permit.send(AudienceEvent::Room(news));
                    }
                }
                Some((seq, stored)) = self.storing.next(), if !self.storing.is_empty() => {
                    self.apply(RoomInput::Stored(seq, stored));
                }
                Some(inward) = inward.recv() => match inward {
                    Inward::Joined(event, connection, outbox) => {
                        self.outboxes.insert(connection, outbox);
                        self.apply(RoomInput::Viewer(*event));
                    }
                    Inward::Event(event) => self.apply(RoomInput::Viewer(event)),
                },
                () = tick => self.apply(RoomInput::Tick),
            }
        };
        // What the archive has by now is still acknowledged; what it has not is not lost by us.
        while let Some(Some((seq, stored))) = futures_util::FutureExt::now_or_never(self.storing.next()) {
            self.apply(RoomInput::Stored(seq, stored));
        }
        self.apply(RoomInput::Flush);
        for outbox in std::mem::take(&mut self.outboxes).into_values() {
            outbox.dismiss(bye);
        }
        self.metrics.room_connections.set(0);
        self.metrics.viewers.set(0);
    }

    /// Applies an input and all that follows from it, including viewers that turn out too slow:
    /// sending the others that somebody left may show that they are too slow as well.
    fn apply(&mut self, input: RoomInput) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            if let RoomInput::Viewer(ViewerEvent::Left { connection }) = &input {
                self.outboxes.remove(connection);
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
        self.metrics.room_connections.set(self.outboxes.len() as u64);
    }

    fn deliver(&mut self, delivery: Delivery, slow: &mut Vec<ConnectionId>) {
        match delivery {
            Delivery::To(connection, message) => {
                if matches!(message, ToViewer::Refused { .. }) {
                    self.metrics.refused.add(1);
                }
                if let Some(text) = outbox::written(&message) {
                    self.post(connection, text, slow);
                }
            }
            Delivery::ToAll(message) => {
                if let Some(text) = outbox::written(&message) {
                    let everybody: Vec<ConnectionId> = self.outboxes.keys().copied().collect();
                    for connection in everybody {
                        self.post(connection, text.clone(), slow);
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
            RoomNews::Removed(_) | RoomNews::Muted { .. } => {}
        }
        if news.is_passing() {
            self.events.send(AudienceEvent::Room(news));
            return;
        }
        if self.unsent.is_empty() {
            if let Err(AudienceEvent::Room(news)) = self.events.try_last(AudienceEvent::Room(news)) {
                self.unsent.push_back(news);
            }
        } else {
            self.unsent.push_back(news);
        }
        if self.unsent.len() > UNSENT
            && let Some(oldest) = self.unsent.iter().position(|news| matches!(news, RoomNews::Said(_)))
        {
            self.unsent.remove(oldest);
            self.metrics.events_dropped.add(1);
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
