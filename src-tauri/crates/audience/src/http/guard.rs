//! What every request must pass: whom it thinks it talks to, and on whose behalf.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::accept::{Budget, Connection};
use super::cors;
use super::guest::{Guest, Place};
use super::problem::Problem;
use crate::shared::Shared;

/// The names under which this computer may be addressed, besides its addresses.
#[derive(Debug)]
pub(crate) struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    pub(crate) fn new(names: &[String]) -> Self {
        let own = names.iter().map(|name| name.trim().trim_end_matches('.').to_ascii_lowercase());
        Self { names: own.filter(|name| !name.is_empty()).chain(["localhost".to_owned()]).collect() }
    }

    /// Whether a request that came in at the address `local` may name `host` (without port). A
    /// page of somebody else whose name was made to lead here (DNS rebinding) names itself.
    fn allows(&self, host: &str, local: IpAddr) -> bool {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        match bare.unwrap_or(host).parse::<IpAddr>() {
            Ok(address) if address.is_ipv6() == bare.is_some() => address.to_canonical() == local.to_canonical(),
            Ok(_) => false,
            Err(_) => self.names.iter().any(|name| name.eq_ignore_ascii_case(host)),
        }
    }
}

/// Turns away requests for other hosts and from other pages, and puts the security headers on
/// every answer.
pub(super) async fn guard(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let known = request.extensions().get::<Connection>().copied().and_then(|connection| {
        let host = addressed(&shared.hosts, request.uri(), request.headers(), connection.local.ip())?;
        Some((connection, host))
    });
    let Some((connection, host)) = known else { return secure(misdirected().into_response(), None) };
    let guest = Guest::of(connection.peer, &host, request.headers(), &shared.trusted_proxies);
    request.extensions_mut().insert(guest);
    let is_open = shared.intake.is_some() && cors::is_open(request.uri().path());
    let response = if connection.budget == Budget::Exceeded && guest.place != Place::Here {
        shared.metrics.turned_away.add(1);
        if let Some(proxy) = guest.stranger {
            shared.warn_of_proxy(proxy);
        }
        let mut response = Problem::address_full().into_response();
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    } else if let Some(answer) = cors::preflight(request.method()).filter(|_| is_open) {
        answer
    } else if is_open || may_act(request.method(), request.headers(), &host) {
        next.run(request).await
    } else {
        foreign().into_response()
    };
    let response = secure(response, Some(&host));
    if is_open { cors::open(response) } else { response }
}

/// The host and port that a request names, if it is us. There must be exactly one.
fn addressed(hosts: &Hosts, uri: &Uri, headers: &HeaderMap, local: IpAddr) -> Option<Authority> {
    let mut named = headers.get_all(header::HOST).iter();
    let authority: Authority = named.next()?.to_str().ok()?.parse().ok()?;
    let other = uri.authority().is_some_and(|other| *other != authority);
    let sound = named.next().is_none() && !other && !authority.as_str().contains('@');
    (sound && hosts.allows(authority.host(), local)).then_some(authority)
}

/// Whether the page that asks is one of ours. Reading needs no check: without CORS nobody else
/// can see the answer. A WebSocket is no plain reading: browsers let any page open one.
fn may_act(method: &Method, headers: &HeaderMap, host: &Authority) -> bool {
    let upgrades = headers.contains_key(header::UPGRADE);
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) && !upgrades {
        return true;
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    let origin = origin.to_str().ok().and_then(|origin| {
        origin
            .strip_prefix("http://")
            .map(|rest| (rest, ":80"))
            .or(origin.strip_prefix("https://").map(|rest| (rest, ":443")))
    });
    let same = origin.is_some_and(|(origin, default)| {
        let (origin, host) = (origin.to_ascii_lowercase(), host.as_str().to_ascii_lowercase());
        let plain = |text: &str| text.strip_suffix(default).unwrap_or(text).to_owned();
        plain(&origin) == plain(&host)
    });
    same && origins.next().is_none()
}

fn misdirected() -> Problem {
    let message = "This service does not answer to this name. Use its address, or start it with --host and this name.";
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", message)
}

fn foreign() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "foreign_origin", "A page of another site may not do this.")
}

fn secure(mut response: Response, host: Option<&Authority>) -> Response {
    // Some browsers do not count ws: as 'self'. The host was checked; it is one of ours.
    let sockets = host.map(|host| format!(" ws://{host} wss://{host}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; \
         img-src 'self' blob:; media-src 'self' blob:; font-src 'self'; manifest-src 'self'; \
         connect-src 'self'{sockets}; worker-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let fixed: [(HeaderName, &str); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(host: &str, local: &str) -> bool {
        let hosts = Hosts::new(&["Studio.example".to_owned()]);
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).expect("a header value"));
        addressed(&hosts, &Uri::from_static("/studio"), &headers, local.parse().expect("an address")).is_some()
    }

    #[test]
    fn only_our_own_names_are_answered() {
        for ours in ["localhost", "localhost:8420", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8420", "studio.example:80"] {
            assert!(allowed(ours, "127.0.0.1"), "{ours}");
        }
        for ours in ["[::1]", "[::1]:8420", "[0:0:0:0:0:0:0:1]:8420", "localhost"] {
            assert!(allowed(ours, "::1"), "{ours}");
        }
        assert!(allowed("192.0.2.7:8420", "::ffff:192.0.2.7"));
        let theirs = [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil@localhost",
            "192.0.2.8",
            "[::1]",
            "",
        ];
        for theirs in theirs {
            assert!(!allowed(theirs, "127.0.0.1"), "{theirs}");
        }
        for theirs in ["::1", "[::1", "[::2]:80", "[127.0.0.1]", "127.0.0.1:x"] {
            assert!(!allowed(theirs, "::1"), "{theirs}");
        }
    }

    #[test]
    fn a_socket_is_only_for_our_own_pages() {
        let host: Authority = "127.0.0.1:8420".parse().expect("an authority");
        let may = |origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::ORIGIN, HeaderValue::from_str(origin).expect("a header value"));
            may_act(&Method::GET, &headers, &host)
        };
        assert!(may("http://127.0.0.1:8420"));
        for foreign in [
            "null",
            "",
            "http://127.0.0.1",
            "http://127.0.0.1:8421",
            "http://evil.example",
            "file://",
            "127.0.0.1:8420",
        ] {
            assert!(!may(foreign), "{foreign}");
        }
        assert!(may_act(&Method::POST, &HeaderMap::new(), &host));
    }
}
