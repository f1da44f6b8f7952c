//! Where the service listens, and how much it bears.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use domain::room::limits::BEAT_MS;

/// Where the service listens.
#[derive(Debug, Clone)]
pub struct AudienceConfig {
    /// HTTP; port 0 takes any free one.
    pub listen: SocketAddr,
    /// UDP; 0 takes any free one.
    pub media_port: u16,
    /// Where media listens, where that is not where HTTP does: behind a proxy, which passes no media on.
    pub media_ip: Option<IpAddr>,
    /// Addresses by which people reach this computer that it does not have itself: those of a router or of a
    /// rented machine's network. They are offered besides its own.
    pub public_addresses: Vec<IpAddr>,
    /// Names that people may use for this computer besides its addresses and `localhost`.
    pub host_names: Vec<String>,
    /// Descriptors that the service may hold for its audience at once: TCP connections, those of the
    /// rooms included, and files that are being sent. Whoever comes beyond waits in the system's queue.
    pub sockets: usize,
    /// Proxies whose word is believed about who asks. Everybody else's is ignored.
    pub trusted_proxies: Vec<IpAddr>,
    /// What the sessions of all viewers together may send; nothing: as much as they like.
    pub upload: Option<Upload>,
}

impl AudienceConfig {
    /// At `listen`, with media at any free port, and everything else as it is right for most.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            media_port: 0,
            media_ip: None,
            public_addresses: Vec::new(),
            host_names: Vec::new(),
            sockets: 12_000,
            trusted_proxies: Vec::new(),
            upload: None,
        }
    }
}

/// What this computer's connection carries to viewers of WebRTC. Viewers on this computer do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upload {
    /// All sessions together, in kb/s.
    pub kbps: u32,
    /// What one session takes at least, in kb/s. What the program really has counts where it is more.
    pub session_kbps: u32,
}

/// What one address may hold; an IPv6 /64 counts as one address. However much that is, it is never
/// more than half of what the service has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressLimits {
    /// TCP connections.
    pub connections: usize,
    /// Places in rooms.
    pub places: usize,
    /// WebRTC sessions.
    pub sessions: usize,
}

impl Default for AddressLimits {
    /// A school's five hundred people behind one address are welcome.
    fn default() -> Self {
        Self { connections: 1500, places: 600, sessions: 600 }
    }
}

/// How much the service bears. The defaults are right; tests make them smaller.
#[derive(Debug, Clone)]
pub struct ServiceLimits {
    /// A request's head must be complete within this time.
    pub request_head: Duration,
    /// A request's body must be complete within this time.
    pub request_body: Duration,
    /// Whoever takes nothing of what is written to them for this long is gone.
    pub write: Duration,
    /// What one address may hold. Requests of this computer itself are exempt.
    pub of_address: AddressLimits,
    /// Time for a room's hello.
    pub hello: Duration,
    /// Messages that wait for one viewer; who falls further behind is dismissed.
    pub outbox: usize,
    /// A room's connection that sends nothing, not even a pong, for this long is gone. Its place is free
    /// at most two seconds later.
    pub silence: Duration,
    /// A room's connection is sent something at least so often.
    pub beat: Duration,
    /// A viewer's session that is not connected within this time is dropped.
    pub connect: Duration,
    /// A session that reports nothing (SRTCP) for this long of what it is sent is gone.
    pub report: Duration,
    /// Sessions of one address that are not connected yet.
    pub pending_of_address: usize,
    /// Sessions at once.
    pub sessions: usize,
    /// What a room's people may do.
    pub room: domain::room::Limits,
    /// So much of a program may wait for the media thread; beyond it what waits is lost, and the
    /// video goes on at the next keyframe.
    pub behind: Duration,
}

impl Default for ServiceLimits {
    fn default() -> Self {
        Self {
            request_head: Duration::from_secs(20),
            request_body: Duration::from_secs(10),
            write: Duration::from_secs(30),
            of_address: AddressLimits::default(),
            hello: Duration::from_secs(10),
            outbox: 256,
            silence: Duration::from_secs(8),
            beat: Duration::from_millis(BEAT_MS),
            connect: Duration::from_secs(15),
            report: Duration::from_secs(10),
            pending_of_address: 32,
            sessions: 2000,
            room: domain::room::Limits::default(),
            behind: Duration::from_secs(2),
        }
    }
}
