//! One publisher's WebRTC session: what it sends becomes its show's feed.

use std::time::{Duration, Instant};

use bytes::Bytes;
use str0m::media::{KeyframeRequestKind, MediaData, Mid};
use str0m::{Event, IceConnectionState};

use super::negotiate::NegotiatedInlet;
use super::peer::{Peer, Said, send};
use super::socket::MediaSocket;
use crate::feed::{Feed, Received, Report, SessionNumber};
use crate::metrics::Metrics;

/// A publisher that sends nothing for so long has vanished. It comes back with another session.
const SILENCE: Duration = Duration::from_secs(6);

/// One publisher's session.
pub(super) struct Inlet {
    pub(super) peer: Peer,
    pub(super) id: String,
    video: Mid,
    audio: Option<Mid>,
    pub(super) feed: Feed,
    number: SessionNumber,
    is_connected: bool,
    /// When media came last.
    media_at: Instant,
    /// It was ended with a goodbye.
    goodbye: bool,
}

impl Inlet {
    pub(super) fn new(
        id: String,
        negotiated: NegotiatedInlet,
        feed: Feed,
        number: SessionNumber,
        now: Instant,
    ) -> Self {
        let NegotiatedInlet { rtc, fragment, video, audio, .. } = negotiated;
        let peer = Peer::new(rtc, fragment, now);
        Self { peer, id, video, audio, feed, number, is_connected: false, media_at: now, goodbye: false }
    }

    /// Takes what came, sends what is to be sent, and asks for keyframes.
    pub(super) fn drain(&mut self, socket: &MediaSocket, metrics: &Metrics, now: Instant) {
        if self.feed.is_over() {
            self.peer.close();
        }
        if self.is_connected && self.feed.asks(self.number, now) {
            let video = self.video;
            self.peer.guarded(|rtc| match rtc.writer(video) {
                Some(mut writer) => writer.request_keyframe(None, KeyframeRequestKind::Pli),
                None => Ok(()),
            });
        }
        while let Some(said) = self.peer.poll() {
            match said {
                Said::Datagram(transmit) => send(&transmit, socket, metrics),
                Said::Event(event) => self.note(*event, now),
            }
        }
    }

    fn note(&mut self, event: Event, now: Instant) {
        match event {
            Event::Connected => self.is_connected = true,
            Event::MediaData(data) => self.take(&data, now),
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => self.peer.disconnect(),
            _ => {}
        }
    }

    fn take(&mut self, data: &MediaData, now: Instant) {
        self.media_at = now;
        #[allow(clippy::cast_possible_truncation, reason = "an RTP timestamp has 32 bits")]
        let ticks = |time: str0m::media::MediaTime| time.numer() as u32;
        let report = data.last_sender_info.map(|info| Report { at: info.ntp_time, rtp: ticks(info.rtp_time) });
        let payload = Bytes::copy_from_slice(&data.data);
        let received = Received { rtp: ticks(data.time), arrived: data.network_time, report, data: payload };
        if data.mid == self.video {
            self.feed.frame(self.number, received, data.is_keyframe(), data.contiguous);
        } else if Some(data.mid) == self.audio {
            self.feed.packet(self.number, received);
        }
    }

    /// The publisher says that the show is over.
    pub(super) fn say_goodbye(&mut self) {
        self.goodbye = true;
        self.peer.close();
    }

    /// Whether it is over: it ended, never connected, or nothing comes any more.
    pub(super) fn is_over(&self, now: Instant, connect: Duration) -> bool {
        let late = !self.is_connected && now >= self.peer.created + connect;
        let silent = self.is_connected && now >= self.media_at + SILENCE;
        late || silent || !self.peer.is_alive()
    }

    /// When it is to be looked at again.
    pub(super) fn due(&self, now: Instant, connect: Duration) -> Instant {
        let patience = if self.is_connected { self.media_at + SILENCE } else { self.peer.created + connect };
        let wish = if self.is_connected { self.feed.due(now) } else { None };
        self.peer.timeout.min(patience).min(wish.unwrap_or(patience))
    }

    /// It is gone: its feed learns of it.
    pub(super) fn ended(&self) {
        self.feed.end(self.number, self.goodbye);
    }
}
