//! Why a destination does not take the program, in a word for scripts and a sentence for people.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long to try whether somebody is there at all.
const LOOK: Duration = Duration::from_secs(3);
/// RTMP's own port, and the one of RTMP over TLS.
const PORTS: (u16, u16) = (1935, 443);

/// Why an attempt ended. Never holds more of the address than the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// Nobody answers at that address.
    Unreachable,
    /// Somebody answers, and does not take the program.
    Refused,
    /// It took the connection and says nothing, or stopped taking.
    Silent,
    /// The connection was closed.
    Lost,
    /// It cannot work, also not later: a part is missing, or the address names no stream.
    Unusable(&'static str),
}

impl Problem {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "destination.unreachable",
            Self::Refused => "destination.refused",
            Self::Silent => "destination.silent",
            Self::Lost => "destination.lost",
            Self::Unusable(_) => "destination.unusable",
        }
    }

    /// What happened, and what to do.
    pub(super) fn sentence(self, host: &str) -> String {
        match self {
            Self::Unreachable => {
                format!("{host} cannot be reached; check the address and the network. It is tried again by itself")
            }
            Self::Refused => {
                format!("{host} does not take the program; check the stream key. It is tried again by itself")
            }
            Self::Silent => format!("{host} does not answer any more. It is tried again by itself; the show goes on"),
            Self::Lost => format!("The connection to {host} was lost. It is tried again by itself; the show goes on"),
            Self::Unusable(why) => format!("{host} cannot be used: {why}"),
        }
    }
}

/// Whether somebody takes connections at `host` (`name`, `name:port`, `[v6]:port`). Blocks for at
/// most [`LOOK`]. It distinguishes "nobody there" from "somebody who says no", which the sink's errors do
/// not.
pub(super) fn somebody_is_at(host: &str, over_tls: bool) -> bool {
    let target =
        if explicit_port(host).is_some() { host.to_owned() } else { format!("{host}:{}", port_of(host, over_tls)) };
    let (found, answer) = mpsc::sync_channel(1);
    // Asking for a name has no deadline of its own.
    let look = thread::Builder::new().name("look-for-destination".to_owned()).spawn(move || {
        let mut addresses = target.to_socket_addrs().into_iter().flatten();
        let _ = found.send(addresses.any(|address| TcpStream::connect_timeout(&address, LOOK).is_ok()));
    });
    look.is_ok() && answer.recv_timeout(LOOK).unwrap_or(false)
}

/// The port of `host`: the one it names, else the usual one.
pub(super) fn port_of(host: &str, over_tls: bool) -> u16 {
    explicit_port(host).unwrap_or(if over_tls { PORTS.1 } else { PORTS.0 })
}

fn explicit_port(host: &str) -> Option<u16> {
    let (name, port) = host.rsplit_once(':')?;
    let is_address_of_ipv6 = name.contains(':') && !name.ends_with(']');
    if is_address_of_ipv6 { None } else { port.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_port_is_the_one_that_the_host_names_or_the_usual_one() {
        for (host, port) in [("h", 1935), ("h:77", 77), ("[::1]", 1935), ("[::1]:77", 77), ("127.0.0.1:1", 1)] {
            assert_eq!(port_of(host, false), port, "{host}");
        }
        assert_eq!(port_of("h", true), 443);
    }

    #[test]
    fn a_listener_is_found_and_a_closed_port_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        assert!(somebody_is_at(&host, false));
        drop(listener);
        assert!(!somebody_is_at(&host, false));
        assert!(!somebody_is_at("nobody.invalid", true));
    }
}
