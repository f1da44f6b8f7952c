//! All sessions: who is there, which datagram belongs to whom, who gets what.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::Program;
use str0m::ice::StunMessage;
use tokio::sync::{Notify, oneshot};

use super::negotiate::Negotiated;
use super::outlet::Outlet;
use super::session::{Session, Stage};
use super::socket::{Arrived, MediaSocket};
use crate::config::ServiceLimits;
use crate::metrics::Metrics;
use crate::show::ShowKey;

/// A viewer whose browser sends nothing for this long is gone. Browsers check every few seconds.
const SILENCE: Duration = Duration::from_secs(30);
/// Addresses that one viewer may send from.
const SOURCES: usize = 16;

/// What a viewer's request asks of the media thread.
pub(super) enum Request {
    Join {
        show: ShowKey,
        session: Box<Negotiated>,
        id: String,
        peer: IpAddr,
        answer: oneshot::Sender<Result<(), Refused>>,
    },
    Leave {
        show: ShowKey,
        id: String,
        answer: oneshot::Sender<bool>,
    },
}

/// What a host asks of it.
pub(super) enum Order {
    Read { show: ShowKey, program: Program, metrics: Arc<Metrics> },
    End(ShowKey),
    Stop,
}

/// Why a session was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too many of this address are not connected yet.
    Pending,
    /// Too many sessions.
    Full,
    /// The show has no program.
    Over,
    /// The service stops.
    Stopping,
}

/// A session's number; never given twice.
pub(super) type Key = u64;

/// All sessions.
pub(super) struct FanOut {
    sessions: HashMap<Key, Session>,
    by_id: HashMap<String, Key>,
    by_fragment: HashMap<String, Key>,
    by_source: HashMap<SocketAddr, Key>,
    timeouts: BTreeSet<(Instant, Key)>,
    next: Key,
    outlets: HashMap<ShowKey, Outlet>,
    /// Wakes the thread when a program has something.
    woken: Arc<Notify>,
    limits: ServiceLimits,
    metrics: Arc<Metrics>,
}

impl FanOut {
    /// `woken` is notified when [`Self::publish_next`] has something to do.
    pub(super) fn new(limits: ServiceLimits, metrics: Arc<Metrics>, woken: Arc<Notify>) -> Self {
        Self {
            sessions: HashMap::new(),
            by_id: HashMap::new(),
            by_fragment: HashMap::new(),
            by_source: HashMap::new(),
            timeouts: BTreeSet::new(),
            next: 0,
            outlets: HashMap::new(),
            woken,
            limits,
            metrics,
        }
    }

