//! The handle of a running service.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Bye;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::budget::Budgets;
use crate::config::{AddressLimits, AudienceConfig, ServiceLimits};
use crate::episode::{Episode, Library};
use crate::error::AudienceError;
use crate::events::AudienceEvents;
use crate::feed::Feed;
use crate::http::{self, Hosts};
use crate::intake::{Feeds, Intake, Keys};
use crate::media_out::MediaHandle;
use crate::metrics::Metrics;
use crate::pool::Pool;
use crate::shared::Shared;
use crate::show::{self, ShowHandle, Shows};
use crate::timelines::{self, Timelines};

/// For the last words to everybody, when the service stops. Connections that are still open then get
/// as long again: the end waits for nobody longer than 5 s.
const FAREWELL: Duration = Duration::from_secs(2);

/// Connections that wait for being accepted; the system may allow fewer.
const QUEUE: u32 = 4096;
/// Threads that read the library and its files: half of them may be busy with timelines.
const READERS: usize = 2 * timelines::AT_ONCE;
/// Threads that answer offers.
const NEGOTIATORS: usize = 2;
/// Feeds that wait for whoever opens their shows.
const FEEDS: usize = 64;
/// Questions that may wait for either.
const WAITING: usize = 256;

/// A running service for any number of shows. Clones are the same service; it ends with
/// [`Audience::shutdown`].
#[derive(Clone)]
pub struct Audience {
    shared: Arc<Shared>,
    http_address: SocketAddr,
    sockets: usize,
    serving: Arc<Mutex<Option<tokio::task::JoinHandle<()>>>>,
}

impl Audience {
    /// Opens both ports and serves. No show is open yet.
    ///
    /// # Errors
    ///
    /// [`AudienceError`] says why it could not; nothing is left behind then.
    pub async fn start(config: AudienceConfig, library: Arc<dyn Library>) -> Result<Self, AudienceError> {
        Self::start_with(config, ServiceLimits::default(), library).await
    }

    /// [`Self::start`] with other limits.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub async fn start_with(
        config: AudienceConfig,
        limits: ServiceLimits,
        library: Arc<dyn Library>,
    ) -> Result<Self, AudienceError> {
        Self::start_inner(config, limits, library, None).await
    }

    /// [`Self::start`] where shows are published from elsewhere, by whoever has one of `keys`. Each show's feed comes
    /// when its first publisher does.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub async fn start_with_intake(
        config: AudienceConfig,
        limits: ServiceLimits,
        library: Arc<dyn Library>,
        keys: Arc<dyn Keys>,
    ) -> Result<(Self, mpsc::Receiver<Feed>), AudienceError> {
        let (opened, feeds) = mpsc::channel(FEEDS);
        let intake = Intake { keys, feeds: Feeds::default(), opened };
        Ok((Self::start_inner(config, limits, library, Some(intake)).await?, feeds))
    }

    async fn start_inner(
        config: AudienceConfig,
        limits: ServiceLimits,
        library: Arc<dyn Library>,
        intake: Option<Intake>,
    ) -> Result<Self, AudienceError> {
        let listening = |error| AudienceError::listening("TCP", config.listen, error);
        let listener = listen(config.listen).map_err(listening)?;
        let http_address = listener.local_addr().map_err(listening)?;
        let (metrics, shows) = (Arc::new(Metrics::default()), Arc::new(Shows::default()));
        let media_at = SocketAddr::new(config.media_ip.unwrap_or(config.listen.ip()), config.media_port);
        let everybody = shows.clone();
        let notify = Arc::new(move |notice| everybody.notify(&notice));
        let media = MediaHandle::start(media_at, &limits, config.upload, metrics.clone(), notify)?;
        let readers = Arc::new(Pool::start("reader", READERS, WAITING).map_err(AudienceError::Thread)?);
        let whole =
            AddressLimits { connections: config.sockets, places: limits.room.connections, sessions: limits.sessions };
        let shared = Arc::new(Shared {
            budgets: Arc::new(Budgets::new(limits.of_address, whole)),
            limits,
            hosts: Hosts::new(&config.host_names),
            public_addresses: config.public_addresses,
            trusted_proxies: config.trusted_proxies.iter().map(IpAddr::to_canonical).collect(),
            descriptors: Arc::new(Semaphore::new(config.sockets)),
            timelines: Timelines::new(library.clone(), readers.clone()),
            library,
            readers,
            negotiators: Pool::start("negotiator", NEGOTIATORS, WAITING).map_err(AudienceError::Thread)?,
            media,
            metrics,
            shows,
            intake,
            conversations: Arc::new(Semaphore::new(config.sockets)),
            stopping: watch::Sender::new(false),
            warned_of_proxy: AtomicBool::new(false),
        });
        let serving = tokio::spawn(http::serve(listener, http::router(shared.clone()), shared.clone()));
        tracing::info!(http = %http_address, media = %shared.media.address(), "the audience may come");
        Ok(Self { shared, http_address, sockets: config.sockets, serving: Arc::new(Mutex::new(Some(serving))) })
    }

    /// Where pages, WHEP and rooms are.
    #[must_use]
    pub fn http_address(&self) -> SocketAddr {
        self.http_address
    }

    /// Where media comes from.
    #[must_use]
    pub fn media_address(&self) -> SocketAddr {
        self.shared.media.address()
    }

    /// Opens an episode's room, in state *waiting*, at the address of its show, and what its audience
    /// does as events. It replaces the show's previous episode, whose viewers get `bye ended` and
    /// come back into this one; other shows do not notice. Must be called on a tokio runtime.
    #[must_use]
    pub fn open(&self, episode: Episode) -> (ShowHandle, AudienceEvents) {
        ShowHandle::open(self.shared.clone(), episode)
    }

    /// Says `bye shutdown` to everybody, closes all sockets and ends all tasks and the thread. Takes
    /// less than 5 s, whoever does not listen.
    pub async fn shutdown(self) {
        if let Some(intake) = &self.shared.intake {
            intake.feeds.close_all();
        }
        for open in self.shared.shows.take_all() {
            show::shut(&self.shared, &open, Bye::Shutdown);
        }
        tokio::join!(self.shared.media.stop(), self.farewells());
        self.shared.stopping.send_replace(true);
        let serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(serving) = serving
            && let Err(error) = serving.await
        {
            tracing::error!(%error, "serving ended badly");
        }
    }

    /// Waits until a goodbye was sent to everybody in a room, or they do not listen.
    async fn farewells(&self) {
        let everybody = u32::try_from(self.sockets).unwrap_or(u32::MAX);
        let sent = self.shared.conversations.acquire_many(everybody);
        if tokio::time::timeout(FAREWELL, sent).await.is_err() {
            tracing::debug!("somebody got no goodbye");
        }
    }
}

/// Opens the port, with a queue for those who come together: a full house that comes back, people who wait for
/// the same part. Whoever finds it full tries again after a second, and after three.
fn listen(at: SocketAddr) -> io::Result<TcpListener> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    socket.listen(QUEUE)
}

#[cfg(test)]
mod tests;
