//! Takes connections, so many and no more, and drives each until it ends.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;

use super::patient::Patient;
use crate::budget::{Held, Holding};
use crate::shared::Shared;

/// A request's head may be so large.
const HEAD: usize = 16 << 10;
/// How long connections may take to end by themselves when the service stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// Both ends of a request's connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
    pub(crate) budget: Budget,
}

/// Whether a connection's address may have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Budget {
    /// It may, or its address says nothing: a proxy's.
    Kept,
    /// Its address has too many. It is this computer's, so only its requests show whether that matters.
    Exceeded,
}

/// What an open connection holds.
struct Place {
    _descriptor: OwnedSemaphorePermit,
    _of_address: Option<Held>,
    shared: Arc<Shared>,
}

impl Place {
    fn new(descriptor: OwnedSemaphorePermit, of_address: Option<Held>, shared: Arc<Shared>) -> Self {
        shared.metrics.connections.add(1);
        Self { _descriptor: descriptor, _of_address: of_address, shared }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.metrics.connections.subtract(1);
    }
}

/// Serves until the service stops; then gives open connections a moment, and ends them.
pub(crate) async fn serve(listener: TcpListener, router: Router, shared: Arc<Shared>) {
    let mut stopping = shared.stopping.subscribe();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stopping) => break,
            accepted = accept(&listener, &shared) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                if let Some((place, budget)) = budgeted(place, peer.ip(), &shared) {
                    connections.spawn(converse(stream, peer, router.clone(), place, budget));
                }
            }
            Err(error) => {
                // Out of descriptors, most likely: the next attempt would fail at once, too.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, ended).await.is_err() {
        connections.shutdown().await;
    }
}

/// The next connection. Its place first: a full house leaves newcomers in the system's queue.
async fn accept(listener: &TcpListener, shared: &Shared) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = shared.descriptors.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, SocketAddr::new(peer.ip().to_canonical(), peer.port()), place))
}

/// What a connection from `peer` holds; nothing where its address has too many.
fn budgeted(descriptor: OwnedSemaphorePermit, peer: IpAddr, shared: &Arc<Shared>) -> Option<(Place, Budget)> {
    let place = |held| Place::new(descriptor, held, shared.clone());
    if shared.trusted_proxies.contains(&peer) {
        return Some((place(None), Budget::Kept));
    }
    match shared.budgets.take(peer, Holding::Connection) {
        Some(held) => Some((place(Some(held)), Budget::Kept)),
        None if peer.is_loopback() => Some((place(None), Budget::Exceeded)),
        None => {
            shared.metrics.turned_away.add(1);
            tracing::debug!(%peer, "this address has too many connections");
            None
        }
    }
}

async fn converse(stream: TcpStream, peer: SocketAddr, router: Router, place: Place, budget: Budget) {
    let local = match stream.set_nodelay(true).and_then(|()| stream.local_addr()) {
        Ok(local) => local,
        Err(error) => return tracing::trace!(%error, "a connection ended before it began"),
    };
    let mut stopping = place.shared.stopping.subscribe();
    let (head, write) = (place.shared.limits.request_head, place.shared.limits.write);
    let connection = Connection { peer, local, budget };
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(connection);
        router.call(request.map(Body::new))
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(Patient::new(stream, write, place)), service)
        .with_upgrades();
    tokio::pin!(serving);
    let result = tokio::select! {
        result = serving.as_mut() => result,
        () = stopped(&mut stopping) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = result {
        tracing::trace!(%error, "a connection ended early");
    }
}

/// Until the service stops, or is gone.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // The guard that comes back must not live on.
    drop(stopping.wait_for(|stopping| *stopping).await);
}
