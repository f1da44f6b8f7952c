//! Media out: one thread, one UDP socket, one WebRTC session for each viewer.
//!
//! Everything that touches a session happens on this thread; the rest of the service talks to it
//! through [`MediaHandle`]. It reads each show's program once, whoever watches; the sessions of all
//! shows share the socket, and the end of one show ends no session of another.

mod fan_out;
mod inlet;
mod lateness;
mod negotiate;
mod outlet;
mod peer;
mod session;
mod socket;
mod thread;
mod twice;
mod upload;
mod wallclock;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use media::Program;
use tokio::sync::{Notify, mpsc, oneshot};

use fan_out::Request;
pub(crate) use fan_out::{Refused, Viewer};
pub use negotiate::fuzz_offer;
pub(crate) use negotiate::{Negotiated, NegotiatedInlet, NegotiationError, Negotiator};

use thread::Order;
pub(crate) use upload::Upload;

use crate::config::{self, ServiceLimits};
use crate::episode::Notice;
use crate::error::AudienceError;
use crate::feed::{Feed, SessionNumber};
use crate::metrics::Metrics;
use crate::show::ShowKey;

/// Joins and leaves that wait for the media thread.
const REQUESTS: usize = 64;
/// Orders of hosts that wait; each gives one at the start and one at the end of a show.
const ORDERS: usize = 1024;

/// How long the thread may take to say goodbye to everybody.
const STOP: Duration = Duration::from_secs(2);

/// The way to the media thread.
pub(crate) struct MediaHandle {
    pub(crate) negotiator: Negotiator,
    address: SocketAddr,
    requests: mpsc::Sender<Request>,
    orders: mpsc::Sender<Order>,
    woken: Arc<Notify>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl MediaHandle {
    /// Opens the socket at `listen` and starts the thread, which calls `notify` with what the operator
    /// must know. It may not wait.
    ///
    /// # Errors
    ///
    /// When the port is taken, the address is not ours, or there is no certificate or thread.
    pub(crate) fn start(
        listen: SocketAddr,
        limits: &ServiceLimits,
        upload: Option<config::Upload>,
        metrics: Arc<Metrics>,
        notify: Arc<dyn Fn(Notice) + Send + Sync>,
    ) -> Result<Self, AudienceError> {
        let negotiator = Negotiator::new()?;
        let socket = socket::bind(listen)?;
        let address = socket.local_addr().map_err(|error| AudienceError::listening("UDP", listen, error))?;
        let (requests, request_queue) = mpsc::channel(REQUESTS);
        let (orders, order_queue) = mpsc::channel(ORDERS);
        let queues = thread::Queues { requests: request_queue, orders: order_queue };
        let around = thread::Around { limits: limits.clone(), upload, metrics, notify };
        let woken = Arc::new(Notify::new());
        let thread = thread::start(socket, address, queues, woken.clone(), around)?;
        let thread = Mutex::new(Some(thread));
        Ok(Self { negotiator, address, requests, orders, woken, thread })
    }

    /// Where the socket is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whoever watches `show` gets `program` from now on; sessions that got another one end. What
    /// they lose is counted in `metrics`.
    pub(crate) fn read(&self, show: ShowKey, program: Program, metrics: Arc<Metrics>) {
        self.order(Order::Read { show, program, metrics });
    }

    /// Registers a session. When this returns, its first datagram will be understood.
    ///
    /// # Errors
    ///
    /// When the show has no program, there are too many, or the service stops.
    pub(crate) async fn join(&self, show: ShowKey, session: Negotiated, viewer: Viewer) -> Result<(), Refused> {
        let (answer, registered) = oneshot::channel();
        let join = Request::Join { show, session: Box::new(session), viewer, answer };
        self.requests.send(join).await.map_err(|_| Refused::Stopping)?;
        registered.await.unwrap_or(Err(Refused::Stopping))
    }

    /// Ends a session of `show`. False if there is none.
    pub(crate) async fn leave(&self, show: ShowKey, id: String) -> bool {
        let (answer, left) = oneshot::channel();
        self.requests.send(Request::Leave { show, id, answer }).await.is_ok() && left.await.unwrap_or(false)
    }

    /// Registers a publisher's session. When this returns, its first datagram will be understood.
    ///
    /// # Errors
    ///
    /// When there are too many sessions, or the service stops.
    pub(crate) async fn publish(
        &self,
        id: String,
        session: NegotiatedInlet,
        feed: Feed,
        number: SessionNumber,
    ) -> Result<(), Refused> {
        let (answer, registered) = oneshot::channel();
        let publish = Request::Publish { id, session: Box::new(session), feed, number, answer };
        self.requests.send(publish).await.map_err(|_| Refused::Stopping)?;
        registered.await.unwrap_or(Err(Refused::Stopping))
    }

    /// The name of a publisher's answer; none where there is no such session.
    pub(crate) async fn published(&self, id: String) -> Option<String> {
        let (answer, named) = oneshot::channel();
        self.requests.send(Request::Published { id, answer }).await.ok()?;
        named.await.ok().flatten()
    }

    /// Ends a publisher's session, and its feed. False if there is none.
    pub(crate) async fn unpublish(&self, id: String) -> bool {
        let (answer, left) = oneshot::channel();
        self.requests.send(Request::Unpublish { id, answer }).await.is_ok() && left.await.unwrap_or(false)
    }

    /// Wakes the thread, because a reader of a feed wishes for a keyframe.
    pub(crate) fn waker(&self) -> Arc<Notify> {
        self.woken.clone()
    }

    /// Ends every session of `show`, and reads its program no more.
    pub(crate) fn end(&self, show: ShowKey) {
        self.order(Order::End(show));
    }

    /// Ends every session and the thread, and waits for it, but not for long.
    pub(crate) async fn stop(&self) {
        self.order(Order::Stop);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(move || thread.join());
            if !matches!(tokio::time::timeout(STOP, joined).await, Ok(Ok(Ok(())))) {
                tracing::error!("the media thread ended badly");
            }
        }
    }

    /// Makes the thread fall.
    #[cfg(test)]
    pub(crate) fn panic(&self) {
        self.order(Order::Panic);
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
