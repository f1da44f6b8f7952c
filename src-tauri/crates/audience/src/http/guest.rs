//! Who asks, as far as that can be believed.

use std::net::{IpAddr, SocketAddr};

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, header};

use super::problem::Problem;
use crate::budget::{Held, Holding};
use crate::shared::Shared;

/// In the order of their being believed.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// What proxies say about a request, any of which shows that somebody forwarded it.
const FORWARDS: [HeaderName; 8] = [
    header::FORWARDED,
    header::VIA,
    FORWARDED_FOR,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-server"),
    HeaderName::from_static("x-real-ip"),
];

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Guest {
    /// Theirs, or their proxy's where that is not trusted or says nothing.
    pub(crate) address: IpAddr,
    /// Where they are.
    pub(crate) place: Place,
    /// The proxy that forwarded them and is not trusted, where there is one.
    pub(crate) stranger: Option<IpAddr>,
}

/// Where somebody who asks is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On this computer, which they call so, and nobody stands between: no budget is for them.
    Here,
    /// On this computer, which they call otherwise; nobody stands between.
    Loopback,
    /// Elsewhere, or who knows.
    Away,
}

impl Guest {
    /// Who sent a request from `peer` to `host`, by what proxies among `trusted` say in `headers`.
    pub(crate) fn of(peer: SocketAddr, host: &Authority, headers: &HeaderMap, trusted: &[IpAddr]) -> Self {
        let peer = peer.ip().to_canonical();
        let forwarded = FORWARDS.iter().any(|name| headers.contains_key(name));
        let is_trusted = trusted.contains(&peer);
        let address = if is_trusted { believed(headers, trusted).unwrap_or(peer) } else { peer };
        let stranger = Some(peer).filter(|_| forwarded && !is_trusted);
        let ours = ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| name.eq_ignore_ascii_case(host.host()));
        let place = match peer.is_loopback() && !forwarded {
            true if ours => Place::Here,
            true => Place::Loopback,
            false => Place::Away,
        };
        Self { address, place, stranger }
    }

    /// Their address, where it is theirs: a proxy's is everybody's who comes through it.
    pub(super) fn own_address(&self, trusted: &[IpAddr]) -> Option<IpAddr> {
        Some(self.address).filter(|address| self.stranger.is_none() && !trusted.contains(address))
    }
}

/// What `guest` may hold one more of: nothing to be counted where they are here.
///
/// # Errors
///
/// When their address holds all that it may.
pub(super) fn budgeted(shared: &Shared, guest: &Guest, holding: Holding) -> Result<Option<Held>, Problem> {
    if guest.place == Place::Here {
        return Ok(None);
    }
    shared.budgets.take(guest.address, holding).map(Some).ok_or_else(|| {
        shared.metrics.turned_away.add(1);
        tracing::debug!(address = %guest.address, ?holding, "this address has too many");
        if let Some(proxy) = guest.stranger {
            shared.warn_of_proxy(proxy);
        }
        Problem::address_full()
    })
}

/// Whom trusted proxies name: the last one that is not a trusted proxy itself, for what stands before
/// it anybody can have written. Nothing where they say nothing usable, or contradict each other: one
/// of both headers then is the guest's own.
fn believed(headers: &HeaderMap, trusted: &[IpAddr]) -> Option<IpAddr> {
    let list = |name: &HeaderName| -> Vec<&str> {
        // A line that is no text stands for a node that is not known: it may hide who comes before it.
        let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default());
        lines.flat_map(|line| line.split(',')).collect()
    };
    let (old, new) = (list(&FORWARDED_FOR), list(&header::FORWARDED));
    let old: Vec<_> = old.into_iter().map(node).collect();
    let new: Vec<_> = new.into_iter().map(|element| forwarded_for(element).and_then(node)).collect();
    let guest = |nodes: &[Option<IpAddr>]| -> Option<IpAddr> {
        let away = |node: &&Option<IpAddr>| node.is_none_or(|address| !trusted.contains(&address));
        nodes.iter().rev().find(away).copied().flatten()
    };
    match (old.is_empty(), new.is_empty()) {
        (false, true) => guest(&old),
        (true, false) => guest(&new),
        (false, false) => guest(&old).filter(|address| guest(&new) == Some(*address)),
        (true, true) => None,
    }
}

