//! Where the service listens, and how much it bears.

use std::net::SocketAddr;
use std::time::Duration;

/// Where the service listens.
#[derive(Debug, Clone)]
pub struct AudienceConfig {
    /// HTTP; port 0 takes any free one.
    pub listen: SocketAddr,
    /// UDP, at the same address; 0 takes any free one.
    pub media_port: u16,
    /// Names that people may use for this computer besides its addresses and `localhost`.
    pub host_names: Vec<String>,
    /// TCP sockets at once, requests and rooms together.
    pub sockets: usize,
}

/// How much the service bears. The defaults are right; tests make them smaller.
#[derive(Debug, Clone)]
pub struct ServiceLimits {
    /// TCP connections at once.
    pub connections: usize,
    /// A request's head must be complete within this time.
    pub request_head: Duration,
    /// A request's body must be complete within this time.
    pub request_body: Duration,
    /// Time for a room's hello.
    pub hello: Duration,
    /// Messages that wait for one viewer; who falls further behind is dismissed.
    pub outbox: usize,
    /// A room's connection that sends nothing, not even a pong, for this long is gone.
    pub silence: Duration,
    /// A viewer's session that is not connected within this time is dropped.
    pub connect: Duration,
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
            connections: 12_000,
            request_head: Duration::from_secs(20),
            request_body: Duration::from_secs(10),
            hello: Duration::from_secs(10),
            outbox: 256,
            silence: Duration::from_secs(60),
            connect: Duration::from_secs(15),
            pending_of_address: 32,
            sessions: 2000,
            room: domain::room::Limits::default(),
            behind: Duration::from_secs(2),
        }
    }
}
