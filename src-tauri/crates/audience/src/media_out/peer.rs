//! What every session is: one peer, from its first datagram to its last. A peer whose session fails
//! ends; the others do not notice.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use str0m::net::Transmit;
use str0m::{Input, Output, Rtc, RtcError};

use super::socket::{Arrived, MediaSocket};
use crate::metrics::Metrics;

/// One peer's session.
pub(super) struct Peer {
    rtc: Rtc,
    /// The username by which its datagrams are known (ICE).
    pub(super) fragment: String,
    /// Where it sent from.
    pub(super) sources: Vec<SocketAddr>,
    pub(super) created: Instant,
    /// The last check that proved to be this peer's.
    pub(super) heard: Instant,
    /// The session's own code failed, so nothing of it is asked any more.
    is_broken: bool,
    /// When the session wants to be asked again.
    pub(super) timeout: Instant,
    /// Its place among everybody's timeouts.
    pub(super) scheduled: Option<Instant>,
}

impl Peer {
    pub(super) const fn new(rtc: Rtc, fragment: String, now: Instant) -> Self {
        let (created, heard, timeout) = (now, now, now);
        Self { rtc, fragment, sources: Vec::new(), created, heard, is_broken: false, timeout, scheduled: None }
    }

    /// Whether there is still something to do for it.
    pub(super) fn is_alive(&self) -> bool {
        !self.is_broken && self.rtc.is_alive()
    }

    /// Whether a STUN request proves to be this peer's.
    pub(super) fn accepts(&mut self, arrived: &Arrived<'_>, now: Instant) -> bool {
        let Some(receive) = arrived.receive() else { return false };
        self.guarded(|rtc| Ok(rtc.accepts(&Input::Receive(now, receive)))).unwrap_or(false)
    }

    /// A datagram came for it.
    pub(super) fn receive(&mut self, arrived: &Arrived<'_>, now: Instant) {
        let Some(receive) = arrived.receive() else { return };
        self.guarded(|rtc| rtc.handle_input(Input::Receive(now, receive)));
    }

    /// Time passed.
    pub(super) fn tick(&mut self, now: Instant) {
        self.guarded(|rtc| rtc.handle_input(Input::Timeout(now)));
    }

    /// Says goodbye, so that the peer knows at once.
    pub(super) fn close(&mut self) {
        self.guarded(Rtc::close);
    }

    /// It ends without a word.
    pub(super) fn disconnect(&mut self) {
        self.rtc.disconnect();
    }

    /// The next thing that the session has to say; none when it wants to be asked later, which is noted.
    pub(super) fn poll(&mut self) -> Option<Said> {
        while self.is_alive() {
            match self.guarded(Rtc::poll_output) {
                None => {}
                Some(Output::Timeout(at)) => {
                    self.timeout = at;
                    return None;
                }
                Some(Output::Transmit(transmit)) => return Some(Said::Datagram(transmit)),
                Some(Output::Event(event)) => return Some(Said::Event(Box::new(event))),
            }
        }
        None
    }

    /// Does something with what is inside. A session that fails ends, also where its code does.
    pub(super) fn guarded<T>(&mut self, act: impl FnOnce(&mut Rtc) -> Result<T, RtcError>) -> Option<T> {
        if self.is_broken {
            return None;
        }
        match catch_unwind(AssertUnwindSafe(|| act(&mut self.rtc))) {
            Ok(Ok(done)) => Some(done),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a session ends");
                self.rtc.disconnect();
                None
            }
            Err(_) => {
                tracing::error!("a session panicked, and ends");
                self.is_broken = true;
                None
            }
        }
    }
}

/// What a session has to say.
pub(super) enum Said {
    Datagram(Transmit),
    Event(Box<str0m::Event>),
}

pub(super) fn send(transmit: &Transmit, socket: &MediaSocket, metrics: &Metrics) {
    match socket.send(transmit.source, transmit.destination, &transmit.contents) {
        Ok(()) => {
            metrics.datagrams_sent.add(1);
            metrics.bytes_sent.add(transmit.contents.len() as u64);
        }
        Err(_) => metrics.datagrams_dropped.add(1),
    }
}