/// The `for` of a `Forwarded` element (RFC 7239 §4).
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
    })
}

/// An address, with or without port; IPv6 also in brackets (RFC 7239 §6). Names mean nothing to us.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    text.parse().ok().or_else(with_port).or_else(bracketed).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// A peer, the header lines of its request, and who is believed to ask.
    type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);

    fn guest(peer: &str, host: &str, lines: &[(&'static str, &'static str)]) -> Guest {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let trusted: Vec<IpAddr> = ["127.0.0.1", "192.0.2.1"].map(|proxy| proxy.parse().unwrap()).into();
        Guest::of(SocketAddr::new(peer.parse().unwrap(), 9), &host.parse().unwrap(), &headers, &trusted)
    }

    #[test]
    fn only_what_a_trusted_proxy_says_last_is_believed() {
        let cases: [Case; 16] = [
            ("198.51.100.7", &[("x-forwarded-for", "203.0.113.5")], "198.51.100.7"),
            ("192.0.2.1", &[("x-forwarded-for", "203.0.113.5")], "203.0.113.5"),
            ("::ffff:192.0.2.1", &[("x-forwarded-for", "203.0.113.5")], "203.0.113.5"),
            ("192.0.2.1", &[("x-forwarded-for", "10.0.0.1, 203.0.113.5")], "203.0.113.5"),
            ("192.0.2.1", &[("x-forwarded-for", "10.0.0.1"), ("x-forwarded-for", "203.0.113.5")], "203.0.113.5"),
            ("192.0.2.1", &[("x-forwarded-for", "203.0.113.5, 127.0.0.1")], "203.0.113.5"),
            ("192.0.2.1", &[("x-forwarded-for", "203.0.113.5:4711")], "203.0.113.5"),
            ("192.0.2.1", &[("x-forwarded-for", "203.0.113.5, unknown")], "192.0.2.1"),
            ("192.0.2.1", &[("x-forwarded-for", "")], "192.0.2.1"),
            ("192.0.2.1", &[], "192.0.2.1"),
            ("192.0.2.1", &[("forwarded", "for=203.0.113.5;proto=https")], "203.0.113.5"),
            ("192.0.2.1", &[("forwarded", "for=10.0.0.1, For=\"[2001:db8::1]:4711\"")], "2001:db8::1"),
            ("192.0.2.1", &[("forwarded", "for=_hidden")], "192.0.2.1"),
            ("192.0.2.1", &[("forwarded", "for=10.9.9.9"), ("x-forwarded-for", "203.0.113.5")], "192.0.2.1"),
            ("192.0.2.1", &[("forwarded", "for=203.0.113.5"), ("x-forwarded-for", "203.0.113.5")], "203.0.113.5"),
            ("127.0.0.1", &[("x-forwarded-for", "[2001:db8::2]")], "2001:db8::2"),
        ];
        for (peer, lines, expected) in cases {
            let found = guest(peer, "studio.example", lines);
            assert_eq!((found.address, found.place), (expected.parse().unwrap(), Place::Away), "{peer} {lines:?}");
            let stranger = (peer == "198.51.100.7").then_some(found.address);
            assert_eq!(found.stranger, stranger, "{peer} {lines:?}");
        }
    }

    #[test]
    fn only_this_computer_itself_is_here() {
        for host in ["localhost", "LOCALHOST:8420", "127.0.0.1:8420", "127.0.0.1", "[::1]:8420"] {
            assert_eq!(guest("127.0.0.1", host, &[]).place, Place::Here, "{host}");
            assert_eq!(guest("::1", host, &[]).place, Place::Here, "{host}");
            assert_eq!(guest("198.51.100.7", host, &[]).place, Place::Away, "{host}");
            for name in FORWARDS {
                let mut headers = HeaderMap::new();
                headers.insert(name.clone(), HeaderValue::from_static(""));
                let found = Guest::of(([127, 0, 0, 1], 9).into(), &host.parse().unwrap(), &headers, &[]);
                assert_eq!(found.place, Place::Away, "{host} {name}");
            }
        }
        assert_eq!(guest("127.0.0.1", "studio.example", &[]).place, Place::Loopback);
        assert_eq!(guest("127.0.0.2", "localhost", &[]).place, Place::Here);
    }
}
