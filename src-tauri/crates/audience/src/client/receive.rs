//! The receiving end: datagrams in, a program out.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use str0m::media::{KeyframeRequestKind, MediaData, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Event, IceConnectionState, Input, Output, Rtc};
use tokio::net::UdpSocket;
use tokio::sync::{Notify, oneshot};

use super::clock::TrackClocks;
use crate::incoming::{Incoming, no_size};

/// A session in progress. It publishes what it receives, and its end is the program's.
pub(super) struct Receiving {
    pub(super) rtc: Rtc,
    pub(super) socket: UdpSocket,
    pub(super) video: Mid,
    pub(super) audio: Mid,
    pub(super) clocks: TrackClocks,
    pub(super) incoming: Incoming,
    /// Notified when a reader wishes for a keyframe.
    pub(super) wishes: Arc<Notify>,
}

impl Receiving {
    /// Until the session ends.
    pub(super) async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut space = vec![0; 2000];
        let wishes = self.wishes.clone();
        loop {
            let Some(timeout) = self.drain().await else { break };
            let now = Instant::now();
            if self.incoming.asks(now) {
                self.ask_for_keyframe();
                continue;
            }
            let wake_at = self.incoming.due(now).map_or(timeout, |due| due.min(timeout));
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
                () = wishes.notified() => {}
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
            self.incoming.frame(pts, data.is_keyframe(), data.contiguous, payload, no_size);
        } else if data.mid == self.audio {
            self.incoming.packet(self.clocks.audio(rtp), payload);
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
