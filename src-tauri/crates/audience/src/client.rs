//! A viewer without a screen: joins by WHEP like any other, and publishes what it receives as a
//! program of its own.
//!
//! It is the studio's probe (what comes out of it has really been received), the tests' viewer
//! and the load client. It deliberately plays nothing and knows no codec.

mod clock;
mod receive;
mod request;
mod units;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{Program, Tracks};
use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaKind};
use str0m::{Candidate, Rtc};
use tokio::net::UdpSocket;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use url::Url;

use crate::clock::parse_clock_header;
use crate::incoming::Incoming;
use clock::TrackClocks;
pub use request::Answer;
use request::{delete, post};
pub use units::Units;

/// Asked of the system for datagrams that wait, in bytes: some seconds of a show.
const RECEIVE_BUFFER: usize = 4 << 20;
/// For one request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a client could not join.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Only plain `http://` addresses with a host are understood.
    #[error("{0} is not an http:// address")]
    Address(String),
    /// The request did not go through.
    #[error("{address} does not answer: {reason}")]
    Unreachable {
        /// Where.
        address: String,
        /// What happened.
        reason: String,
    },
    /// The service said no.
    #[error("{status}: {body}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        body: String,
    },
    /// The answer is not one.
    #[error("the answer cannot be used: {0}")]
    Answer(String),
    /// No socket.
    #[error("no socket for media: {0}")]
    Socket(#[from] std::io::Error),
}

/// A viewer that is joined. Dropping it ends it without saying so to the service.
pub struct WhepClient {
    resource: Url,
    program: Program,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl WhepClient {
    /// Joins at `url` (`http://…/S/whep`). Must be called on a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`ClientError`] says what went wrong. No session is left behind then.
    pub async fn connect(url: &str) -> Result<Self, ClientError> {
        let parsed = Url::parse(url).ok().filter(|url| url.scheme() == "http" && url.has_host());
        let url = parsed.ok_or_else(|| ClientError::Address(url.to_owned()))?;
        let socket = UdpSocket::bind(SocketAddr::new(own_address(&url).await?, 0)).await?;
        // A busy computer may leave this task alone for a while; the system gives what it allows.
        if let Err(error) = socket2::SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER) {
            tracing::debug!(%error, "the system gives a smaller buffer");
        }
        let mut rtc = Rtc::builder().clear_codecs().enable_opus(true, false).enable_h264(true).build(Instant::now());
        let candidate = Candidate::host(socket.local_addr()?, "udp").map_err(unusable)?;
        rtc.add_local_candidate(candidate);
        let mut changes = rtc.sdp_api();
        let video = changes.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let audio = changes.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        let (offer, pending) =
            changes.apply().ok_or_else(|| ClientError::Answer("there is nothing to offer".to_owned()))?;
        let joining = post(&url, "application/sdp", offer.to_sdp_string());
        let answer = tokio::time::timeout(PATIENCE, joining).await.map_err(|_| unreachable(&url, "no answer"))??;
        if answer.status != 201 {
            return Err(ClientError::Refused { status: answer.status, body: answer.body });
        }
        let location = answer.header("location").and_then(|location| url.join(location).ok());
        let resource = location.ok_or_else(|| ClientError::Answer("it has no Location".to_owned()))?;
        let clock = answer.header("antenne-clock").and_then(parse_clock_header);
        let (rtp, program_ms) = clock.ok_or_else(|| ClientError::Answer("it has no Antenne-Clock".to_owned()))?;
        let sdp = SdpAnswer::from_sdp_string(&answer.body).map_err(unusable)?;
        rtc.sdp_api().accept_answer(pending, sdp).map_err(unusable)?;
        let clocks = TrackClocks::new(rtp, program_ms);
        let (stop, stopped) = oneshot::channel();
        let wishes = Arc::new(Notify::new());
        let news = wishes.clone();
        let incoming = Incoming::new(move || news.notify_one());
        let program = incoming.program().clone();
        let receiving = receive::Receiving { rtc, socket, video, audio, clocks, incoming, wishes };
        let task = tokio::spawn(receiving.run(stopped));
        Ok(Self { resource, program, stop: Some(stop), task })
    }

    /// What it receives, in the service's program time (by `Antenne-Clock`). It ends with the
    /// session. How long a frame lasts and how large it is are not known to a receiver: both are
    /// zero. Frames that build on something lost are left out.
    #[must_use]
    pub const fn program(&self) -> &Program {
        &self.program
    }

    /// The received units, picture and sound, from a keyframe on.
    #[must_use]
    pub fn units(&self) -> Units {
        Units::of(&self.program, Tracks::WEBRTC)
    }

    /// Leaves, and says so to the service.
    pub async fn close(mut self) {
        if tokio::time::timeout(PATIENCE, delete(&self.resource)).await.is_err() {
            tracing::debug!("the service did not answer the goodbye");
        }
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = (&mut self.task).await;
    }
}

impl Drop for WhepClient {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The address of ours from which the service is reached: a candidate that it can answer to.
async fn own_address(url: &Url) -> Result<IpAddr, ClientError> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(80);
    let found = tokio::net::lookup_host((host, port)).await;
    let service = found.ok().and_then(|mut found| found.next()).ok_or_else(|| unreachable(url, "unknown host"))?;
    let any: SocketAddr = if service.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let probe = UdpSocket::bind(any).await?;
    probe.connect(service).await?;
    Ok(probe.local_addr()?.ip())
}

fn unreachable(url: &Url, reason: &str) -> ClientError {
    ClientError::Unreachable { address: url.to_string(), reason: reason.to_owned() }
}

fn unusable(error: impl std::fmt::Display) -> ClientError {
    ClientError::Answer(error.to_string())
}
