//! Media out: one thread, one UDP socket, one WebRTC session for each viewer.
//!
//! Everything that touches a session happens on this thread; the rest of the service talks to it
//! through [`MediaHandle`]. Access units come through a bounded queue that never waits: a unit
//! that finds it full is dropped and counted, because the program waits for nobody.

mod cache;
mod fan_out;
mod negotiate;
mod pace;
mod session;
mod socket;
mod thread;
mod wallclock;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use media::AccessUnit;
use tokio::sync::{mpsc, oneshot};

pub(crate) use fan_out::Refused;
use fan_out::{Order, Request};
pub use negotiate::fuzz_offer;
pub(crate) use negotiate::{Negotiated, NegotiationError, Negotiator};

use crate::clock::ProgramClock;
use crate::config::ServiceLimits;
use crate::error::AudienceError;
use crate::metrics::Metrics;
use crate::shared::EventSender;

/// Units that wait for the media thread: about six seconds of program.
const UNITS: usize = 512;
/// Joins and leaves that wait for the media thread.
const REQUESTS: usize = 64;
/// Orders of the studio that wait; it gives one at the start and one at the end of a show.
const ORDERS: usize = 64;

/// The way to the media thread.
pub(crate) struct MediaHandle {
    pub(crate) negotiator: Negotiator,
    address: SocketAddr,
    units: mpsc::Sender<AccessUnit>,
    requests: mpsc::Sender<Request>,
    orders: mpsc::Sender<Order>,
    clock: Arc<ProgramClock>,
    metrics: Arc<Metrics>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl MediaHandle {
    /// Opens the socket at `listen` and starts the thread.
    ///
    /// # Errors
    ///
    /// When the port is taken, the address is not ours, or there is no certificate or thread.
    pub(crate) fn start(
        listen: SocketAddr,
        limits: &ServiceLimits,
        clock: Arc<ProgramClock>,
        metrics: Arc<Metrics>,
        events: EventSender,
    ) -> Result<Self, AudienceError> {
        let negotiator = Negotiator::new()?;
        let socket = socket::bind(listen)?;
        let address = socket.local_addr().map_err(|error| AudienceError::listening("UDP", listen, error))?;
        let (units, unit_queue) = mpsc::channel(UNITS);
        let (requests, request_queue) = mpsc::channel(REQUESTS);
        let (orders, order_queue) = mpsc::channel(ORDERS);
        let queues = thread::Queues { units: unit_queue, requests: request_queue, orders: order_queue };
        let (limits, counted) = (limits.clone(), metrics.clone());
        let thread = thread::start(socket, address, queues, limits, counted, events)?;
        let thread = Mutex::new(Some(thread));
        Ok(Self { negotiator, address, units, requests, orders, clock, metrics, thread })
    }

    /// Where the socket is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands a unit over, or drops it if the thread is far behind. Never waits.
    pub(crate) fn publish(&self, unit: AccessUnit) {
        self.clock.reached(unit.pts);
        self.metrics.units_published.add(1);
        if self.units.try_send(unit).is_err() {
            self.metrics.units_dropped.add(1);
        }
    }

    /// Registers a session. When this returns, its first datagram will be understood.
    ///
    /// # Errors
    ///
    /// When there are too many, or the service stops.
    pub(crate) async fn join(&self, session: Negotiated, id: String, peer: IpAddr) -> Result<(), Refused> {
        let (answer, registered) = oneshot::channel();
        let join = Request::Join { session: Box::new(session), id, peer, answer };
        self.requests.send(join).await.map_err(|_| Refused::Stopping)?;
        registered.await.unwrap_or(Err(Refused::Stopping))
    }

    /// Ends a session. False if there is none.
    pub(crate) async fn leave(&self, id: String) -> bool {
        let (answer, left) = oneshot::channel();
        self.requests.send(Request::Leave { id, answer }).await.is_ok() && left.await.unwrap_or(false)
    }

    /// Ends every session and forgets what was cached: what is published next is another program.
    pub(crate) fn end(&self) {
        self.order(Order::End);
    }

    /// Ends every session and the thread, and waits for it.
    pub(crate) async fn stop(&self) {
        self.order(Order::Stop);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the media thread ended badly");
            }
        }
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::error!("the media thread does not take orders");
        }
    }
}

impl Drop for MediaHandle {
    /// The thread ends with its orders' sender; this only says so early.
    fn drop(&mut self) {
        let _ = self.orders.try_send(Order::Stop);
    }
}
