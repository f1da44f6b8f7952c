//! A network that loses and reorders, between one viewer and the service: a relay of datagrams.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// How long a datagram is on its way, each way.
const DELAY: Duration = Duration::from_millis(20);
/// How much longer one that is overtaken.
const OVERTAKEN: Duration = Duration::from_millis(15);

/// What a network does to media and reports; what opens a session passes.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// The share that is lost, each way.
    pub loss: f64,
    /// The share that others overtake.
    pub reordering: f64,
}

/// A relay on loopback, until it is dropped.
pub struct Lossy {
    port: u16,
    passed: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
    relay: JoinHandle<()>,
}

impl Lossy {
    /// Relays between whoever writes to it, one viewer, and `service`. The same `seed` draws the same lots.
    ///
    /// # Panics
    ///
    /// Where there is no free port.
    pub async fn start(service: SocketAddr, weather: Weather, seed: u64) -> Self {
        let bind = || async { UdpSocket::bind("127.0.0.1:0").await.expect("a free port") };
        let (front, back) = (bind().await, bind().await);
        let port = front.local_addr().expect("it is bound").port();
        let (passed, lost) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let counts = (Arc::clone(&passed), Arc::clone(&lost));
        let relay = tokio::spawn(async move {
            let mut viewer: Option<SocketAddr> = None;
            let mut chance = fastrand::Rng::with_seed(seed);
            // By the moment of their arrival and their number, so that only those are overtaken that shall be.
            let mut under_way: BTreeMap<(Instant, u64), (Vec<u8>, bool)> = BTreeMap::new();
            let (mut number, mut up, mut down) = (0, vec![0; 2048], vec![0; 2048]);
            loop {
                let due = under_way.first_key_value().map(|((due, _), _)| *due);
                let (datagram, is_up) = tokio::select! {
                    () = async { sleep_until(due.unwrap_or_else(Instant::now)).await }, if due.is_some() => {
                        while let Some(first) = under_way.first_entry().filter(|first| first.key().0 <= Instant::now()) {
                            let (datagram, is_up) = first.remove();
                            // Whoever is gone needs no datagrams.
                            let _ = match viewer {
                                _ if is_up => back.send_to(&datagram, service).await,
                                Some(viewer) => front.send_to(&datagram, viewer).await,
                                None => Ok(0),
                            };
                        }
                        continue;
                    }
                    Ok((length, from)) = front.recv_from(&mut up) => {
                        viewer = Some(from);
                        (up[..length].to_vec(), true)
                    }
                    Ok((length, _)) = back.recv_from(&mut down) => (down[..length].to_vec(), false),
                };
                // RTP and RTCP by their first byte (RFC 7983).
                let is_media = datagram.first().is_some_and(|first| (128..192).contains(first));
                if is_media && chance.f64() < weather.loss {
                    counts.1.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                counts.0.fetch_add(1, Ordering::Relaxed);
                let is_late = is_media && chance.f64() < weather.reordering;
                let due = Instant::now() + if is_late { DELAY + OVERTAKEN } else { DELAY };
                under_way.insert((due, number), (datagram, is_up));
                number += 1;
            }
        });
        Self { port, passed, lost, relay }
    }

    /// Where the viewer writes to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Datagrams that passed, and that were lost.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.passed.load(Ordering::Relaxed), self.lost.load(Ordering::Relaxed))
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        self.relay.abort();
    }
}
