//! The thread itself: one loop over orders, requests, programs, datagrams and time; and what stands
//! up again when it falls.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{Refusal, Severity};
use media::Program;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc};
use tokio::task::yield_now;

use super::fan_out::{FanOut, Request};
use super::socket::{Arrived, MediaSocket};
use crate::config::{ServiceLimits, Upload};
use crate::episode::Notice;
use crate::error::AudienceError;
use crate::metrics::Metrics;
use crate::show::ShowKey;

/// Batches of datagrams that are taken between two units, at most.
const BATCHES: usize = 4;
/// A thread that falls again within this time rests for as long: whatever makes it fall shall not
/// also take the processor.
const REST: Duration = Duration::from_millis(250);

/// What a host asks of the thread.
pub(super) enum Order {
    /// Whoever watches `show` gets `program` from now on.
    Read { show: ShowKey, program: Program, metrics: Arc<Metrics> },
    /// Nobody watches it any more.
    End(ShowKey),
    /// Everybody goes, and the thread.
    Stop,
    /// It falls.
    #[cfg(test)]
    Panic,
}

/// What comes in.
pub(super) struct Queues {
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) orders: mpsc::Receiver<Order>,
}

/// What the thread is to keep to, and what it reports to.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) limits: ServiceLimits,
    pub(super) upload: Option<Upload>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) notify: Arc<dyn Fn(Notice) + Send + Sync>,
}

/// Starts the thread.
pub(super) fn start(
    socket: UdpSocket,
    address: SocketAddr,
    queues: Queues,
    woken: Arc<Notify>,
    around: Around,
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
    let media_out = MediaOut { socket, queues, programs: HashMap::new(), woken, around };
    std::thread::Builder::new()
        .name("media out".to_owned())
        .spawn(move || media_out.supervise(&runtime))
        .map_err(AudienceError::Thread)
}

/// What outlives a fall: the socket, the queues, and which programs are to be read.
struct MediaOut {
    socket: MediaSocket,
    queues: Queues,
    programs: HashMap<ShowKey, (Program, Arc<Metrics>)>,
    woken: Arc<Notify>,
    around: Around,
}

impl MediaOut {
    /// Runs until it is ordered to stop. After a panic it goes on with new sessions: the old ones are
    /// closed as far as that still works, so that their viewers come back at once.
    fn supervise(mut self, runtime: &Runtime) {
        loop {
            let mut fan_out = FanOut::new(self.around.clone(), self.woken.clone());
            let started = Instant::now();
            let ran = catch_unwind(AssertUnwindSafe(|| runtime.block_on(self.run(&mut fan_out))));
            if ran.is_ok() {
                return;
            }
            let closed = catch_unwind(AssertUnwindSafe(|| {
                fan_out.end_all(&self.socket);
                drop(fan_out);
            }));
            tracing::error!(
                shows = self.programs.len(),
                goodbye = closed.is_ok(),
                "the media thread panicked; it starts again"
            );
            self.around.metrics.media_restarts.add(1);
            let message = "The part that sends picture and sound to viewers failed and was started again. Viewers come \
                           back by themselves within seconds; recording and destinations did not notice";
            let refusal = Refusal::new("audience.media_restarted", message);
            (self.around.notify)(Notice { severity: Severity::Warning, refusal });
            std::thread::sleep(REST.saturating_sub(started.elapsed()));
        }
    }

    /// Until it is ordered to stop, or nobody is left who could order it.
    async fn run(&mut self, fan_out: &mut FanOut) {
        for (show, (program, metrics)) in &self.programs {
            fan_out.read(*show, program.clone(), metrics.clone(), &self.socket);
        }
        let woken = self.woken.clone();
        loop {
            // A unit of each show, then a few batches of datagrams: when there is more to do than can be
            // done, viewers are still heard, and nobody falls out for silence.
            let more = fan_out.publish_next(&self.socket, Instant::now());
            for _ in 0..BATCHES {
                if !receive(&mut self.socket, fan_out) {
                    break;
                }
            }
            fan_out.tick(&self.socket, Instant::now());
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
                order = self.queues.orders.recv() => match order {
                    Some(Order::Read { show, program, metrics }) => {
                        self.programs.insert(show, (program.clone(), metrics.clone()));
                        fan_out.read(show, program, metrics, &self.socket);
                    }
                    Some(Order::End(show)) => {
                        self.programs.remove(&show);
                        fan_out.end(show, &self.socket);
                    }
                    #[cfg(test)]
                    Some(Order::Panic) => panic!("a test wants it so"),
                    Some(Order::Stop) | None => break,
                },
                Some(request) = self.queues.requests.recv() => fan_out.request(request, &self.socket, Instant::now()),
                // Lets the runtime see what arrived meanwhile.
                () = yield_now(), if more => {}
                () = woken.notified() => fan_out.wishes(&self.socket, Instant::now()),
                Ok(()) = self.socket.readable() => {}
                () = sleep => {}
            }
        }
        fan_out.end_all(&self.socket);
    }
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
        fan_out.receive(&Arrived { source, destination, contents }, socket, now);
    }
    received
}
