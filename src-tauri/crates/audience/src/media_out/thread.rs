//! The thread itself: one loop over orders, requests, programs, datagrams and time.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Notify, mpsc};
use tokio::task::yield_now;

use super::fan_out::{FanOut, Order, Request};
use super::socket::MediaSocket;
use crate::config::ServiceLimits;
use crate::error::AudienceError;
use crate::metrics::Metrics;

/// Batches of datagrams that are taken between two units, at most.
const BATCHES: usize = 4;

/// What comes in.
pub(super) struct Queues {
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) orders: mpsc::Receiver<Order>,
}

/// Starts the thread.
pub(super) fn start(
    socket: UdpSocket,
    address: SocketAddr,
    queues: Queues,
    limits: ServiceLimits,
    metrics: Arc<Metrics>,
) -> Result<std::thread::JoinHandle<()>, AudienceError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(AudienceError::Thread)?;
    // A socket is registered with the runtime that is entered.
    let entered = runtime.enter();
    let socket = MediaSocket::new(socket, address).map_err(|error| AudienceError::listening("UDP", address, error))?;
    drop(entered);
    let woken = Arc::new(Notify::new());
    let fan_out = FanOut::new(limits, metrics, woken.clone());
    std::thread::Builder::new()
        .name("media out".to_owned())
        .spawn(move || runtime.block_on(run(socket, queues, fan_out, &woken)))
        .map_err(AudienceError::Thread)
}

/// Until it is ordered to stop, or nobody is left who could order it.
async fn run(mut socket: MediaSocket, mut queues: Queues, mut fan_out: FanOut, woken: &Notify) {
    loop {
        // A unit of each show, then a few batches of datagrams: when there is more to do than can be
        // done, viewers are still heard, and nobody falls out for silence.
        let more = fan_out.publish_next(&socket, Instant::now());
        for _ in 0..BATCHES {
            if !receive(&mut socket, &mut fan_out) {
                break;
            }
        }
        fan_out.tick(&socket, Instant::now());
        let deadline = fan_out.deadline();
        let sleep = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // A program ends before the next one is read.
            biased;
            order = queues.orders.recv() => match order {
                Some(Order::Read { show, program, metrics }) => fan_out.read(show, program, metrics, &socket),
                Some(Order::End(show)) => fan_out.end(show, &socket),
                Some(Order::Stop) | None => break,
            },
            Some(request) = queues.requests.recv() => fan_out.request(request, &socket, Instant::now()),
            // Lets the runtime see what arrived meanwhile.
            () = yield_now(), if more => {}
            () = woken.notified() => {}
            Ok(()) = socket.readable() => {}
            () = sleep => {}
        }
    }
    fan_out.end_all(&socket);
}

/// Takes a batch of what arrived. False if nothing had.
fn receive(socket: &mut MediaSocket, fan_out: &mut FanOut) -> bool {
    let now = Instant::now();
    let (mut batch, mut space) = (Vec::new(), Vec::new());
    let received = socket.receive(|arrived| {
        let start = space.len();
        space.extend_from_slice(arrived.contents);
        batch.push((arrived.source, arrived.destination, start..space.len()));
    });
    for (source, destination, range) in batch {
        let contents = space.get(range).unwrap_or_default();
        fan_out.receive(&super::socket::Arrived { source, destination, contents }, socket, now);
    }
    received
}
