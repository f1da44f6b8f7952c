//! All sessions: who is there, which datagram belongs to whom, who gets what.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::Program;
use str0m::ice::StunMessage;
use tokio::sync::{Notify, oneshot};

use super::inlet::Inlet;
use super::lateness::Lateness;
use super::negotiate::{Negotiated, NegotiatedInlet};
use super::outlet::Outlet;
use super::session::{Session, Stage};
use super::socket::{Arrived, MediaSocket};
use super::thread::Around;
use super::upload::{Upload, UploadBudget};
use crate::budget::{Held, Neighbours};
use crate::feed::{Feed, SessionNumber};
use crate::metrics::Metrics;
use crate::show::ShowKey;

/// A viewer whose browser sends nothing for this long is gone. Browsers check every few seconds.
const SILENCE: Duration = Duration::from_secs(30);
/// Addresses that one viewer may send from, ever. A browser has a handful; what comes from yet
/// another one is dropped, and whoever cannot do without comes back with a new session.
const SOURCES: usize = 16;
/// A source stays with the session that it belongs to while that was heard within this time.
const OWNED: Duration = Duration::from_secs(5);

/// Somebody who wants to watch.
pub(crate) struct Viewer {
    /// Names the session.
    pub(crate) id: String,
    pub(crate) address: IpAddr,
    /// A session of their address, where those are counted.
    pub(crate) held: Option<Held>,
    pub(crate) upload: Upload,
}

/// What a viewer's request asks of the media thread.
pub(super) enum Request {
    Join {
        show: ShowKey,
        session: Box<Negotiated>,
        viewer: Viewer,
        answer: oneshot::Sender<Result<(), Refused>>,
    },
    Leave {
        show: ShowKey,
        id: String,
        answer: oneshot::Sender<bool>,
    },
    Publish {
        id: String,
        session: Box<NegotiatedInlet>,
        feed: Feed,
        number: SessionNumber,
        answer: oneshot::Sender<Result<(), Refused>>,
    },
    Published {
        id: String,
        answer: oneshot::Sender<Option<String>>,
    },
    Unpublish {
        id: String,
        answer: oneshot::Sender<bool>,
    },
}

/// Why a session was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too many of this address are not connected yet.
    Pending,
    /// Too many sessions.
    Full,
    /// The connection carries no more.
    Upload,
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
    /// Those who publish; their names and addresses are among everybody's.
    inlets: HashMap<Key, Inlet>,
    by_id: HashMap<String, Key>,
    by_fragment: HashMap<String, Key>,
    by_source: HashMap<SocketAddr, Key>,
    timeouts: BTreeSet<(Instant, Key)>,
    next: Key,
    outlets: HashMap<ShowKey, Outlet>,
    /// Wakes the thread when a program has something.
    woken: Arc<Notify>,
    upload: UploadBudget,
    lateness: Lateness,
    around: Around,
}

impl FanOut {
    /// `woken` is notified when [`Self::publish_next`] has something to do.
    pub(super) fn new(around: Around, woken: Arc<Notify>) -> Self {
        let fan_out = Self {
            sessions: HashMap::new(),
            inlets: HashMap::new(),
            by_id: HashMap::new(),
            by_fragment: HashMap::new(),
            by_source: HashMap::new(),
            timeouts: BTreeSet::new(),
            next: 0,
            outlets: HashMap::new(),
            woken,
            upload: UploadBudget::new(around.upload),
            lateness: Lateness::default(),
            around,
        };
        fan_out.count();
        fan_out
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
        let outlet = Outlet::new(program, self.around.limits.behind, Arc::new(move || woken.notify_one()), metrics);
        self.outlets.insert(show, outlet);
    }

