//! What every part of the service shares.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Refusal, Severity};
use tokio::sync::{Semaphore, watch};

use crate::address;
use crate::budget::Budgets;
use crate::config::ServiceLimits;
use crate::episode::{Library, Notice};
use crate::http::Hosts;
use crate::intake::Intake;
use crate::media_out::MediaHandle;
use crate::metrics::Metrics;
use crate::pool::Pool;
use crate::show::Shows;
use crate::timelines::Timelines;

/// One for each running service.
pub(crate) struct Shared {
    pub(crate) limits: ServiceLimits,
    pub(crate) hosts: Hosts,
    /// Proxies whose word is believed about who asks.
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// Addresses that are offered besides this computer's own.
    pub(crate) public_addresses: Vec<IpAddr>,
    /// What each address holds.
    pub(crate) budgets: Arc<Budgets>,
    /// A permit for each descriptor: connections, before and after an upgrade, and files on their way.
    pub(crate) descriptors: Arc<Semaphore>,
    pub(crate) library: Arc<dyn Library>,
    pub(crate) timelines: Arc<Timelines>,
    /// Read the library and its files.
    pub(crate) readers: Arc<Pool>,
    /// Answer offers.
    pub(crate) negotiators: Pool,
    pub(crate) media: MediaHandle,
    /// Of the service as a whole; each show has its own besides.
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) shows: Arc<Shows>,
    /// Who may publish; nobody where there is none.
    pub(crate) intake: Option<Intake>,
    /// A permit for each open room connection; all are back when everybody has been sent goodbye.
    pub(crate) conversations: Arc<Semaphore>,
    /// True once the service stops.
    pub(crate) stopping: watch::Sender<bool>,
    /// Whether the operator knows of a proxy that should perhaps be trusted.
    pub(crate) warned_of_proxy: AtomicBool,
}

impl Shared {
    /// Where somebody at `peer` may send media to.
    ///
    /// # Errors
    ///
    /// When the system does not say its addresses.
    pub(crate) fn candidates(&self, peer: IpAddr) -> io::Result<Vec<SocketAddr>> {
        let media = self.media.address();
        let own = address::usable_by(media.ip(), peer)?;
        let public = self.public_addresses.iter().copied().filter(|_| !peer.is_loopback());
        let mut all: Vec<IpAddr> = public.collect();
        all.extend(own.into_iter().filter(|address| !self.public_addresses.contains(address)));
        Ok(all.into_iter().map(|ip| SocketAddr::new(ip, media.port())).collect())
    }

    /// Somebody was refused who came through a proxy that is not trusted: everybody who does counts as
    /// one address. The operator is notified once.
    pub(crate) fn warn_of_proxy(&self, proxy: IpAddr) {
        if self.warned_of_proxy.swap(true, Ordering::Relaxed) {
            return;
        }
        let message = format!(
            "Viewers come through a proxy at {proxy} and count as one address, so some of them were refused. If it is \
             yours, say --trusted-proxy {proxy} at the next start"
        );
        let refusal = Refusal::new("audience.unknown_proxy", message);
        self.shows.notify(&Notice { severity: Severity::Warning, refusal });
    }
}
