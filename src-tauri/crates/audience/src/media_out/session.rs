//! One viewer's WebRTC session.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{AccessUnit, Track};
use str0m::media::{Frequency, MediaTime, Mid, Pt};
use str0m::net::Transmit;
use str0m::stats::MediaEgressStats;
use str0m::{Event, IceConnectionState, Input, Output, Rtc, RtcError};

use super::fan_out::Viewer;
use super::negotiate::Negotiated;
use super::socket::{Arrived, MediaSocket};
use super::twice::Twice;
use super::upload::Upload;
use crate::budget::{Held, Neighbours};
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
    video: (Mid, Pt),
    audio: Option<(Mid, Pt)>,
    pub(super) show: ShowKey,
    pub(super) id: String,
    pub(super) neighbours: Neighbours,
    pub(super) upload: Upload,
    _held: Option<Held>,
    pub(super) fragment: String,
    pub(super) sources: Vec<SocketAddr>,
    pub(super) stage: Stage,
    pub(super) created: Instant,
    /// The last check that proved to be this viewer's.
    pub(super) heard: Instant,
    /// The first media that was sent since the viewer last reported what arrived.
    pub(super) unanswered: Option<Instant>,
    /// The last report of each track.
    reports: Vec<Report>,
    twice: Twice,
    /// The session's own code failed, so nothing of it is asked any more.
    is_broken: bool,
    pub(super) timeout: Instant,
    /// Its place among everybody's timeouts.
    pub(super) scheduled: Option<Instant>,
}

impl Session {
    pub(super) fn new(show: ShowKey, negotiated: Negotiated, viewer: Viewer, now: Instant) -> Self {
        let Negotiated { rtc, fragment, video, audio, resend, .. } = negotiated;
        let Viewer { id, address, held, upload } = viewer;
        Self {
            rtc,
            video,
            audio,
            show,
            id,
            neighbours: Neighbours::of(address),
            upload,
            _held: held,
            fragment,
            sources: Vec::new(),
            stage: Stage::Pending,
            created: now,
            heard: now,
            unanswered: None,
            reports: Vec::new(),
            twice: Twice::new(resend),
            is_broken: false,
            timeout: now,
            scheduled: None,
        }
    }

    /// Whether there is still something to do for it.
    pub(super) fn is_alive(&self) -> bool {
        !self.is_broken && self.rtc.is_alive()
    }

    /// Whether a STUN request proves to be this viewer's.
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
        let (wallclock, time, data) = (packet.wallclock, packet.time, packet.data.clone());
        self.unanswered.get_or_insert(now);
        self.guarded(|rtc| match rtc.writer(mid) {
            Some(writer) => writer.write(pt, wallclock, time, data),
            None => Ok(()),
        });
        self.tick(now);
    }

    /// Says goodbye to the browser, so that it knows at once.
    pub(super) fn close(&mut self) {
        self.guarded(Rtc::close);
    }

    /// Sends what is to be sent and notes what happened.
    pub(super) fn drain(&mut self, socket: &MediaSocket, metrics: &Metrics) -> Outcome {
        let mut outcome = Outcome::default();
        let now = Instant::now();
        while self.is_alive() {
            match self.guarded(Rtc::poll_output) {
                None => {}
                Some(Output::Timeout(at)) => {
                    self.timeout = at;
                    break;
                }
                Some(Output::Transmit(transmit)) => {
                    send(&transmit, socket, metrics);
                    self.twice.sent(transmit, now);
                }
                Some(Output::Event(event)) => self.note(&event, &mut outcome),
            }
        }
        self.twice.take(now).iter().for_each(|transmit| send(transmit, socket, metrics));
        outcome
    }

    fn note(&mut self, event: &Event, outcome: &mut Outcome) {
        match event {
            Event::Connected if self.stage == Stage::Pending => {
                self.stage = Stage::Waiting;
                outcome.connected = true;
            }
            Event::MediaEgressStats(stats) => self.note_report(stats),
            Event::KeyframeRequest(_) => outcome.keyframe_wanted = true,
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => self.rtc.disconnect(),
            _ => {}
        }
    }

    /// A viewer's reports change with what arrives. They are authenticated (SRTCP), so nobody else can
    /// keep a session alive.
    fn note_report(&mut self, stats: &MediaEgressStats) {
        if let Some(share) = stats.loss.filter(|_| stats.mid == self.video.0) {
            self.twice.lost(share);
        }
        let report = Report::of(stats);
        match self.reports.iter_mut().find(|report| report.mid == stats.mid) {
            Some(before) if *before == report => return,
            Some(before) => *before = report,
            None if stats.remote.is_none() => return,
            None => self.reports.push(report),
        }
        self.unanswered = None;
    }

    /// Does something with what is inside. A session that fails ends, also where its code does; the
    /// others do not notice.
    fn guarded<T>(&mut self, act: impl FnOnce(&mut Rtc) -> Result<T, RtcError>) -> Option<T> {
        if self.is_broken {
            return None;
        }
        match catch_unwind(AssertUnwindSafe(|| act(&mut self.rtc))) {
            Ok(Ok(done)) => Some(done),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a viewer's session ends");
                self.rtc.disconnect();
                None
            }
            Err(_) => {
                tracing::error!("a viewer's session panicked, and ends");
                self.is_broken = true;
                None
            }
        }
    }
}

fn send(transmit: &Transmit, socket: &MediaSocket, metrics: &Metrics) {
    match socket.send(transmit.source, transmit.destination, &transmit.contents) {
        Ok(()) => {
            metrics.datagrams_sent.add(1);
            metrics.bytes_sent.add(transmit.contents.len() as u64);
        }
        Err(_) => metrics.datagrams_dropped.add(1),
    }
}

#[cfg(test)]
impl Session {
    /// Fails as its code could.
    pub(super) fn panic(&mut self) {
        self.guarded(|_| -> Result<(), RtcError> { panic!("a test wants it so") });
    }
}

/// What a viewer said last about a track.
#[derive(Debug, PartialEq)]
struct Report {
    mid: Mid,
    requests: [u64; 3],
    round_trip: Option<Duration>,
    arrived: Option<(u64, u64, u32)>,
}

impl Report {
    fn of(stats: &MediaEgressStats) -> Self {
        let arrived = stats.remote.as_ref();
        let arrived = arrived.map(|remote| (*remote.maximum_sequence_number, remote.packets_lost, remote.jitter));
        let requests = [stats.nacks, stats.plis, stats.firs];
        Self { mid: stats.mid, requests, round_trip: stats.rtt, arrived }
    }
}
