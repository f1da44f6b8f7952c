//! The thread itself: one loop over orders, requests, units, datagrams and time.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use media::AccessUnit;
use tokio::sync::mpsc;

use super::fan_out::{FanOut, Order, Request};
use super::socket::MediaSocket;
use crate::config::ServiceLimits;
use crate::error::AudienceError;
use crate::metrics::Metrics;
use crate::shared::EventSender;

/// What comes in.
pub(super) struct Queues {
    pub(super) units: mpsc::Receiver<AccessUnit>,
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
    events: EventSender,
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
    let fan_out = FanOut::new(limits, metrics, events);
    std::thread::Builder::new()
        .name("media out".to_owned())
        .spawn(move || runtime.block_on(run(socket, queues, fan_out)))
        .map_err(AudienceError::Thread)
}

/// Until it is told to stop, or nobody is left who could tell.
async fn run(mut socket: MediaSocket, mut queues: Queues, mut fan_out: FanOut) {
    loop {
        let deadline = fan_out.deadline(Instant::now());
        let sleep = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // A program ends before the next one's first unit.
            biased;
            order = queues.orders.recv() => match order {
                Some(Order::End) => fan_out.end(&socket),
                Some(Order::Stop) | None => break,
            },
            Some(unit) = queues.units.recv() => fan_out.publish(&unit, &socket, Instant::now()),
            Some(request) = queues.requests.recv() => fan_out.request(request, &socket, Instant::now()),
            Ok(()) = socket.readable() => receive(&mut socket, &mut fan_out),
            () = sleep => {}
        }
        fan_out.tick(&socket, Instant::now());
    }
    fan_out.end(&socket);
}

fn receive(socket: &mut MediaSocket, fan_out: &mut FanOut) {
    let now = Instant::now();
    let (mut batch, mut space) = (Vec::new(), Vec::new());
    socket.receive(|arrived| {
        let start = space.len();
        space.extend_from_slice(arrived.contents);
        batch.push((arrived.source, arrived.destination, start..space.len()));
    });
    for (source, destination, range) in batch {
        let contents = space.get(range).unwrap_or_default();
        fan_out.receive(&super::socket::Arrived { source, destination, contents }, socket, now);
    }
}
