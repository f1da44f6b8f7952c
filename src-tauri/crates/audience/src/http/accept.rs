//! Takes connections, so many and no more, and drives each until it ends.

use std::io;
use std::net::SocketAddr;
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
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::config::ServiceLimits;

/// A request's head may be so large.
const HEAD: usize = 16 << 10;
/// How long connections may take to end by themselves when the service stops.
const FAREWELL: Duration = Duration::from_secs(3);

/// Both ends of a request's connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
}

/// Serves until `stopping` says so; then gives open connections a moment, and ends them.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServiceLimits,
    mut stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        // The next place first: a full house leaves newcomers in the system's queue.
        let Ok(place) = places.clone().acquire_owned().await else { break };
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stopping) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, stopping, head) = (router.clone(), stopping.clone(), limits.request_head);
                connections.spawn(async move {
                    converse(stream, peer, router, head, stopping).await;
                    drop(place);
                });
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

async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    head: Duration,
    mut stopping: watch::Receiver<bool>,
) {
    let local = match stream.set_nodelay(true).and_then(|()| stream.local_addr()) {
        Ok(local) => local,
        Err(error) => return ended(&error),
    };
    let connection = Connection { peer: SocketAddr::new(peer.ip().to_canonical(), peer.port()), local };
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(connection);
        router.call(request.map(Body::new))
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service)
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

fn ended(error: &io::Error) {
    tracing::trace!(%error, "a connection ended before it began");
}
