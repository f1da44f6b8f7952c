//! The handle of a running service.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::room::HostOrder;
use domain::{Bye, OnPicture, Seq, ViewerId};
use media::{AccessUnit, CodecConfig};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::clock::ProgramClock;
use crate::config::{AudienceConfig, ServiceLimits};
use crate::episode::{Episode, Library};
use crate::error::AudienceError;
use crate::events::{AudienceEvents, EventSender};
use crate::http::{self, Hosts};
use crate::media_out::MediaHandle;
use crate::metrics::Metrics;
use crate::room::RoomHandle;
use crate::shared::{Current, Shared};

/// For the last words to everybody, when the service stops.
const FAREWELL: Duration = Duration::from_secs(3);

/// A running service. Clones are the same service; it ends with [`Audience::shutdown`].
#[derive(Clone)]
pub struct Audience {
    shared: Arc<Shared>,
    http_address: SocketAddr,
    serving: Arc<Mutex<Option<tokio::task::JoinHandle<()>>>>,
}

impl Audience {
    /// Opens both ports and serves. No episode is open yet.
    ///
    /// # Errors
    ///
    /// [`AudienceError`] says why it could not; nothing is left behind then.
    pub async fn start(
        config: AudienceConfig,
        library: Arc<dyn Library>,
    ) -> Result<(Self, AudienceEvents), AudienceError> {
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
    ) -> Result<(Self, AudienceEvents), AudienceError> {
        let listening = |error| AudienceError::listening("TCP", config.listen, error);
        let listener = TcpListener::bind(config.listen).await.map_err(listening)?;
        let http_address = listener.local_addr().map_err(listening)?;
        let metrics = Arc::new(Metrics::default());
        let (event_sender, events) = EventSender::pair(metrics.clone());
        let clock = Arc::new(ProgramClock::default());
        let media_at = SocketAddr::new(config.listen.ip(), config.media_port);
        let media = MediaHandle::start(media_at, &limits, clock.clone(), metrics.clone(), event_sender.clone())?;
        let (stopping, stop) = watch::channel(false);
        let shared = Arc::new(Shared {
            limits: limits.clone(),
            hosts: Hosts::new(&config.host_names),
            library,
            media,
            clock,
            metrics,
            events: event_sender,
            current: Mutex::new(None),
            conversations: Arc::new(Semaphore::new(limits.connections)),
            stopping,
        });
        let serving = tokio::spawn(http::serve(listener, http::router(shared.clone()), limits, stop));
        tracing::info!(http = %http_address, media = %shared.media.address(), "the audience may come");
        Ok((Self { shared, http_address, serving: Arc::new(Mutex::new(Some(serving))) }, events))
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

    /// Opens an episode's room, in state *waiting*. It replaces the previous one: its viewers get
    /// `bye ended` and come back into this one. Must be called on a tokio runtime.
    pub fn open(&self, episode: Episode) {
        self.shared.media.end();
        self.shared.clock.reset();
        let (clock, metrics) = (self.shared.clock.clone(), self.shared.metrics.clone());
        let limits = self.shared.limits.room.clone();
        let room = RoomHandle::open(&episode, limits, clock, metrics, self.shared.events.clone());
        let Episode { show, journal, .. } = episode;
        let current = Arc::new(Current { show, journal, room, on_air: AtomicBool::new(false) });
        if let Some(previous) = self.replace(Some(current)) {
            previous.room.close(Bye::Ended);
        }
    }

    /// The program arrives from now on. Its clock is that of the units published since
    /// [`Self::open`]; the first of them may come before this call.
    pub fn on_air(&self, config: &CodecConfig) {
        tracing::info!(width = config.width, height = config.height, fps = config.fps, "on air");
        if let Some(current) = self.shared.current() {
            current.set_on_air(true);
            current.room.order(HostOrder::OnAir);
        }
    }

    /// What the picture carries from now on.
    pub fn set_on_picture(&self, on_picture: Vec<OnPicture>) {
        self.order(HostOrder::OnPicture(on_picture));
    }

    /// The episode's title from now on.
    pub fn set_title(&self, title: String) {
        self.order(HostOrder::Title(title));
    }

    /// The program stopped arriving, or arrives again.
    pub fn interrupted(&self, interrupted: bool) {
        self.order(HostOrder::Interrupted(interrupted));
    }

    /// The show is over: chat is closed, media sessions end, the room stays.
    pub fn ended(&self, replay_url: Option<String>) {
        if let Some(current) = self.shared.current() {
            current.set_on_air(false);
            current.room.order(HostOrder::Ended { replay_url });
        }
        self.shared.media.end();
    }

    /// Hands a unit to everybody who watches. Never waits: if the service is far behind, the unit
    /// is dropped and counted in [`Self::dropped_units`]. AAC is for others and ignored.
    pub fn publish(&self, unit: AccessUnit) {
        self.shared.media.publish(unit);
    }

    /// Removes a comment from the room.
    pub fn remove_message(&self, seq: Seq) {
        self.order(HostOrder::Remove(seq));
    }

    /// Mutes a viewer in this episode, or lets them speak again.
    pub fn set_muted(&self, viewer: ViewerId, muted: bool) {
        self.order(HostOrder::Mute { viewer, muted });
    }

    /// Units that found a full queue, since the start.
    #[must_use]
    pub fn dropped_units(&self) -> u64 {
        self.shared.metrics.units_dropped.get()
    }

    /// Says `bye shutdown` to everybody, closes all sockets and ends all tasks and the thread.
    pub async fn shutdown(self) {
        if let Some(current) = self.replace(None) {
            current.room.close(Bye::Shutdown);
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

    /// Waits until everybody in a room has been told goodbye, or does not listen.
    async fn farewells(&self) {
        let everybody = u32::try_from(self.shared.limits.connections).unwrap_or(u32::MAX);
        let told = self.shared.conversations.acquire_many(everybody);
        if tokio::time::timeout(FAREWELL, told).await.is_err() {
            tracing::debug!("somebody was not told goodbye");
        }
    }

    fn order(&self, order: HostOrder) {
        if let Some(current) = self.shared.current() {
            current.room.order(order);
        }
    }

    fn replace(&self, current: Option<Arc<Current>>) -> Option<Arc<Current>> {
        std::mem::replace(&mut *self.shared.current.lock().unwrap_or_else(PoisonError::into_inner), current)
    }
}
