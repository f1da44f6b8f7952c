//! Where somebody comes from, without keeping their address.

use std::net::IpAddr;

use domain::room::Place;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The place of `address` under an episode's key: the same for the same address, and nothing to whoever
/// has not both. Of IPv6 it is the network (/64) that counts: whoever has one may choose the rest.
/// None for this computer's own address: everybody behind a proxy on it has that one.
pub(super) fn of(address: IpAddr, key: &[u8; 32]) -> Option<Place> {
    let address = address.to_canonical();
    if address.is_loopback() || address.is_unspecified() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    match address {
        IpAddr::V4(address) => mac.update(&address.octets()),
        IpAddr::V6(address) => mac.update(&address.octets()[..8]),
    }
    let mut place = [0; 16];
    place.copy_from_slice(&mac.finalize().into_bytes()[..16]);
    Some(Place(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(address: &str, key: u8) -> Option<Place> {
        of(address.parse().expect("an address"), &[key; 32])
    }

    #[test]
    fn an_address_has_one_place_in_an_episode_and_another_in_the_next() {
        assert!(place("192.0.2.7", 1).is_some());
        assert_eq!(place("192.0.2.7", 1), place("::ffff:192.0.2.7", 1));
        assert_ne!(place("192.0.2.7", 1), place("192.0.2.8", 1));
        assert_ne!(place("192.0.2.7", 1), place("192.0.2.7", 2));
        assert_eq!(place("2001:db8::1", 1), place("2001:db8::ffff:2", 1), "one household");
        assert_ne!(place("2001:db8::1", 1), place("2001:db8:0:1::1", 1));
    }

    #[test]
    fn this_computer_is_no_place() {
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0"] {
            assert_eq!(place(address, 1), None, "{address}");
        }
    }
}
