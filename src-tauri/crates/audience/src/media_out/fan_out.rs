//! All sessions: who is there, which datagram belongs to whom, who gets what.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use media::{AccessUnit, Track};
use str0m::ice::StunMessage;
use tokio::sync::oneshot;

use super::cache::PictureCache;
use super::negotiate::Negotiated;
use super::pace::KeyframePace;
use super::session::{Packet, Session, Stage};
use super::socket::{Arrived, MediaSocket};
use super::wallclock::WallClock;
use crate::config::ServiceLimits;
use crate::episode::AudienceEvent;
use crate::metrics::Metrics;
use crate::shared::EventSender;

/// A viewer whose browser sends nothing for this long is gone. Browsers check every few seconds.
const SILENCE: Duration = Duration::from_secs(30);
/// Addresses that one viewer may send from.
const SOURCES: usize = 16;

/// What a viewer's request asks of the media thread.
pub(super) enum Request {
    Join { session: Box<Negotiated>, id: String, peer: IpAddr, answer: oneshot::Sender<Result<(), Refused>> },
    Leave { id: String, answer: oneshot::Sender<bool> },
}

/// What the studio asks of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    End,
    Stop,
}

/// Why a session was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too many of this address are not connected yet.
    Pending,
    /// Too many sessions.
    Full,
    /// The service stops.
    Stopping,
}

/// A session's number; never given twice.
type Key = u64;

/// All sessions.
pub(super) struct FanOut {
    sessions: HashMap<Key, Session>,
    by_id: HashMap<String, Key>,
    by_fragment: HashMap<String, Key>,
    by_source: HashMap<SocketAddr, Key>,
    timeouts: BTreeSet<(Instant, Key)>,
    next: Key,
    cache: PictureCache,
    wallclock: WallClock,
    pace: KeyframePace,
    limits: ServiceLimits,
    metrics: std::sync::Arc<Metrics>,
    events: EventSender,
}

impl FanOut {
    pub(super) fn new(limits: ServiceLimits, metrics: std::sync::Arc<Metrics>, events: EventSender) -> Self {
        Self {
            sessions: HashMap::new(),
            by_id: HashMap::new(),
            by_fragment: HashMap::new(),
            by_source: HashMap::new(),
            timeouts: BTreeSet::new(),
            next: 0,
            cache: PictureCache::default(),
            wallclock: WallClock::default(),
            pace: KeyframePace::default(),
            limits,
            metrics,
            events,
        }
    }

    /// When [`Self::tick`] is wanted.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let session = self.timeouts.first().map(|(at, _)| *at);
        let keyframe = self.pace.due().map(|due| due.unwrap_or(now));
        [session, keyframe].into_iter().flatten().min()
    }

    /// Takes or refuses a viewer, or lets one go.
    pub(super) fn request(&mut self, request: Request, socket: &MediaSocket, now: Instant) {
        match request {
            Request::Join { session, id, peer, answer } => {
                let taken = self.join(*session, id, peer, now);
                // The viewer may have given up meanwhile; the session then times out.
                let _ = answer.send(taken);
            }
            Request::Leave { id, answer } => {
                let key = self.by_id.get(&id).copied();
                if let Some(key) = key {
                    self.close(key, socket);
                }
                let _ = answer.send(key.is_some());
            }
        }
        self.ask_for_keyframe(now);
    }

    fn join(&mut self, session: Negotiated, id: String, peer: IpAddr, now: Instant) -> Result<(), Refused> {
        if self.sessions.len() >= self.limits.sessions {
            return Err(Refused::Full);
        }
        let pending = |session: &&Session| session.peer == peer && session.stage == Stage::Pending;
        if self.sessions.values().filter(pending).count() >= self.limits.pending_of_address {
            return Err(Refused::Pending);
        }
        let key = self.next;
        self.next += 1;
        let mut session = Session::new(session, id, peer, now);
        let at = session.timeout.min(now + self.limits.connect);
        session.scheduled = Some(at);
        self.timeouts.insert((at, key));
        self.by_id.insert(session.id.clone(), key);
        self.by_fragment.insert(session.fragment.clone(), key);
        self.sessions.insert(key, session);
        // Asked for now, a keyframe is there when the connection is.
        if self.cache.fresh().is_empty() {
            self.pace.want();
        }
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
        self.ask_for_keyframe(now);
    }

    /// A unit of the program, for everybody.
    pub(super) fn publish(&mut self, unit: &AccessUnit, socket: &MediaSocket, now: Instant) {
        if unit.track == Track::Aac {
            return;
        }
        let wallclock = self.wallclock.at(unit.pts, now);
        self.cache.push(unit);
        if unit.keyframe && unit.track == Track::Video {
            self.pace.satisfied();
        }
        let packet = Packet::new(unit, wallclock);
        let keys: Vec<Key> = self.sessions.keys().copied().collect();
        for key in keys {
            if let Some(session) = self.sessions.get_mut(&key).filter(|session| session.stage != Stage::Pending) {
                session.write(&packet, now);
                self.settle(key, socket, now);
            }
        }
        self.ask_for_keyframe(now);
    }

    /// Ends every session. What comes next is another program.
    pub(super) fn end(&mut self, socket: &MediaSocket) {
        let keys: Vec<Key> = self.sessions.keys().copied().collect();
        for key in keys {
            self.close(key, socket);
        }
        self.pace.satisfied();
        self.cache.clear();
        self.wallclock.clear();
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
        if outcome.connected {
            tracing::debug!(after = ?now.duration_since(session.created), "a viewer is connected");
            for unit in self.cache.fresh() {
                let packet = Packet::new(unit, self.wallclock.at(unit.pts, now));
                session.write(&packet, now);
                session.drain(socket, &self.metrics);
            }
            if session.stage == Stage::Waiting {
                self.pace.want();
            }
        }
        if outcome.keyframe_wanted {
            self.pace.want();
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
        if self.sessions.values().all(|session| session.stage != Stage::Waiting) {
            self.pace.satisfied();
        }
        self.count();
    }

    fn ask_for_keyframe(&mut self, now: Instant) {
        if self.pace.ask(now) {
            self.events.send(AudienceEvent::KeyframeWanted);
        }
    }

    fn count(&self) {
        self.metrics.sessions.set(self.sessions.len() as u64);
        let connected = self.sessions.values().filter(|session| session.stage != Stage::Pending).count();
        self.metrics.sessions_connected.set(connected as u64);
    }
}
