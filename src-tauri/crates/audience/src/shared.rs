//! What every part of the service may look at.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::ShowSlug;
use tokio::sync::{Semaphore, watch};

use crate::clock::ProgramClock;
use crate::config::ServiceLimits;
use crate::episode::{Journal, Library};
pub(crate) use crate::events::EventSender;
use crate::http::Hosts;
use crate::media_out::MediaHandle;
use crate::metrics::Metrics;
use crate::room::RoomHandle;

/// One for each running service.
pub(crate) struct Shared {
    pub(crate) limits: ServiceLimits,
    pub(crate) hosts: Hosts,
    pub(crate) library: Arc<dyn Library>,
    pub(crate) media: MediaHandle,
    pub(crate) clock: Arc<ProgramClock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) events: EventSender,
    pub(crate) current: Mutex<Option<Arc<Current>>>,
    /// A permit for each open room connection; all are back when everybody has been told goodbye.
    pub(crate) conversations: Arc<Semaphore>,
    /// True once the service stops.
    pub(crate) stopping: watch::Sender<bool>,
}

/// The episode that is open.
pub(crate) struct Current {
    pub(crate) show: ShowSlug,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) room: RoomHandle,
    /// Whether there is a program to watch.
    pub(crate) on_air: AtomicBool,
}

impl Shared {
    /// The open episode.
    pub(crate) fn current(&self) -> Option<Arc<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The open episode, if it is one of `show`.
    pub(crate) fn current_of(&self, show: &str) -> Option<Arc<Current>> {
        self.current().filter(|current| current.show.as_str() == show)
    }
}

impl Current {
    pub(crate) fn is_on_air(&self) -> bool {
        self.on_air.load(Ordering::Acquire)
    }

    pub(crate) fn set_on_air(&self, on_air: bool) {
        self.on_air.store(on_air, Ordering::Release);
    }
}
