//! Which of this computer's addresses the audience may use.

use std::io;
use std::net::{IpAddr, Ipv6Addr};

/// The addresses under which a viewer at `peer` may send media to us, when we listen on `listen`.
///
/// A specific address is just that one. The unspecified address is every address of every
/// interface that is up; loopback only for viewers on this computer, for whom it always works.
///
/// # Errors
///
/// When the system does not say its addresses.
pub(crate) fn usable_by(listen: IpAddr, peer: IpAddr) -> io::Result<Vec<IpAddr>> {
    if !listen.is_unspecified() {
        return Ok(vec![listen]);
    }
    let mut addresses: Vec<IpAddr> = if_addrs::get_if_addrs()?
        .into_iter()
        .map(|interface| interface.ip())
        .filter(|address| answers_at(*address, listen))
        .filter(|address| !address.is_loopback() || peer.is_loopback())
        .collect();
    // The address of the same kind as the viewer's first: it becomes the default candidate.
    addresses.sort_by_key(|address| (address.is_loopback() != peer.is_loopback(), address.is_ipv6() != peer.is_ipv6()));
    addresses.dedup();
    Ok(addresses)
}

/// Whether the service answers at `address`, one of this computer's, when it listens on `listen`.
#[must_use]
pub fn answers_at(address: IpAddr, listen: IpAddr) -> bool {
    match address {
        _ if !listen.is_unspecified() => address == listen,
        IpAddr::V4(v4) => !v4.is_unspecified(),
        IpAddr::V6(v6) => listen.is_ipv6() && !is_link_local(v6) && !v6.is_unspecified(),
    }
}

/// fe80::/10: means nothing without a zone, which candidates cannot carry.
fn is_link_local(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfe80
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_loopback_service_offers_only_loopback() {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(usable_by(loopback, loopback).expect("no system call"), [loopback]);
    }

    #[test]
    fn a_cable_between_two_computers_is_a_network() {
        let answers =
            |address: &str, listen: &str| answers_at(address.parse().expect("one"), listen.parse().expect("one"));
        assert!(answers("169.254.3.4", "0.0.0.0") && answers("2001:db8::1", "::") && answers("10.0.0.1", "::"));
        assert!(!answers("fe80::1", "::") && !answers("2001:db8::1", "0.0.0.0") && !answers("10.0.0.1", "10.0.0.2"));
    }

    #[test]
    fn loopback_is_only_for_viewers_on_this_computer() {
        let everywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let away = usable_by(everywhere, IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))).expect("addresses");
        assert!(away.iter().all(|address| !address.is_loopback()), "{away:?}");
        let here = usable_by(everywhere, IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("addresses");
        assert_eq!(here.first(), Some(&IpAddr::V4(Ipv4Addr::LOCALHOST)), "{here:?}");
    }
}
