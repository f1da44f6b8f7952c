//! What one address may hold, and who is asked for whom.

use std::time::Duration;

use audience::{AddressLimits, AudienceConfig, AudienceEvent, ServiceLimits, Upload};
use domain::Severity;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::doors::{get, raw};
use crate::support::{Service, TestJournal, TestLibrary, config, soon};

/// An address other than this computer's, as a proxy would name it.
const SCHOOL: &str = "X-Forwarded-For: 203.0.113.5\r\n";
const HOME: &str = "X-Forwarded-For: 198.51.100.7\r\n";

fn small(connections: usize, places: usize, sessions: usize) -> ServiceLimits {
    let of_address = AddressLimits { connections, places, sessions };
    ServiceLimits { of_address, ..ServiceLimits::default() }
}

async fn service(limits: ServiceLimits) -> Service {
    Service::start_with(limits, TestJournal::default(), TestLibrary::default()).await
}

/// A service that believes a proxy on this computer.
async fn behind_a_proxy(limits: ServiceLimits, upload: Option<Upload>) -> Service {
    let trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let config = AudienceConfig { trusted_proxies, upload, ..config("127.0.0.1:0") };
    Service::configured(config, limits, TestJournal::default(), TestLibrary::default()).await.unwrap()
}

/// What somebody is answered who calls this computer `host`.
async fn ask(service: &Service, host: &str, headers: &str) -> (u16, String) {
    raw(service, &format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n")).await
}

/// What an offer is answered that comes with these headers.
async fn offer(service: &Service, host: &str, headers: &str) -> (u16, String) {
    let body = include_str!("chromium.sdp").replace('\n', "\r\n");
    let head = format!(
        "POST /studio/whep HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/sdp\r\n\
         {headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    raw(service, &format!("{head}{body}")).await
}

/// Enters the room with these headers. The socket and the status.
async fn enter(service: &Service, host: &str, headers: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(service.audience.http_address()).await.unwrap();
    let request = format!(
        "GET /studio/room HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    soon(stream.read_exact(&mut status)).await.unwrap();
    (stream, String::from_utf8_lossy(&status[9..]).into_owned())
}

/// A connection that has asked for nothing yet, and is accepted.
async fn held(service: &Service) -> TcpStream {
    let mut stream = TcpStream::connect(service.audience.http_address()).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    soon(stream.read_exact(&mut [0; 15])).await.unwrap();
    stream
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_only_this_computer_itself_has_more() {
    let service = service(small(2, 600, 600)).await;
    assert_eq!(ask(&service, "studio.test", "").await.0, 200);
    let (one, _two) = (held(&service).await, held(&service).await);
    let (status, answer) = ask(&service, "studio.test", "").await;
    assert_eq!(status, 429, "{answer}");
    let lower = answer.to_ascii_lowercase();
    assert!(lower.contains("retry-after: ") && lower.contains(r#""code":"address_full""#), "{answer}");
    let port = service.audience.http_address().port();
    for here in ["localhost", "127.0.0.1", &format!("127.0.0.1:{port}"), &format!("localhost:{port}")] {
        assert_eq!(ask(&service, here, "").await.0, 200, "{here}");
    }
    for forwarded in [SCHOOL, "Forwarded: for=203.0.113.5\r\n", "Via: 1.1 proxy\r\n", "X-Forwarded-Proto: https\r\n"] {
        assert_eq!(ask(&service, "localhost", forwarded).await.0, 429, "{forwarded}");
    }
    drop(one);
    soon(async { while ask(&service, "studio.test", "").await.0 != 200 {} }).await;
    service.audience.shutdown().await;
}

#[tokio::test]
async fn another_computer_that_has_enough_connections_is_not_heard() {
    let (limits, journal, library) = (small(2, 600, 600), TestJournal::default(), TestLibrary::default());
    let service = Service::listen("0.0.0.0:0", limits, journal, library).await.unwrap();
    let port = service.audience.http_address().port();
    let addresses = if_addrs::get_if_addrs().unwrap().into_iter().map(|interface| interface.ip());
    for address in addresses.filter(|address| address.is_ipv4() && !address.is_loopback()) {
        let connect = async || TcpStream::connect((address, port)).await.unwrap();
        let (_one, _two, mut three) = (connect().await, connect().await, connect().await);
        assert_eq!(soon(three.read(&mut [0; 1])).await.unwrap_or(0), 0, "closed at once");
    }
    assert_eq!(get(&service, "/healthz", "").await.0, 200, "others do not notice");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn an_address_has_so_many_places_in_rooms() {
    let mut alone = service(small(1500, 2, 600)).await;
    let (one, two) = (enter(&alone, "studio.test", SCHOOL).await, enter(&alone, "studio.test", HOME).await);
    assert_eq!((one.1.as_str(), two.1.as_str()), ("101", "101"));
    let refused = enter(&alone, "studio.test", "X-Forwarded-For: 192.0.2.9\r\n").await;
    assert_eq!(refused.1, "429", "what nobody is trusted to say does not matter");
    let notice = |event| if let AudienceEvent::Notice(notice) = event { Some(notice.refusal) } else { None };
    let refusal = alone.event(notice).await;
    assert_eq!(refusal.code, "audience.unknown_proxy");
    assert!(refusal.message.contains("--trusted-proxy 127.0.0.1"), "{}", refusal.message);
    assert_eq!(enter(&alone, "localhost", "").await.1, "101", "this computer itself");
    alone.audience.shutdown().await;

    let service = behind_a_proxy(small(1500, 2, 600), None).await;
    let (one, _two) = (enter(&service, "studio.test", SCHOOL).await, enter(&service, "studio.test", SCHOOL).await);
    assert_eq!(enter(&service, "studio.test", SCHOOL).await.1, "429");
    assert_eq!(enter(&service, "studio.test", HOME).await.1, "101", "another address");
    drop(one);
    soon(async { while enter(&service, "studio.test", SCHOOL).await.1 != "101" {} }).await;
    service.audience.shutdown().await;
}

#[tokio::test]
async fn an_address_has_so_many_sessions_and_they_come_back() {
    let limits = ServiceLimits { connect: Duration::from_millis(500), ..small(1500, 600, 2) };
    let service = behind_a_proxy(limits, None).await;
    service.on_air();
    for _ in 0..2 {
        assert_eq!(offer(&service, "studio.test", SCHOOL).await.0, 201);
    }
    let (status, answer) = offer(&service, "studio.test", SCHOOL).await;
    assert!(status == 429 && answer.contains("address_full"), "{answer}");
    assert_eq!(offer(&service, "studio.test", HOME).await.0, 201, "another address");
    let (_, figures) = get(&service, "/metrics", "").await;
    assert!(figures.contains("antenne_turned_away_total 1\n"), "{figures}");
    // Those that never connect are dropped.
    soon(async { while offer(&service, "studio.test", SCHOOL).await.0 != 201 {} }).await;
    service.audience.shutdown().await;
}

#[tokio::test]
async fn pending_sessions_are_counted_for_whom_a_trusted_proxy_names() {
    let limits = ServiceLimits { pending_of_address: 1, ..ServiceLimits::default() };
    let service = behind_a_proxy(limits, None).await;
    service.on_air();
    assert_eq!(offer(&service, "studio.test", SCHOOL).await.0, 201);
    let (status, answer) = offer(&service, "studio.test", SCHOOL).await;
    assert!(status == 429 && answer.contains("too_many_pending"), "{answer}");
    assert_eq!(offer(&service, "studio.test", HOME).await.0, 201);
    service.audience.shutdown().await;
}

#[tokio::test]
async fn the_figures_are_for_this_computer_and_not_for_what_is_forwarded_to_it() {
    for service in [service(ServiceLimits::default()).await, behind_a_proxy(ServiceLimits::default(), None).await] {
        assert_eq!(get(&service, "/metrics", "").await.0, 200);
        for forwarded in
            [SCHOOL, "X-Forwarded-For: 127.0.0.1\r\n", "Forwarded: for=127.0.0.1\r\n", "Via: 1.1 proxy\r\n"]
        {
            assert_eq!(get(&service, "/metrics", forwarded).await.0, 404, "{forwarded}");
        }
        service.audience.shutdown().await;
    }
}

#[tokio::test]
async fn who_would_pass_the_upload_budget_is_refused_in_words_and_the_operator_is_warned() {
    let upload = Upload { kbps: 2300, session_kbps: 1000 };
    let mut service = behind_a_proxy(ServiceLimits::default(), Some(upload)).await;
    service.on_air();
    for _ in 0..2 {
        assert_eq!(offer(&service, "studio.test", SCHOOL).await.0, 201);
    }
    let (status, answer) = offer(&service, "studio.test", HOME).await;
    assert_eq!(status, 503, "{answer}");
    let lower = answer.to_ascii_lowercase();
    assert!(lower.contains("retry-after: ") && lower.contains(r#""code":"upload_full""#), "{answer}");
    assert_eq!(offer(&service, "localhost", "").await.0, 201, "what stays on this computer is no upload");
    let mut codes = Vec::new();
    while codes.len() < 2 {
        let notice = |event| if let AudienceEvent::Notice(notice) = event { Some(notice) } else { None };
        let notice = service.event(notice).await;
        assert_eq!(notice.severity, Severity::Warning);
        assert!(notice.refusal.message.contains("2300 kb/s"), "{}", notice.refusal.message);
        codes.push(notice.refusal.code);
    }
    assert_eq!(codes, ["audience.upload_nearly_used", "audience.upload_full"]);
    service.audience.shutdown().await;
}
