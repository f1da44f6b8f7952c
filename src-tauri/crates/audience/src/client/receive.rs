//! The receiving end: datagrams in, a program out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::{
    AccessUnit, CodecConfig, Format, H264Config, KeyframePace, Look, OpusConfig, Program, ProgramTime, Track, h264,
};
use str0m::media::{KeyframeRequestKind, MediaData, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Event, IceConnectionState, Input, Output, Rtc};
use tokio::net::UdpSocket;
use tokio::sync::{Notify, oneshot};

use super::clock::TrackClocks;

/// One Opus packet.
const PACKET: Duration = Duration::from_millis(20);

/// A session in progress. It publishes what it receives, and its end is the program's.
pub(super) struct Receiving {
    pub(super) rtc: Rtc,
    pub(super) socket: UdpSocket,
    pub(super) video: Mid,
    pub(super) audio: Mid,
    pub(super) clocks: TrackClocks,
    pub(super) publisher: Publisher,
}

/// The program that a session becomes.
pub(super) struct Publisher {
    program: Program,
    wishes: Arc<Wishes>,
    config: Option<Arc<CodecConfig>>,
    opus: Arc<CodecConfig>,
    video: Video,
}

/// Wishes of the program's readers.
#[derive(Default)]
struct Wishes {
    pace: Mutex<KeyframePace>,
    news: Notify,
}

/// How far the video is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Video {
    /// The service gives every newcomer a keyframe: nobody asks for it.
    NotYet,
    /// It goes on at a keyframe, because something was lost.
    Broken,
    Whole,
}

impl Publisher {
    /// A program that nothing was received of.
    pub(super) fn new() -> Self {
        let program = Program::new(Look::Dressed);
        let wishes = Arc::new(Wishes::default());
        let theirs = wishes.clone();
        program.on_keyframe_request(move || theirs.want());
        // Receivers of WebRTC do not learn the encoder's delay.
        let opus = program.configure(Format::Opus(OpusConfig { channels: 2, pre_skip: 0 }));
        Self { program, wishes, config: None, opus, video: Video::NotYet }
    }

    pub(super) fn program(&self) -> &Program {
        &self.program
    }

    /// A frame, and whether what was before it was received whole.
    fn frame(&mut self, pts: ProgramTime, keyframe: bool, contiguous: bool, data: Bytes) {
        if keyframe && let Some((sps, pps)) = h264::parameter_sets(&data) {
            // Only the sets themselves say its size.
            let format = Format::H264(H264Config { width: 0, height: 0, fps: 0, sps, pps });
            self.config = Some(self.program.configure(format));
        }
        let config = self.config.clone().filter(|_| keyframe || (contiguous && self.video == Video::Whole));
        let Some(config) = config else {
            self.video = Video::Broken;
            self.wishes.want();
            return;
        };
        if keyframe {
            self.video = Video::Whole;
            self.wishes.pace().satisfied();
        }
        let duration = Duration::ZERO;
        self.program.publish(AccessUnit { track: Track::Video, config, pts, duration, keyframe, data });
    }

    fn packet(&self, pts: ProgramTime, data: Bytes) {
        let (track, config) = (Track::Opus, self.opus.clone());
        self.program.publish(AccessUnit { track, config, pts, duration: PACKET, keyframe: true, data });
    }

    /// Whether to ask the service for a keyframe now.
    fn asks(&self, now: Instant) -> bool {
        self.video != Video::NotYet && self.wishes.pace().ask(now)
    }

    /// When [`Self::asks`] will say yes.
    fn due(&self, now: Instant) -> Option<Instant> {
        self.wishes.pace().due(now).filter(|_| self.video != Video::NotYet)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.program.end();
    }
}

impl Wishes {
    fn want(&self) {
        self.pace().want();
        self.news.notify_one();
    }

