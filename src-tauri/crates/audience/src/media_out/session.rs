//! One viewer's WebRTC session.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{AccessUnit, Track};
use str0m::media::{Frequency, MediaTime, Mid, Pt};
use str0m::stats::MediaEgressStats;
use str0m::{Event, IceConnectionState};

use super::fan_out::Viewer;
use super::negotiate::Negotiated;
use super::peer::{Peer, Said, send};
use super::socket::MediaSocket;
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
    pub(super) peer: Peer,
    video: (Mid, Pt),
    audio: Option<(Mid, Pt)>,
    pub(super) show: ShowKey,
    pub(super) id: String,
    pub(super) neighbours: Neighbours,
    pub(super) upload: Upload,
    _held: Option<Held>,
    pub(super) stage: Stage,
    /// The first media that was sent since the viewer last reported what arrived.
    pub(super) unanswered: Option<Instant>,
    /// The last report of each track.
    reports: Vec<Report>,
    twice: Twice,
}

impl Session {
    pub(super) fn new(show: ShowKey, negotiated: Negotiated, viewer: Viewer, now: Instant) -> Self {
        let Negotiated { rtc, fragment, video, audio, resend, .. } = negotiated;
        let Viewer { id, address, held, upload } = viewer;
        Self {
            peer: Peer::new(rtc, fragment, now),
            video,
            audio,
            show,
            id,
            neighbours: Neighbours::of(address),
            upload,
            _held: held,
            stage: Stage::Pending,
            unanswered: None,
            reports: Vec::new(),
            twice: Twice::new(resend),
        }
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
        self.peer.guarded(|rtc| match rtc.writer(mid) {
            Some(writer) => writer.write(pt, wallclock, time, data),
            None => Ok(()),
        });
        self.peer.tick(now);
    }

    /// Sends what is to be sent and notes what happened.
    pub(super) fn drain(&mut self, socket: &MediaSocket, metrics: &Metrics) -> Outcome {
        let mut outcome = Outcome::default();
        let now = Instant::now();
        while let Some(said) = self.peer.poll() {
            match said {
                Said::Datagram(transmit) => {
                    send(&transmit, socket, metrics);
                    self.twice.sent(transmit, now);
                }
                Said::Event(event) => self.note(&event, &mut outcome),
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
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => self.peer.disconnect(),
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
}

#[cfg(test)]
impl Session {
    /// Fails as its code could.
    pub(super) fn panic(&mut self) {
        self.peer.guarded(|_| -> Result<(), str0m::RtcError> { panic!("a test wants it so") });
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
