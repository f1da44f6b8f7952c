//! The handle of a running service.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Bye;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::config::{AudienceConfig, ServiceLimits};
use crate::episode::{Episode, Library};
use crate::error::AudienceError;
use crate::events::AudienceEvents;
use crate::http::{self, Hosts};
use crate::media_out::MediaHandle;
use crate::metrics::Metrics;
use crate::shared::Shared;
use crate::show::{self, ShowHandle, Shows};

/// For the last words to everybody, when the service stops.
const FAREWELL: Duration = Duration::from_secs(3);

/// A running service for any number of shows. Clones are the same service; it ends with
/// [`Audience::shutdown`].
#[derive(Clone)]
pub struct Audience {
    shared: Arc<Shared>,
    http_address: SocketAddr,
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
        // Requests and conversations are counted apart.
        let limits = ServiceLimits { connections: limits.connections.min(config.sockets / 2), ..limits };
        let listening = |error| AudienceError::listening("TCP", config.listen, error);
        let listener = TcpListener::bind(config.listen).await.map_err(listening)?;
        let http_address = listener.local_addr().map_err(listening)?;
        let metrics = Arc::new(Metrics::default());
        let media_at = SocketAddr::new(config.listen.ip(), config.media_port);
        let media = MediaHandle::start(media_at, &limits, metrics.clone())?;
        let (stopping, stop) = watch::channel(false);
        let shared = Arc::new(Shared {
            limits: limits.clone(),
            hosts: Hosts::new(&config.host_names),
            library,
            media,
            metrics,
            shows: Shows::default(),
            conversations: Arc::new(Semaphore::new(limits.connections)),
            stopping,
        });
        let serving = tokio::spawn(http::serve(listener, http::router(shared.clone()), limits, stop));
        tracing::info!(http = %http_address, media = %shared.media.address(), "the audience may come");
        Ok(Self { shared, http_address, serving: Arc::new(Mutex::new(Some(serving))) })
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

    /// Says `bye shutdown` to everybody, closes all sockets and ends all tasks and the thread.
    pub async fn shutdown(self) {
        for open in self.shared.shows.take_all() {
            show::shut(&self.shared, &open, Bye::Shutdown);
        }
        self.shared.media.stop().await;
        self.farewells().await;
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
        let everybody = u32::try_from(self.shared.limits.connections).unwrap_or(u32::MAX);
        let sent = self.shared.conversations.acquire_many(everybody);
        if tokio::time::timeout(FAREWELL, sent).await.is_err() {
            tracing::debug!("somebody got no goodbye");
        }
    }
}