    /// Takes or refuses a viewer, or lets one go.
    pub(super) fn request(&mut self, request: Request, socket: &MediaSocket, now: Instant) {
        match request {
            Request::Join { show, session, viewer, answer } => {
                let taken = self.join(show, *session, viewer, now);
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
            Request::Publish { id, session, feed, number, answer } => {
                let taken = self.publish(Inlet::new(id, *session, feed, number, now), now);
                let _ = answer.send(taken);
            }
            Request::Published { id, answer } => {
                let _ = answer.send(self.published(&id));
            }
            Request::Unpublish { id, answer } => {
                let _ = answer.send(self.unpublish(&id, socket, now));
            }
        }
    }

    fn join(&mut self, show: ShowKey, session: Negotiated, viewer: Viewer, now: Instant) -> Result<(), Refused> {
        if !self.outlets.contains_key(&show) {
            return Err(Refused::Over);
        }
        if self.sessions.len() >= self.around.limits.sessions {
            return Err(Refused::Full);
        }
        let neighbours = Neighbours::of(viewer.address);
        let pending = |session: &&Session| session.neighbours == neighbours && session.stage == Stage::Pending;
        if self.sessions.values().filter(pending).count() >= self.around.limits.pending_of_address {
            return Err(Refused::Pending);
        }
        self.afford(show, viewer.upload)?;
        let Some(outlet) = self.outlets.get_mut(&show) else { return Err(Refused::Over) };
        let key = self.next;
        self.next += 1;
        let mut session = Session::new(show, session, viewer, now);
        let at = session.peer.timeout.min(now + self.around.limits.connect);
        session.peer.scheduled = Some(at);
        self.timeouts.insert((at, key));
        self.by_id.insert(session.id.clone(), key);
        self.by_fragment.insert(session.peer.fragment.clone(), key);
        self.sessions.insert(key, session);
        outlet.watchers.insert(key);
        // Asked for now, a keyframe is there when the connection is.
        outlet.prepare();
        self.count();
        Ok(())
    }

    /// Whether one more session of `show` fits into what the connection carries.
    fn afford(&mut self, show: ShowKey, upload: Upload) -> Result<(), Refused> {
        if upload == Upload::Free {
            return Ok(());
        }
        let outlets = &self.outlets;
        let kbps = |show: ShowKey| outlets.get(&show).map_or(0, Outlet::kbps);
        let counted = self.sessions.values().filter(|session| session.upload == Upload::Counts);
        let used = counted.map(|session| self.upload.of_session(kbps(session.show))).sum();
        let decision = self.upload.decide(used, self.upload.of_session(kbps(show)));
        if let Some(notice) = decision.notice {
            (self.around.notify)(notice);
        }
        if decision.fits { Ok(()) } else { Err(Refused::Upload) }
    }

    /// A datagram arrived.
    pub(super) fn receive(&mut self, arrived: &Arrived<'_>, socket: &MediaSocket, now: Instant) {
        let Some(key) = self.admit(arrived, now) else { return };
        let Some(peer) = self.peer(key) else { return };
        peer.receive(arrived, now);
        self.settle_any(key, socket, now);
    }

    /// Time passed.
    pub(super) fn tick(&mut self, socket: &MediaSocket, now: Instant) {
        while let Some(&(at, key)) = self.timeouts.first() {
            if at > now {
                break;
            }
            self.timeouts.pop_first();
            if let Some(peer) = self.peer(key) {
                peer.scheduled = None;
                peer.tick(now);
                self.settle_any(key, socket, now);
            }
        }
    }

    /// The next unit of each show's program, for everybody who watches it. False when none waits.
    pub(super) fn publish_next(&mut self, socket: &MediaSocket, now: Instant) -> bool {
        let mut waiting = Vec::new();
        for outlet in self.outlets.values_mut() {
            if let Some(packet) = outlet.next(now) {
                self.lateness.note(now.saturating_duration_since(packet.wallclock), now);
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
        self.around.metrics.media_late.set(self.lateness.worst(now).as_millis().try_into().unwrap_or(u64::MAX));
        !waiting.is_empty()
    }

    /// Ends every session of `show`, and reads its program no more.
    pub(super) fn end(&mut self, show: ShowKey, socket: &MediaSocket) {
        let Some(outlet) = self.outlets.remove(&show) else { return };
        for key in outlet.watchers {
            self.close(key, socket);
        }
        if self.outlets.is_empty() {
            self.around.metrics.media_late.set(0);
        }
    }

    /// Ends every session of every show.
    pub(super) fn end_all(&mut self, socket: &MediaSocket) {
        let shows: Vec<ShowKey> = self.outlets.keys().copied().collect();
        for show in shows {
            self.end(show, socket);
        }
        self.end_inlets(socket);
    }

    /// Whose datagram this is, if anybody's: STUN says it in the username's first half (RFC 8445
    /// §7.2.2), all else is known by where it comes from. Only a check that proves to know the session's
    /// password makes its source known, and a session has only so many sources.
    fn admit(&mut self, arrived: &Arrived<'_>, now: Instant) -> Option<Key> {
        let is_stun = arrived.contents.first().is_some_and(|byte| *byte < 2);
        if !is_stun {
            return self.by_source.get(&arrived.source).copied();
        }
        // We are ICE-lite (RFC 8445 §2.5): we ask nothing, so what names nobody answers nothing.
        let message = StunMessage::parse(arrived.contents).ok()?;
        let key = *self.by_fragment.get(message.split_username()?.0)?;
        let owner = self.by_source.get(&arrived.source).copied();
        if owner != Some(key) {
            let heard = owner.and_then(|owner| self.peer(owner)).map(|owner| owner.heard);
            if heard.is_some_and(|heard| now < heard + OWNED) {
                return None;
            }
        }
        let peer = self.peer(key)?;
        let known = peer.sources.contains(&arrived.source);
        if (!known && peer.sources.len() >= SOURCES) || !peer.accepts(arrived, now) {
            return None;
        }
        if !known {
            peer.sources.push(arrived.source);
        }
        peer.heard = now;
        self.by_source.insert(arrived.source, key);
        Some(key)
    }

    /// Sends what a session has to send, and draws the consequences.
    fn settle(&mut self, key: Key, socket: &MediaSocket, now: Instant) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let outcome = session.drain(socket, &self.around.metrics);
        let outlet = self.outlets.get_mut(&session.show);
        if outcome.connected
            && let Some(outlet) = outlet
        {
            tracing::debug!(after = ?now.duration_since(session.peer.created), "a viewer is connected");
            for packet in outlet.current_gop(now) {
                session.write(&packet, now);
                session.drain(socket, &self.around.metrics);
            }
            if session.stage == Stage::Waiting {
                outlet.prepare();
            }
        } else if outcome.keyframe_wanted
            && let Some(outlet) = outlet
        {
            outlet.request_keyframe();
        }
        let late = session.stage == Stage::Pending && now >= session.peer.created + self.around.limits.connect;
        let silent = now >= session.peer.heard + SILENCE;
        let mute = session.unanswered.map(|since| since + self.around.limits.report);
        if late || silent || mute.is_some_and(|mute| now >= mute) || !session.peer.is_alive() {
            self.remove(key);
            return;
        }
        let patience = match session.stage {
            Stage::Pending => session.peer.created + self.around.limits.connect,
            Stage::Waiting | Stage::Watching => session.peer.heard + SILENCE,
        };
        let at = session.peer.timeout.min(patience).min(mute.unwrap_or(patience));
        if session.peer.scheduled != Some(at) {
            if let Some(before) = session.peer.scheduled.replace(at) {
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
            session.peer.close();
            session.drain(socket, &self.around.metrics);
        }
        self.remove(key);
    }

    fn remove(&mut self, key: Key) {
        let Some(session) = self.sessions.remove(&key) else { return };
        self.forget(key, &session.id, &session.peer);
        if let Some(outlet) = self.outlets.get_mut(&session.show) {
            outlet.watchers.remove(&key);
        }
        self.count();
    }

    fn count(&self) {
        self.around.metrics.sessions.set(self.sessions.len() as u64);
        let connected = self.sessions.values().filter(|session| session.stage != Stage::Pending).count();
        self.around.metrics.sessions_connected.set(connected as u64);
    }
}

mod inlets;
#[cfg(test)]
mod tests;
