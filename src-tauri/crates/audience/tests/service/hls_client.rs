//! A show with sound, published faster than it would be seen, and those who fetch it by HLS.

use std::sync::Arc;
use std::time::Duration;

use audience::ServiceLimits;
use bytes::Bytes;
use media::{AacConfig, AccessUnit, CodecConfig, ConfigId, Format, ProgramTime, Track};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Service, TestJournal, TestLibrary, picture, soon};

/// Programs are published here faster than they would be seen.
pub(crate) fn fast() -> ServiceLimits {
    ServiceLimits { behind: Duration::from_secs(600), ..ServiceLimits::default() }
}

pub(crate) async fn service() -> Service {
    let service = Service::start_with(fast(), TestJournal::default(), TestLibrary::default()).await;
    service.on_air();
    service
}

fn aac(number: u64) -> AccessUnit {
    let specific = Bytes::from_static(&[0x11, 0x90]);
    let format = Format::Aac(AacConfig { sample_rate: 48_000, channels: 2, delay: 1024, specific });
    let at = |number: u64| ProgramTime::from_ticks(number * 1024, 48_000);
    AccessUnit {
        track: Track::Aac,
        config: Arc::new(CodecConfig { id: ConfigId(2), format }),
        pts: at(number),
        duration: at(number + 1).since(at(number)),
        keyframe: true,
        data: Bytes::from_static(&[1, 2, 3, 4, 5, 6]),
    }
}

/// Publishes frames `from` to `to` of a show of the desk, with their sound.
pub(crate) fn publish(service: &Service, from: u64, to: u64) {
    for number in from..to {
        service.program.publish(picture(number, number % 60 == 0, 800));
        let packets = |frame: u64| frame * 48_000 / 30 / 1024;
        (packets(number)..packets(number + 1)).for_each(|number| service.program.publish(aac(number)));
    }
}

/// An answer: status, head and body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }

    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text());
        assert!(self.text().starts_with(&format!("{{\"code\":\"{code}\",")), "{}", self.text());
        assert_eq!(self.header("cache-control"), "no-store");
    }
}

/// Asks, and reads the answer when it comes.
pub(crate) async fn asked(service: &Service, path: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(service.audience.http_address()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

pub(crate) async fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    soon(stream.read_to_end(&mut bytes)).await.unwrap();
    let at = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
    Answer { status: head[9..12].parse().unwrap(), head, body: bytes[at + 4..].to_vec() }
}

pub(crate) async fn get(service: &Service, path: &str) -> Answer {
    answer(asked(service, path, "").await).await
}

/// The address of the show's stream, with a slash behind it.
pub(crate) async fn stream(service: &Service) -> String {
    let index = get(service, "/studio/index.m3u8").await;
    assert_eq!(index.status, 200, "{}", index.text());
    let text = index.text();
    let playlist = text.lines().find(|line| line.starts_with("hls/")).expect("the media playlist").to_owned();
    format!("/studio/{}", playlist.strip_suffix("live.m3u8").unwrap())
}

/// Waits until so many requests wait.
pub(crate) async fn waiting(service: &Service, count: usize) {
    soon(async {
        let line = format!("\nantenne_hls_waiting {count}\n");
        while !get(service, "/metrics").await.text().contains(&line) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
