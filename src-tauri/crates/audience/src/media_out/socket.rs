//! The one UDP socket: knows to which of our addresses a datagram came, and answers from there.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use socket2::{Domain, Socket, Type};
use str0m::net::{Protocol, Receive};
use tokio::io::Interest;

use crate::error::AudienceError;

/// Asked of the system; it may give less. A keyframe for a hundred viewers is some megabytes.
const BUFFER: usize = 4 << 20;
/// Datagrams taken with one system call.
const BATCH: usize = 16;
/// Enough for a batch of datagrams that the system glued together.
const SPACE: usize = 64 << 10;

/// Binds the socket, with large buffers.
pub(super) fn bind(listen: SocketAddr) -> Result<UdpSocket, AudienceError> {
    let open = || -> io::Result<UdpSocket> {
        let socket = Socket::new(Domain::for_address(listen), Type::DGRAM, Some(socket2::Protocol::UDP))?;
        if listen.is_ipv6() {
            socket.set_only_v6(!listen.ip().is_unspecified())?;
        }
        socket.set_nonblocking(true)?;
        for result in [socket.set_recv_buffer_size(BUFFER), socket.set_send_buffer_size(BUFFER)] {
            if let Err(error) = result {
                tracing::debug!(%error, "the system gives smaller buffers");
            }
        }
        socket.bind(&listen.into())?;
        Ok(socket.into())
    };
    open().map_err(|error| AudienceError::listening("UDP", listen, error))
}

/// The socket in use, with room for what arrives.
pub(super) struct MediaSocket {
    socket: tokio::net::UdpSocket,
    state: UdpSocketState,
    address: SocketAddr,
    space: Vec<Vec<u8>>,
}

/// A datagram that arrived.
pub(super) struct Arrived<'a> {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    pub(super) contents: &'a [u8],
}

impl Arrived<'_> {
    /// As a session takes it; nothing if it is of no protocol that a session speaks.
    pub(super) fn receive(&self) -> Option<Receive<'_>> {
        Receive::new(Protocol::Udp, self.source, self.destination, self.contents).ok()
    }
}

impl MediaSocket {
    /// Must be called within a runtime with I/O.
    pub(super) fn new(socket: UdpSocket, address: SocketAddr) -> io::Result<Self> {
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        let socket = tokio::net::UdpSocket::from_std(socket)?;
        Ok(Self { socket, state, address, space: vec![vec![0; SPACE]; BATCH] })
    }

    /// Where it is.
    #[cfg(test)]
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until something arrives.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Takes one batch of what arrived, and gives each datagram to `take`. False if nothing is
    /// there.
    pub(super) fn receive(&mut self, mut take: impl FnMut(Arrived<'_>)) -> bool {
        let mut metas = [RecvMeta::default(); BATCH];
        let (socket, state) = (&self.socket, &self.state);
        let received = {
            let mut slices: Vec<IoSliceMut<'_>> = self.space.iter_mut().map(|space| IoSliceMut::new(space)).collect();
            socket.try_io(Interest::READABLE, || state.recv(socket.into(), &mut slices, &mut metas))
        };
        let count = match received {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(error) => {
                // On some systems an unreachable viewer shows up here; the session's silence ends it.
                tracing::debug!(%error, "receiving failed");
                return false;
            }
        };
        for (meta, space) in metas.iter().zip(&self.space).take(count) {
            let local = meta.dst_ip.map_or(self.address.ip(), |ip| ip.to_canonical());
            let source = canonical(meta.addr);
            let destination = SocketAddr::new(local, self.address.port());
            for contents in space.get(..meta.len).unwrap_or_default().chunks(meta.stride.max(1)) {
                take(Arrived { source, destination, contents });
            }
        }
        count > 0
    }

    /// Sends one datagram from the address that the session uses. It is lost if the system cannot
    /// take it now: a viewer asks again for what is missing.
    pub(super) fn send(&self, source: SocketAddr, destination: SocketAddr, contents: &[u8]) -> io::Result<()> {
        let destination = if self.address.is_ipv6() { mapped(destination) } else { destination };
        let src_ip = self.address.ip().is_unspecified().then(|| source.ip());
        let transmit = quinn_udp::Transmit { destination, ecn: None, contents, segment_size: None, src_ip };
        self.socket.try_io(Interest::WRITABLE, || self.state.try_send((&self.socket).into(), &transmit))
    }
}

/// On a socket for both kinds, IPv4 addresses come in IPv6 form.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn mapped(address: SocketAddr) -> SocketAddr {
    let map = |v4: Ipv4Addr| -> Ipv6Addr { v4.to_ipv6_mapped() };
    match address.ip() {
        IpAddr::V4(v4) => SocketAddr::new(IpAddr::V6(map(v4)), address.port()),
        IpAddr::V6(_) => address,
    }
}
