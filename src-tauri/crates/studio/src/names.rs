//! The names by which this computer is known: those that the service answers to, and the one that it
//! announces on its network.

use std::net::SocketAddr;

use mdns_sd::{ServiceDaemon, ServiceInfo};

/// What multicast DNS adds to a computer's name (RFC 6762).
const LOCAL: &str = "local";
const KIND: &str = "_http._tcp.local.";

/// The names that the service answers to: those that were said, and this computer's own, alone and in
/// its network.
pub(crate) fn answered(mut said: Vec<String>) -> Vec<String> {
    said.extend(own().into_iter().flat_map(|name| [format!("{name}.{LOCAL}"), name]));
    said
}

/// This computer's name, where it is one that an address can hold.
fn own() -> Option<String> {
    let system = rustix::system::uname();
    label(system.nodename().to_str().ok()?)
}

/// The first label of a computer's name.
fn label(name: &str) -> Option<String> {
    let label = name.split('.').next()?.to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let sound =
        (1..=63).contains(&label.len()) && label.bytes().all(plain) && !label.starts_with('-') && label != "localhost";
    sound.then_some(label)
}

/// Announces `NAME.local` and the page in this computer's networks, until it is dropped.
pub(crate) struct Announcement(ServiceDaemon);

impl Announcement {
    /// For a service that listens at `listening`. None where that is this computer only, or where the network
    /// takes no announcement: people still have the address.
    pub(crate) fn start(listening: SocketAddr, path: &str) -> Option<Self> {
        if listening.ip().is_loopback() {
            return None;
        }
        let own = own()?;
        let start = || -> mdns_sd::Result<Self> {
            let daemon = ServiceDaemon::new()?;
            let announcement = Self(daemon);
            let (host, page) = (format!("{own}.{LOCAL}."), [("path", path)]);
            let name = format!("Antenne on {own}");
            let service = ServiceInfo::new(KIND, &name, &host, "", listening.port(), &page[..])?;
            let service = match listening.ip() {
                ip if ip.is_unspecified() => service.enable_addr_auto(),
                ip => ServiceInfo::new(KIND, &name, &host, ip, listening.port(), &page[..])?,
            };
            announcement.0.register(service)?;
            Ok(announcement)
        };
        start().inspect_err(|error| tracing::warn!(%error, "this computer's name is not announced on the network")).ok()
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // It says goodbye; whether that arrives is nobody's matter.
        if let Err(error) = self.0.shutdown() {
            tracing::debug!(%error, "the announcement was not taken back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computers_name_is_answered_where_an_address_can_hold_it() {
        for (name, expected) in [
            ("Desk-1", Some("desk-1")),
            ("desk.example.org", Some("desk")),
            ("localhost", None),
            ("", None),
            ("-x", None),
            ("a b", None),
            ("bücher", None),
        ] {
            assert_eq!(label(name).as_deref(), expected, "{name}");
        }
        let names = answered(vec!["studio.example".to_owned()]);
        assert_eq!(names[0], "studio.example");
    }

    #[test]
    fn a_service_for_this_computer_only_is_not_announced() {
        assert!(Announcement::start("127.0.0.1:8420".parse().unwrap(), "/studio").is_none());
    }
}
