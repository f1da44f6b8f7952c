//! What every part of the service shares.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, watch};

use crate::config::ServiceLimits;
use crate::episode::{AudienceEvent, Library};
use crate::http::Hosts;
use crate::media_out::MediaHandle;
use crate::metrics::Metrics;
use crate::show::Shows;

/// One for each running service.
pub(crate) struct Shared {
    pub(crate) limits: ServiceLimits,
    pub(crate) hosts: Hosts,
    pub(crate) library: Arc<dyn Library>,
    pub(crate) media: MediaHandle,
    /// Of the service as a whole; each show has its own besides.
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) shows: Shows,
    /// A permit for each open room connection; all are back when everybody has been told goodbye.
    pub(crate) conversations: Arc<Semaphore>,
    /// True once the service stops.
    pub(crate) stopping: watch::Sender<bool>,
}

/// The way to a show's host. Bounded; what finds it full is counted and lost, because nothing here
/// may wait for the host. Comments are in the archive by then.
#[derive(Clone)]
pub(crate) struct EventSender {
    pub(crate) sender: mpsc::Sender<AudienceEvent>,
    pub(crate) metrics: Arc<Metrics>,
}

impl EventSender {
    pub(crate) fn send(&self, event: AudienceEvent) {
        if self.sender.try_send(event).is_err() {
            self.metrics.events_dropped.add(1);
        }
    }
}
