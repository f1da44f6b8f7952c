//! What every part of the service shares.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::config::ServiceLimits;
use crate::episode::Library;
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
