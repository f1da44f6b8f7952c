//! Who is let in: hosts, origins, methods, sizes and kinds.

use std::time::Duration;

use audience::ServiceLimits;
use audience::client::WhepClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Service, TestJournal, TestLibrary, picture, soon};

/// What the service answers to exactly these bytes: the status, and all of it.
pub(crate) async fn raw(service: &Service, request: &str) -> (u16, String) {
    soon(async {
        let mut stream = TcpStream::connect(service.audience.http_address()).await.unwrap();
        // The service may have answered and closed before it took everything.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default();
        (status, answer)
    })
    .await
}

pub(crate) async fn get(service: &Service, path: &str, headers: &str) -> (u16, String) {
    raw(service, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")).await
}

pub(crate) async fn post_offer(service: &Service, kind: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let head = format!("POST /studio/whep HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{kind}");
    raw(service, &format!("{head}Content-Length: {length}\r\n\r\n{body}")).await
}

#[tokio::test]
async fn other_names_for_this_computer_are_misdirected() {
    let service = Service::start().await;
    let port = service.audience.http_address().port();
    for ours in ["localhost", &format!("127.0.0.1:{port}"), "studio.test", "STUDIO.test:80"] {
        let (status, _) =
            raw(&service, &format!("GET /healthz HTTP/1.1\r\nHost: {ours}\r\nConnection: close\r\n\r\n")).await;
        assert_eq!(status, 200, "{ours}");
    }
    for theirs in
        ["evil.example", "127.0.0.2", "[::1]", "localhost.evil.example", "a b", "localhost\r\nHost: evil.example"]
    {
        let (status, answer) =
            raw(&service, &format!("GET /healthz HTTP/1.1\r\nHost: {theirs}\r\nConnection: close\r\n\r\n")).await;
        assert!(matches!(status, 400 | 421), "{theirs}: {answer}");
    }
    let (status, answer) = raw(&service, "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status, 421, "{answer}");
    let absolute = "GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let (status, answer) = raw(&service, absolute).await;
    assert_eq!(status, 421, "{answer}");
    assert!(answer.contains(r#"{"code":"misdirected","message":""#), "{answer}");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn only_our_own_pages_open_the_room() {
    let service = Service::start().await;
    let upgrade = |origin: &str| {
        format!(
            "GET /studio/room HTTP/1.1\r\nHost: localhost:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{origin}\r\n"
        )
    };
    for foreign in ["http://evil.example", "null", "http://localhost", "http://localhost:2"] {
        let (status, answer) = raw(&service, &(upgrade(&format!("Origin: {foreign}\r\nConnection: close\r\n")))).await;
        assert_eq!(status, 403, "{foreign}: {answer}");
    }
    let mut stream = TcpStream::connect(service.audience.http_address()).await.unwrap();
    stream.write_all(upgrade("Origin: http://localhost:1\r\n").as_bytes()).await.unwrap();
    let mut status = [0; 12];
    soon(stream.read_exact(&mut status)).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 101");
    drop(stream);
    let posted =
        "POST /studio/whep HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(&service, posted).await.0, 403);
    service.audience.shutdown().await;
}

#[tokio::test]
async fn offers_that_are_none_are_turned_down_each_with_its_status() {
    let service = Service::start().await;
    service.on_air();
    let sdp = "Content-Type: application/sdp\r\n";
    let large = "v=0\r\n".repeat(14_000);
    let cases = [
        ("", "v=0", 415),
        ("Content-Type: text/plain\r\n", "v=0", 415),
        (sdp, "", 400),
        (sdp, "nonsense", 400),
        (sdp, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", 400),
        (sdp, large.as_str(), 413),
    ];
    for (kind, body, expected) in cases {
        let (status, answer) = post_offer(&service, kind, body).await;
        assert_eq!(status, expected, "{kind:?} {:?}: {answer}", body.get(..20));
        assert!(answer.contains("\"code\":\""), "{answer}");
    }
    let head =
        "POST /studio/whep HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/sdp\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", 40_000, "x".repeat(40_000));
    let (status, _) = raw(&service, &format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n")).await;
    assert_eq!(status, 413, "also where the length is not said beforehand");
    let mut bytes = format!("{head}Content-Length: 2\r\n\r\n").into_bytes();
    bytes.extend([0xff, 0xfe]);
    let mut stream = TcpStream::connect(service.audience.http_address()).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    // Nothing of this harmed those who know how.
    service.program.publish(picture(0, true, 100));
    let client = soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap();
    client.close().await;
    service.audience.shutdown().await;
}

#[tokio::test]
async fn broken_offers_never_harm_the_service() {
    let service = Service::start().await;
    service.on_air();
    let offer = include_str!("chromium.sdp");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % bound as u64).unwrap()
    };
    for _ in 0..200 {
        let mut lines: Vec<String> = offer.lines().map(str::to_owned).collect();
        for _ in 0..=random(4) {
            let at = random(lines.len());
            match random(4) {
                0 => drop(lines.remove(at)),
                1 => lines[at] = lines[at].chars().rev().collect(),
                2 => lines.insert(at, "a=candidate:1 1 udp 4294967296 999.1.1.1 99999 typ host".to_owned()),
                _ => lines[at].push_str("\u{0}é9999999999999999999"),
            }
        }
        let (status, answer) =
            post_offer(&service, "Content-Type: application/sdp\r\n", &(lines.join("\r\n") + "\r\n")).await;
        assert!(matches!(status, 201 | 400 | 429), "{answer}");
    }
    assert_eq!(get(&service, "/healthz", "").await.0, 200);
    service.audience.shutdown().await;
}

#[tokio::test]
async fn so_many_pending_sessions_for_an_address_and_no_more() {
    let limits = ServiceLimits { pending_of_address: 2, connect: Duration::from_secs(3), ..ServiceLimits::default() };
    let service = Service::start_with(limits, TestJournal::default(), TestLibrary::default()).await;
    service.on_air();
    let offer = include_str!("chromium.sdp").replace('\n', "\r\n");
    let offer = || post_offer(&service, "Content-Type: application/sdp\r\n", &offer);
    let (status, answer) = offer().await;
    assert_eq!(status, 201, "{answer}");
    let lower = answer.to_ascii_lowercase();
    assert!(
        lower.contains("location: /studio/whep/") && lower.contains("antenne-clock: rtp=0;program_ms=0"),
        "{answer}"
    );
    assert_eq!(offer().await.0, 201);
    let (status, answer) = offer().await;
    assert_eq!(status, 429, "{answer}");
    assert!(answer.to_ascii_lowercase().contains("retry-after: "), "{answer}");
    // Those that never connect are dropped, and there is room again.
    soon(async { while offer().await.0 != 201 {} }).await;
    service.audience.shutdown().await;
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_no_cookie_or_cors() {
    let service = Service::start().await;
    for path in ["/healthz", "/metrics", "/nothing/here/at/all", "/replays/x", "/studio/whep", "/studio/room"] {
        let (_, answer) = get(&service, path, "Origin: http://evil.example\r\n").await;
        let lower = answer.to_ascii_lowercase();
        for wanted in [
            "content-security-policy: default-src 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
        ] {
            assert!(lower.contains(wanted), "{path}: {answer}");
        }
        for unwanted in ["set-cookie", "access-control-"] {
            assert!(!lower.contains(unwanted), "{path}: {answer}");
        }
    }
    assert_eq!(get(&service, "/studio/whep", "").await.0, 405);
    assert_eq!(get(&service, "/studio/room", "").await.0, 400);
    assert_eq!(get(&service, "/assets/../../../Cargo.toml", "").await.0, 404);
    assert_eq!(get(&service, "/assets/%2e%2e/%2e%2e/Cargo.toml", "").await.0, 404);
    assert!(get(&service, "/metrics", "").await.1.contains("antenne_room_connections 0"));
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_head_that_never_ends_is_not_waited_for() {
    let limits = ServiceLimits { request_head: Duration::from_millis(200), ..ServiceLimits::default() };
    let service = Service::start_with(limits, TestJournal::default(), TestLibrary::default()).await;
    let mut stream = TcpStream::connect(service.audience.http_address()).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: local").await.unwrap();
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    let (status, _) = raw(&service, &format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(40_000))).await;
    assert!(matches!(status, 0 | 400 | 414 | 431), "{status}");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_taken_port_is_named() {
    use domain::Coded;
    let service = Service::start().await;
    let listen = service.audience.http_address();
    let config = audience::AudienceConfig { listen, media_port: 0, host_names: Vec::new(), sockets: usize::MAX };
    let error = audience::Audience::start(config, std::sync::Arc::new(TestLibrary::default())).await.err().unwrap();
    assert_eq!(error.code().name, "audience.port_taken");
    assert!(error.to_string().contains(&listen.port().to_string()), "{error}");
    let listen = "127.0.0.1:0".parse().unwrap();
    let media_port = service.audience.media_address().port();
    let config = audience::AudienceConfig { listen, media_port, host_names: Vec::new(), sockets: usize::MAX };
    let error = audience::Audience::start(config, std::sync::Arc::new(TestLibrary::default())).await.err().unwrap();
    assert!(error.to_string().starts_with(&format!("UDP port {media_port} is taken")), "{error}");
    service.audience.shutdown().await;
}
