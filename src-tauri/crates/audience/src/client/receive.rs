//! The receiving end: datagrams in, access units out.

use std::time::{Duration, Instant};

use bytes::Bytes;
use media::{AccessUnit, Track};
use str0m::media::{KeyframeRequestKind, MediaData, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Event, IceConnectionState, Input, Output, Rtc};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

use super::clock::TrackClocks;

/// One Opus packet.
const PACKET: Duration = Duration::from_millis(20);

/// A session in progress.
pub(super) struct Receiving {
    pub(super) rtc: Rtc,
    pub(super) socket: UdpSocket,
    pub(super) video: Mid,
    pub(super) audio: Mid,
    pub(super) clocks: TrackClocks,
    pub(super) units: mpsc::Sender<AccessUnit>,
}

impl Receiving {
    /// Until the session ends, or nobody wants its units any more.
    pub(super) async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut space = vec![0; 2000];
        loop {
            let Some(timeout) = self.drain().await else { break };
            tokio::select! {
                _ = &mut stopped => break,
                () = self.units.closed() => break,
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
                () = tokio::time::sleep_until(timeout.into()) => {
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
        let (track, pts, duration, keyframe) = if data.mid == self.video {
            (Track::Video, self.clocks.video(rtp), Duration::ZERO, data.is_keyframe())
        } else if data.mid == self.audio {
            (Track::Opus, self.clocks.audio(rtp), PACKET, true)
        } else {
            return;
        };
        if track == Track::Video && !data.contiguous && !keyframe {
            self.ask_for_keyframe();
        }
        let unit = AccessUnit { track, pts, duration, keyframe, data: Bytes::copy_from_slice(&data.data) };
        // An owner that does not keep up loses units, never the session.
        let _ = self.units.try_send(unit);
    }

    /// Something is missing, and later pictures build on it.
    fn ask_for_keyframe(&mut self) {
        if let Some(mut writer) = self.rtc.writer(self.video)
            && let Err(error) = writer.request_keyframe(None, KeyframeRequestKind::Pli)
        {
            tracing::debug!(%error, "no keyframe can be asked for");
        }
    }
}
