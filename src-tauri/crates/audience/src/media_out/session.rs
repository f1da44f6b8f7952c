//! One viewer's WebRTC session.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use media::{AccessUnit, Track};
use str0m::media::{Frequency, MediaTime};
use str0m::net::{Protocol, Receive};
use str0m::{Event, IceConnectionState, Input, Output, Rtc, RtcError};

use super::negotiate::Negotiated;
use super::socket::{Arrived, MediaSocket};
use crate::metrics::Metrics;
use crate::show::ShowKey;

/// A unit on its way to everybody: the payload is shared.
pub(super) struct Packet {
    pub(super) track: Track,
    pub(super) keyframe: bool,
    pub(super) time: MediaTime,
    pub(super) wallclock: Instant,
    pub(super) data: Arc<[u8]>,
}

impl Packet {
    /// RTP timestamps are program time on the track's clock, so that a page can tell which moment
    /// its viewer sees.
    pub(super) fn new(unit: &AccessUnit, wallclock: Instant) -> Self {
        let frequency = if unit.track == Track::Video { Frequency::NINETY_KHZ } else { Frequency::FORTY_EIGHT_KHZ };
        let time = MediaTime::new(unit.pts.ticks(frequency.get()), frequency);
        Self { track: unit.track, keyframe: unit.keyframe, time, wallclock, data: Arc::from(unit.data.as_ref()) }
    }
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has an answer; nothing is encrypted yet.
    Pending,
    /// Connected; it waits for a keyframe.
    Waiting,
    /// It gets the program.
    Watching,
}

/// What came out of a session.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) connected: bool,
    pub(super) keyframe_wanted: bool,
}

/// One viewer's session.
pub(super) struct Session {
    rtc: Rtc,
    video: (str0m::media::Mid, str0m::media::Pt),
    audio: Option<(str0m::media::Mid, str0m::media::Pt)>,
    pub(super) show: ShowKey,
    pub(super) id: String,
    pub(super) peer: IpAddr,
    pub(super) fragment: String,
    pub(super) sources: Vec<SocketAddr>,
    pub(super) stage: Stage,
    pub(super) created: Instant,
    pub(super) heard: Instant,
    pub(super) timeout: Instant,
    /// Its place among everybody's timeouts.
    pub(super) scheduled: Option<Instant>,
}

impl Session {
    pub(super) fn new(show: ShowKey, negotiated: Negotiated, id: String, peer: IpAddr, now: Instant) -> Self {
        let Negotiated { rtc, fragment, video, audio, .. } = negotiated;
        Self {
            rtc,
            video,
            audio,
            show,
            id,
            peer,
            fragment,
            sources: Vec::new(),
            stage: Stage::Pending,
            created: now,
            heard: now,
            timeout: now,
            scheduled: None,
        }
    }

    /// Whether there is still something to do for it.
    pub(super) fn is_alive(&self) -> bool {
        self.rtc.is_alive()
    }

    /// A datagram came for it.
    pub(super) fn receive(&mut self, arrived: &Arrived<'_>, now: Instant) {
        let Arrived { source, destination, contents } = *arrived;
        let Ok(receive) = Receive::new(Protocol::Udp, source, destination, contents) else { return };
        self.heard = now;
        let result = self.rtc.handle_input(Input::Receive(now, receive));
        self.survive(result);
    }

    /// Time passed.
    pub(super) fn tick(&mut self, now: Instant) {
        let result = self.rtc.handle_input(Input::Timeout(now));
        self.survive(result);
    }

    /// A packet for it. A newcomer's first frame is a keyframe.
    pub(super) fn write(&mut self, packet: &Packet, now: Instant) {
        let (mid, pt) = match (packet.track, self.stage) {
            (Track::Video, Stage::Waiting) if packet.keyframe => {
                self.stage = Stage::Watching;
                self.video
            }
            (Track::Video, Stage::Watching) => self.video,
            (Track::Opus, Stage::Waiting | Stage::Watching) => match self.audio {
                Some(audio) => audio,
                None => return,
            },
            _ => return,
        };
        let Some(writer) = self.rtc.writer(mid) else { return };
        let result = writer.write(pt, packet.wallclock, packet.time, packet.data.clone());
        self.survive(result);
        self.tick(now);
    }

    /// Says goodbye to the browser, so that it knows at once.
    pub(super) fn close(&mut self) {
        let result = self.rtc.close();
        self.survive(result);
    }

    /// Sends what is to be sent and notes what happened.
    pub(super) fn drain(&mut self, socket: &MediaSocket, metrics: &Metrics) -> Outcome {
        let mut outcome = Outcome::default();
        while self.rtc.is_alive() {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.timeout = at;
                    break;
                }
                Ok(Output::Transmit(transmit)) => {
                    match socket.send(transmit.source, transmit.destination, &transmit.contents) {
                        Ok(()) => {
                            metrics.datagrams_sent.add(1);
                            metrics.bytes_sent.add(transmit.contents.len() as u64);
                        }
                        Err(_) => metrics.datagrams_dropped.add(1),
                    }
                }
                Ok(Output::Event(event)) => self.note(&event, &mut outcome),
                Err(error) => self.survive(Err(error)),
            }
        }
        outcome
    }

    fn note(&mut self, event: &Event, outcome: &mut Outcome) {
        match event {
            Event::Connected if self.stage == Stage::Pending => {
                self.stage = Stage::Waiting;
                outcome.connected = true;
            }
            Event::KeyframeRequest(_) => outcome.keyframe_wanted = true,
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => self.rtc.disconnect(),
            _ => {}
        }
    }

    /// A session that fails ends; the others do not notice.
    fn survive(&mut self, result: Result<(), RtcError>) {
        if let Err(error) = result {
            tracing::debug!(%error, "a viewer's session ends");
            self.rtc.disconnect();
        }
    }
}
