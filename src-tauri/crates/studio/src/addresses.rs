//! Where people watch: addresses that the chosen audience can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use domain::{Links, ShowSlug};
use qrcode::{Color, EcLevel, QrCode};

/// The links of `show` on a service that listens on `listening`. On all addresses, the links name
/// the one by which the others on the network most likely reach us.
pub(crate) fn links(show: &ShowSlug, listening: SocketAddr) -> Links {
    let host = SocketAddr::new(reachable(listening.ip()), listening.port());
    let viewer_url = format!("http://{host}/{show}");
    let only_here = host.ip().is_loopback();
    // A phone that reads this computer's own address looks for the page on itself.
    let (qr_path, qr_side) = if only_here { (String::new(), 0) } else { qr(&viewer_url) };
    Links {
        whep_url: format!("{viewer_url}/whep"),
        room_url: format!("ws://{host}/{show}/room"),
        viewer_url,
        qr_path,
        qr_side,
        only_here,
    }
}

/// The address of this computer that others can reach, where it listens on all of them; loopback where
/// there is none.
fn reachable(listening: IpAddr) -> IpAddr {
    if !listening.is_unspecified() {
        return listening;
    }
    let cards = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "the system does not say this computer's addresses");
        Vec::new()
    });
    best(listening, cards.iter().map(if_addrs::Interface::ip))
}

/// The best of `addresses` for others, among those that answer on `listening`.
fn best(listening: IpAddr, addresses: impl Iterator<Item = IpAddr>) -> IpAddr {
    let answers = |address: &IpAddr| audience::answers_at(*address, listening) && !address.is_loopback();
    let loopback = if listening.is_ipv6() { IpAddr::from(Ipv6Addr::LOCALHOST) } else { Ipv4Addr::LOCALHOST.into() };
    addresses.filter(answers).min_by_key(|address| rank(*address)).unwrap_or(loopback)
}

/// Home and office networks first; the addresses of virtual machines and containers last.
fn rank(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(v4) => match v4.octets() {
            [192, 168, ..] => 0,
            [10, ..] => 1,
            [172, 16..=31, ..] => 3,
            [169, 254, ..] => 4,
            _ => 2,
        },
        IpAddr::V6(_) => 5,
    }
}

/// An SVG path of unit squares that shows `text` as a QR code, and its side.
fn qr(text: &str) -> (String, u32) {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else { return (String::new(), 0) };
    let side = code.width();
    let colors = code.to_colors();
    let dark = colors.iter().enumerate().filter(|(_, color)| **color == Color::Dark);
    let path = dark.map(|(at, _)| format!("M{} {}h1v1h-1z", at % side, at / side)).collect();
    (path, u32::try_from(side).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_name_an_address_that_can_be_reached() {
        let local = links(&ShowSlug::default(), "127.0.0.1:8420".parse().unwrap());
        assert_eq!(local.viewer_url, "http://127.0.0.1:8420/studio");
        assert_eq!(local.room_url, "ws://127.0.0.1:8420/studio/room");
        let everywhere = links(&ShowSlug::default(), "0.0.0.0:8420".parse().unwrap());
        assert!(!everywhere.viewer_url.contains("0.0.0.0"), "{}", everywhere.viewer_url);
        assert!(local.only_here && local.qr_side == 0 && local.qr_path.is_empty());
        let network = links(&ShowSlug::default(), "192.168.178.24:8420".parse().unwrap());
        assert!(!network.only_here && network.qr_side >= 21 && network.qr_path.starts_with("M0 0h1v1h-1z"));
    }

    #[test]
    fn only_what_answers_is_published_and_the_most_likely_first() {
        let best = |listening: &str, addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap());
            best(listening.parse().unwrap(), addresses).to_string()
        };
        let cards = ["127.0.0.1", "::1", "fe80::1", "169.254.3.4", "172.17.0.1", "10.0.0.5", "2001:db8::7"];
        assert_eq!(best("0.0.0.0", &cards), "10.0.0.5");
        assert_eq!(best("::", &cards), "10.0.0.5");
        assert_eq!(best("::", &["::1", "fe80::1", "2001:db8::7"]), "2001:db8::7");
        assert_eq!(best("0.0.0.0", &["127.0.0.1", "169.254.3.4"]), "169.254.3.4");
        assert_eq!(best("0.0.0.0", &["127.0.0.1", "2001:db8::7", "fe80::1"]), "127.0.0.1");
        assert_eq!(best("::", &["127.0.0.1", "fe80::1"]), "::1");
    }

    #[test]
    fn an_ipv6_address_stands_in_brackets() {
        let links = links(&ShowSlug::default(), "[::1]:80".parse().unwrap());
        assert_eq!(links.viewer_url, "http://[::1]:80/studio");
    }
}
