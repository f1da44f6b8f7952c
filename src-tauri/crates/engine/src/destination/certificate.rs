//! Why a far end's certificate is not believed: the sink says only that it is not.

use std::sync::{Arc, Mutex, PoisonError};

use gio::prelude::{Cast, SocketClientExt, TlsCertificateExt, TlsConnectionExt};
use gio::{Cancellable, SocketClient, SocketClientEvent, TlsCertificateFlags, TlsConnection};

/// How long it may take to fetch it, in seconds.
const PATIENCE: u32 = 3;

/// A reason for people, with the certificate's end. Blocks for [`PATIENCE`] at most for each step.
///
/// Shakes hands once more, as the sink did and with the same list of authorities, and goes away.
pub(super) fn doubt(host: &str, port: u16) -> String {
    let seen: Arc<Mutex<Option<String>>> = Arc::default();
    let keep = Arc::clone(&seen);
    let client = SocketClient::new();
    client.set_tls(true);
    client.set_timeout(PATIENCE);
    client.connect_event(move |_, event, _, stream| {
        let connection = stream.and_then(|stream| stream.downcast_ref::<TlsConnection>());
        let Some(connection) = connection.filter(|_| event == SocketClientEvent::TlsHandshaking) else { return };
        let keep = Arc::clone(&keep);
        connection.connect_accept_certificate(move |_, certificate, flags| {
            let until = certificate.not_valid_after().and_then(|end| end.format("%Y-%m-%d").ok());
            *keep.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason(flags, until.as_deref()));
            false
        });
    });
    let place = gio::NetworkAddress::new(host, port);
    // It fails, as the sink did; what matters was seen on the way.
    if client.connect(&place, Cancellable::NONE).is_ok() {
        return "this time it was accepted".to_owned();
    }
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    seen.unwrap_or_else(|| "it could not be fetched again to see why".to_owned())
}

fn reason(flags: TlsCertificateFlags, until: Option<&str>) -> String {
    let words = [
        (TlsCertificateFlags::EXPIRED, "it has expired"),
        (TlsCertificateFlags::NOT_ACTIVATED, "it is not valid yet"),
        (TlsCertificateFlags::BAD_IDENTITY, "it is for another name"),
        (TlsCertificateFlags::REVOKED, "it was revoked"),
        (TlsCertificateFlags::INSECURE, "it is too weak"),
        (TlsCertificateFlags::UNKNOWN_CA, "nobody whom this computer trusts signed it"),
    ];
    let mut reasons: Vec<&str> =
        words.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, words)| *words).collect();
    if reasons.is_empty() {
        reasons.push("it is not valid");
    }
    let until = until.map_or(String::new(), |until| format!(" (valid until {until})"));
    format!("{}{until}", reasons.join(", and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_said_and_when_the_certificate_ends() {
        let flags = TlsCertificateFlags::EXPIRED | TlsCertificateFlags::UNKNOWN_CA;
        assert_eq!(
            reason(flags, Some("2026-01-02")),
            "it has expired, and nobody whom this computer trusts signed it (valid until 2026-01-02)"
        );
        assert_eq!(reason(TlsCertificateFlags::empty(), None), "it is not valid");
    }

    #[test]
    fn a_certificate_that_cannot_be_fetched_is_said_so() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert!(doubt("127.0.0.1", port).contains("could not be fetched"));
    }
}