    fn pace(&self) -> MutexGuard<'_, KeyframePace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Receiving {
    /// Until the session ends.
    pub(super) async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut space = vec![0; 2000];
        let wishes = self.publisher.wishes.clone();
        loop {
            let Some(timeout) = self.drain().await else { break };
            let now = Instant::now();
            if self.publisher.asks(now) {
                self.ask_for_keyframe();
                continue;
            }
            let wake_at = self.publisher.due(now).map_or(timeout, |due| due.min(timeout));
            tokio::select! {
                _ = &mut stopped => break,
                arrived = self.socket.recv_from(&mut space) => {
                    let Ok((length, source)) = arrived else { continue };
                    let Ok(destination) = self.socket.local_addr() else { break };
                    let contents = space.get(..length).unwrap_or_default();
                    let Ok(receive) = Receive::new(Protocol::Udp, source, destination, contents) else { continue };
                    let result = self.rtc.handle_input(Input::Receive(Instant::now(), receive));
                    if result.is_err() {
                        break;
                    }
                }
                () = wishes.news.notified() => {}
                () = tokio::time::sleep_until(wake_at.into()) => {
                    if self.rtc.handle_input(Input::Timeout(Instant::now())).is_err() {
                        break;
                    }
                }
            }
        }
        if self.rtc.close().is_ok() {
            self.drain().await;
        }
    }

    /// Everything that the session has to say; then when it wants to be asked again. Nothing when
    /// it is over.
    async fn drain(&mut self) -> Option<Instant> {
        while self.rtc.is_alive() {
            match self.rtc.poll_output().ok()? {
                Output::Timeout(at) => return Some(at),
                Output::Transmit(transmit) => {
                    // Lost datagrams are sent again by those who miss them.
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination).await;
                }
                Output::Event(Event::MediaData(data)) => self.take(data),
                Output::Event(Event::IceConnectionStateChange(IceConnectionState::Disconnected) | Event::Closed) => {
                    return None;
                }
                Output::Event(_) => {}
            }
        }
        None
    }

    fn take(&mut self, data: MediaData) {
        #[allow(clippy::cast_possible_truncation, reason = "an RTP timestamp has 32 bits")]
        let rtp = data.time.numer() as u32;
        let payload = Bytes::copy_from_slice(&data.data);
        if data.mid == self.video {
            let pts = self.clocks.video(rtp);
            self.publisher.frame(pts, data.is_keyframe(), data.contiguous, payload);
        } else if data.mid == self.audio {
            self.publisher.packet(self.clocks.audio(rtp), payload);
        }
    }

    fn ask_for_keyframe(&mut self) {
        if let Some(mut writer) = self.rtc.writer(self.video)
            && let Err(error) = writer.request_keyframe(None, KeyframeRequestKind::Pli)
        {
            tracing::debug!(%error, "no keyframe can be asked for");
        }
    }
}

#[cfg(test)]
mod tests {
    use media::Tracks;

    use super::super::Units;
    use super::*;

    const KEYFRAME: &[u8] = &[0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f, 0, 0, 0, 1, 0x68, 0xce, 0, 0, 0, 1, 0x65, 1];

    fn frame(publisher: &mut Publisher, n: u64, keyframe: bool, contiguous: bool) {
        let data = if keyframe { KEYFRAME } else { &[0, 0, 0, 1, 0x41, 1] };
        publisher.frame(ProgramTime::from_millis(n), keyframe, contiguous, Bytes::from_static(data));
    }

    #[tokio::test]
    async fn what_builds_on_something_lost_is_not_published_and_a_keyframe_is_asked_for() {
        let mut publisher = Publisher::new();
        let mut units = Units::of(publisher.program(), Tracks::WEBRTC);
        let now = Instant::now();
        assert!(!publisher.asks(now) && publisher.due(now).is_none(), "the first keyframe comes by itself");
        frame(&mut publisher, 0, true, false);
        frame(&mut publisher, 1, false, true);
        assert!(!publisher.asks(now), "the reader's wish was met");
        frame(&mut publisher, 3, false, false);
        frame(&mut publisher, 4, false, true);
        assert!(publisher.asks(now) && !publisher.asks(now));
        frame(&mut publisher, 5, true, true);
        drop(publisher);
        let mut seen = Vec::new();
        while let Some(unit) = units.recv().await {
            assert_eq!(&unit.config.h264().unwrap().sps[..], [0x67, 0x42, 0xc0, 0x1f]);
            seen.push(unit.pts.as_millis());
        }
        assert_eq!(seen, [0, 1, 5]);
    }

    #[test]
    fn a_keyframe_without_parameter_sets_is_of_no_use_at_first() {
        let mut publisher = Publisher::new();
        publisher.frame(ProgramTime::ZERO, true, true, Bytes::from_static(&[0, 0, 0, 1, 0x65, 1]));
        assert!(publisher.asks(Instant::now()));
        assert_eq!(publisher.program().reached(), ProgramTime::ZERO);
        assert!(publisher.program().config(Track::Video).is_none());
    }
}
