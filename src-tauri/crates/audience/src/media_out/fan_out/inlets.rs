//! Those who publish, among all sessions.

use std::time::Instant;

use super::{FanOut, Key, Refused};
use crate::media_out::inlet::Inlet;
use crate::media_out::peer::Peer;
use crate::media_out::socket::MediaSocket;

/// Publishers at once.
const PUBLISHERS: usize = 64;

impl FanOut {
    /// Takes a publisher. An older session of its feed is heard no more, and ends by itself.
    pub(super) fn publish(&mut self, mut inlet: Inlet, now: Instant) -> Result<(), Refused> {
        if self.inlets.len() >= PUBLISHERS {
            inlet.ended();
            return Err(Refused::Full);
        }
        let key = self.next;
        self.next += 1;
        let at = inlet.due(now, self.around.limits.connect);
        inlet.peer.scheduled = Some(at);
        self.timeouts.insert((at, key));
        self.by_id.insert(inlet.id.clone(), key);
        self.by_fragment.insert(inlet.peer.fragment.clone(), key);
        self.inlets.insert(key, inlet);
        Ok(())
    }

    /// What a publisher's session has to do, now.
    pub(super) fn settle_inlet(&mut self, key: Key, socket: &MediaSocket, now: Instant) {
        let connect = self.around.limits.connect;
        let Some(inlet) = self.inlets.get_mut(&key) else { return };
        inlet.drain(socket, &self.around.metrics, now);
        if inlet.is_over(now, connect) {
            self.remove_inlet(key);
            return;
        }
        let at = inlet.due(now, connect);
        if inlet.peer.scheduled != Some(at) {
            if let Some(before) = inlet.peer.scheduled.replace(at) {
                self.timeouts.remove(&(before, key));
            }
            self.timeouts.insert((at, key));
        }
    }

    /// Somebody wishes for a keyframe, perhaps: publishers are asked.
    pub(in crate::media_out) fn wishes(&mut self, socket: &MediaSocket, now: Instant) {
        let keys: Vec<Key> = self.inlets.keys().copied().collect();
        for key in keys {
            self.settle_inlet(key, socket, now);
        }
    }

    fn remove_inlet(&mut self, key: Key) {
        let Some(inlet) = self.inlets.remove(&key) else { return };
        inlet.ended();
        self.forget(key, &inlet.id, &inlet.peer);
    }

    /// The name of a publisher's answer.
    pub(super) fn published(&self, id: &str) -> Option<String> {
        self.by_id.get(id).and_then(|key| self.inlets.get(key)).map(|inlet| inlet.peer.fragment.clone())
    }

    /// A publisher says that its show is over. False where there is no such session.
    pub(super) fn unpublish(&mut self, id: &str, socket: &MediaSocket, now: Instant) -> bool {
        let Some(key) = self.by_id.get(id).copied().filter(|key| self.inlets.contains_key(key)) else { return false };
        if let Some(inlet) = self.inlets.get_mut(&key) {
            inlet.say_goodbye();
            inlet.drain(socket, &self.around.metrics, now);
        }
        self.remove_inlet(key);
        true
    }

    /// Says goodbye to every publisher.
    pub(super) fn end_inlets(&mut self, socket: &MediaSocket) {
        let publishers: Vec<Key> = self.inlets.keys().copied().collect();
        for key in publishers {
            if let Some(inlet) = self.inlets.get_mut(&key) {
                inlet.peer.close();
                inlet.drain(socket, &self.around.metrics, Instant::now());
            }
            self.remove_inlet(key);
        }
    }

    /// Nobody is found under a session's names any more.
    pub(super) fn forget(&mut self, key: Key, id: &str, peer: &Peer) {
        if let Some(at) = peer.scheduled {
            self.timeouts.remove(&(at, key));
        }
        self.by_id.remove(id);
        self.by_fragment.remove(&peer.fragment);
        for source in &peer.sources {
            // Another session may have taken the address over.
            if self.by_source.get(source) == Some(&key) {
                self.by_source.remove(source);
            }
        }
    }

    /// Anybody's session.
    pub(super) fn peer(&mut self, key: Key) -> Option<&mut Peer> {
        match self.sessions.get_mut(&key) {
            Some(session) => Some(&mut session.peer),
            None => self.inlets.get_mut(&key).map(|inlet| &mut inlet.peer),
        }
    }

    pub(super) fn settle_any(&mut self, key: Key, socket: &MediaSocket, now: Instant) {
        if self.inlets.contains_key(&key) {
            self.settle_inlet(key, socket, now);
        } else {
            self.settle(key, socket, now);
        }
    }
}