    /// When [`Self::tick`] is wanted.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timeouts.first().map(|(at, _)| *at)
    }

    /// Whoever watches `show` gets `program` from now on. Those who got another one come back by
    /// themselves: its timestamps would not go on from where they are.
    pub(super) fn read(&mut self, show: ShowKey, program: Program, metrics: Arc<Metrics>, socket: &MediaSocket) {
        self.end(show, socket);
        let woken = self.woken.clone();
        let outlet = Outlet::new(program, self.limits.behind, Arc::new(move || woken.notify_one()), metrics);
        self.outlets.insert(show, outlet);
    }

    /// Takes or refuses a viewer, or lets one go.
    pub(super) fn request(&mut self, request: Request, socket: &MediaSocket, now: Instant) {
        match request {
            Request::Join { show, session, id, peer, answer } => {
                let taken = self.join(show, *session, id, peer, now);
                // The viewer may have given up meanwhile; the session then times out.
                let _ = answer.send(taken);
            }
            Request::Leave { show, id, answer } => {
                let key = self.by_id.get(&id).copied();
                let key = key.filter(|key| self.sessions.get(key).is_some_and(|session| session.show == show));
                if let Some(key) = key {
                    self.close(key, socket);
                }
                let _ = answer.send(key.is_some());
            }
        }
    }

    fn join(
        &mut self,
        show: ShowKey,
        session: Negotiated,
        id: String,
        peer: IpAddr,
        now: Instant,
    ) -> Result<(), Refused> {
        let outlet = self.outlets.get_mut(&show).ok_or(Refused::Over)?;
        if self.sessions.len() >= self.limits.sessions {
            return Err(Refused::Full);
        }
        let pending = |session: &&Session| session.peer == peer && session.stage == Stage::Pending;
        if self.sessions.values().filter(pending).count() >= self.limits.pending_of_address {
            return Err(Refused::Pending);
        }
        let key = self.next;
        self.next += 1;
        let mut session = Session::new(show, session, id, peer, now);
        let at = session.timeout.min(now + self.limits.connect);
        session.scheduled = Some(at);
        self.timeouts.insert((at, key));
        self.by_id.insert(session.id.clone(), key);
        self.by_fragment.insert(session.fragment.clone(), key);
        self.sessions.insert(key, session);
        outlet.watchers.insert(key);
        // Asked for now, a keyframe is there when the connection is.
        outlet.prepare();
        self.count();
        Ok(())
    }

    /// A datagram arrived.
    pub(super) fn receive(&mut self, arrived: &Arrived<'_>, socket: &MediaSocket, now: Instant) {
        let Some(key) = self.route(arrived) else { return };
        let Some(session) = self.sessions.get_mut(&key) else { return };
        session.receive(arrived, now);
        self.settle(key, socket, now);
    }

    /// Time passed.
    pub(super) fn tick(&mut self, socket: &MediaSocket, now: Instant) {
        while let Some(&(at, key)) = self.timeouts.first() {
            if at > now {
                break;
            }
            self.timeouts.pop_first();
            if let Some(session) = self.sessions.get_mut(&key) {
                session.scheduled = None;
                session.tick(now);
                self.settle(key, socket, now);
            }
        }
    }

    /// The next unit of each show's program, for everybody who watches it. False when none waits.
    pub(super) fn publish_next(&mut self, socket: &MediaSocket, now: Instant) -> bool {
        let mut waiting = Vec::new();
        for outlet in self.outlets.values_mut() {
            if let Some(packet) = outlet.next(now) {
                waiting.push((packet, outlet.watchers.iter().copied().collect::<Vec<Key>>()));
            }
        }
        for (packet, watchers) in &waiting {
            for key in watchers {
                if let Some(session) = self.sessions.get_mut(key).filter(|session| session.stage != Stage::Pending) {
                    session.write(packet, now);
                    self.settle(*key, socket, now);
                }
            }
        }
        !waiting.is_empty()
    }

    /// Ends every session of `show`, and reads its program no more.
    pub(super) fn end(&mut self, show: ShowKey, socket: &MediaSocket) {
        let Some(outlet) = self.outlets.remove(&show) else { return };
        for key in outlet.watchers {
            self.close(key, socket);
        }
    }

    /// Ends every session of every show.
    pub(super) fn end_all(&mut self, socket: &MediaSocket) {
        let shows: Vec<ShowKey> = self.outlets.keys().copied().collect();
        for show in shows {
            self.end(show, socket);
        }
    }

    /// Whose datagram this is: STUN says it in the username's first half (RFC 8445 §7.2.2), all
    /// else is known by where it comes from.
    fn route(&mut self, arrived: &Arrived<'_>) -> Option<Key> {
        let is_stun = arrived.contents.first().is_some_and(|byte| *byte < 2);
        let named = if is_stun { StunMessage::parse(arrived.contents).ok() } else { None };
        let named = named.as_ref().and_then(StunMessage::split_username).map(|(ours, _)| ours);
        let Some(named) = named else { return self.by_source.get(&arrived.source).copied() };
        let key = *self.by_fragment.get(named)?;
        let session = self.sessions.get_mut(&key)?;
        if !session.sources.contains(&arrived.source) && session.sources.len() < SOURCES {
            session.sources.push(arrived.source);
            self.by_source.insert(arrived.source, key);
        }
        Some(key)
    }

    /// Sends what a session has to send, and draws the consequences.
    fn settle(&mut self, key: Key, socket: &MediaSocket, now: Instant) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let outcome = session.drain(socket, &self.metrics);
        let outlet = self.outlets.get_mut(&session.show);
        if outcome.connected
            && let Some(outlet) = outlet
        {
            tracing::debug!(after = ?now.duration_since(session.created), "a viewer is connected");
            for packet in outlet.current_gop(now) {
                session.write(&packet, now);
                session.drain(socket, &self.metrics);
            }
            if session.stage == Stage::Waiting {
                outlet.prepare();
            }
        } else if outcome.keyframe_wanted
            && let Some(outlet) = outlet
        {
            outlet.request_keyframe();
        }
        let late = session.stage == Stage::Pending && now >= session.created + self.limits.connect;
        let silent = now >= session.heard + SILENCE;
        if late || silent || !session.is_alive() {
            self.remove(key);
            return;
        }
        let patience = match session.stage {
            Stage::Pending => session.created + self.limits.connect,
            Stage::Waiting | Stage::Watching => session.heard + SILENCE,
        };
        let at = session.timeout.min(patience);
        if session.scheduled != Some(at) {
            if let Some(before) = session.scheduled.replace(at) {
                self.timeouts.remove(&(before, key));
            }
            self.timeouts.insert((at, key));
        }
        if outcome.connected {
            self.count();
        }
    }

    fn close(&mut self, key: Key, socket: &MediaSocket) {
        if let Some(session) = self.sessions.get_mut(&key) {
            session.close();
            session.drain(socket, &self.metrics);
        }
        self.remove(key);
    }

    fn remove(&mut self, key: Key) {
        let Some(session) = self.sessions.remove(&key) else { return };
        if let Some(at) = session.scheduled {
            self.timeouts.remove(&(at, key));
        }
        self.by_id.remove(&session.id);
        self.by_fragment.remove(&session.fragment);
        for source in &session.sources {
            // Another session may have taken the address over.
            if self.by_source.get(source) == Some(&key) {
                self.by_source.remove(source);
            }
        }
        if let Some(outlet) = self.outlets.get_mut(&session.show) {
            outlet.watchers.remove(&key);
        }
        self.count();
    }

    fn count(&self) {
        self.metrics.sessions.set(self.sessions.len() as u64);
        let connected = self.sessions.values().filter(|session| session.stage != Stage::Pending).count();
        self.metrics.sessions_connected.set(connected as u64);
    }
}
