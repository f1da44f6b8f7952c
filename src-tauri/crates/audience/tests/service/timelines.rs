//! Timelines are made once, and not too many at a time.

use std::collections::HashMap;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use audience::{Library, ReplayLookup, ServiceLimits};
use domain::{EpisodeId, ProgramMs, PublicViewer, Replay, Said, Seq, ShowSlug, Timeline, ViewerId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::replays::{id, replay};
use crate::support::{Service, TestJournal, config, soon};

/// Holds every question for a timeline up until it is let go, and counts.
#[derive(Default)]
struct SlowLibrary {
    asked: AtomicUsize,
    open: Mutex<bool>,
    opened: Condvar,
    /// What row there is, where it is not the first.
    rows: Mutex<HashMap<EpisodeId, ReplayLookup>>,
}

impl SlowLibrary {
    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    async fn was_asked(&self, times: usize) {
        soon(async {
            while self.asked.load(Ordering::SeqCst) < times {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

impl Library for SlowLibrary {
    fn replay(&self, episode: &EpisodeId) -> ReplayLookup {
        let number = u8::from_str_radix(&episode.to_string()[..2], 16).unwrap();
        let first = || replay(number, None, domain::ReplayState::Whole);
        self.rows.lock().unwrap().get(episode).cloned().unwrap_or_else(first)
    }

    fn last_replay(&self, _: &ShowSlug) -> Option<Replay> {
        None
    }

    fn timeline(&self, _: &EpisodeId) -> Option<Timeline> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
        let viewer =
            PublicViewer { id: ViewerId::from_random([1; 16]), name: "Ada".to_owned(), hue: 204, badge: None, n: None };
        let said =
            |seq| Said { seq: Seq(seq), at_ms: ProgramMs(seq), viewer: viewer.clone(), text: "again ".repeat(20) };
        let chat = (1..500).map(said).collect();
        Some(Timeline { title: "A title".to_owned(), chat, ..Timeline::default() })
    }
}

/// The service with its library, shared with the test.
struct Shared(Arc<SlowLibrary>);

impl Library for Shared {
    fn replay(&self, episode: &EpisodeId) -> ReplayLookup {
        self.0.replay(episode)
    }

    fn last_replay(&self, show: &ShowSlug) -> Option<Replay> {
        self.0.last_replay(show)
    }

    fn timeline(&self, episode: &EpisodeId) -> Option<Timeline> {
        self.0.timeline(episode)
    }
}

async fn start() -> (Service, Arc<SlowLibrary>) {
    let library = Arc::new(SlowLibrary::default());
    let (limits, journal) = (ServiceLimits::default(), TestJournal::default());
    let service = Service::configured(config("127.0.0.1:0"), limits, journal, Shared(library.clone())).await.unwrap();
    (service, library)
}

/// Asks for the timeline of an episode. Head and body, once they are there.
fn ask(service: &Service, number: u8, headers: &str) -> tokio::task::JoinHandle<(String, Vec<u8>)> {
    let address = service.audience.http_address();
    let path = format!("/replays/{}/timeline.json", id(number));
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        soon(stream.read_to_end(&mut answer)).await.unwrap();
        let head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let body = answer.split_off(head);
        (String::from_utf8(answer).unwrap().to_ascii_lowercase(), body)
    })
}

#[tokio::test]
async fn four_timelines_are_made_at_a_time_and_whoever_asks_for_a_fifth_comes_later() {
    let (service, library) = start().await;
    let four: Vec<_> = (1..=4).map(|number| ask(&service, number, "")).collect();
    library.was_asked(4).await;
    let (head, body) = ask(&service, 5, "").await.unwrap();
    assert!(head.starts_with("http/1.1 503") && head.contains("retry-after: "), "{head}");
    assert!(body.starts_with(br#"{"code":"busy""#));
    let again = ask(&service, 1, "");
    library.open();
    for answer in four.into_iter().chain([again, ask(&service, 5, "")]) {
        assert!(answer.await.unwrap().0.starts_with("http/1.1 200"));
    }
    assert_eq!(library.asked.load(Ordering::SeqCst), 5);
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_timeline_is_made_once_for_everybody_and_anew_when_its_row_changed() {
    let (service, library) = start().await;
    library.open();
    let many: Vec<_> = (0..50).map(|_| ask(&service, 1, "")).collect();
    let mut plain = Vec::new();
    for answer in many {
        let (head, body) = answer.await.unwrap();
        assert!(head.starts_with("http/1.1 200") && !head.contains("content-encoding"), "{head}");
        plain = body;
    }
    let (head, packed) = ask(&service, 1, "Accept-Encoding: br, gzip\r\n").await.unwrap();
    assert!(head.contains("content-encoding: gzip") && head.contains("vary: accept-encoding"), "{head}");
    assert!(packed.len() * 5 < plain.len(), "{} of {}", packed.len(), plain.len());
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
    assert_eq!(library.asked.load(Ordering::SeqCst), 1);
    let ReplayLookup::Found { replay: mut changed } = library.replay(&id(1)) else { panic!("it is there") };
    changed.title = "Another title".to_owned();
    library.rows.lock().unwrap().insert(id(1), ReplayLookup::Found { replay: changed });
    ask(&service, 1, "").await.unwrap();
    assert_eq!(library.asked.load(Ordering::SeqCst), 2);
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_library_that_stands_still_stops_neither_joins_nor_rooms_nor_what_others_block_on() {
    let (service, library) = start().await;
    service.on_air();
    let stuck: Vec<_> = (1..=4).map(|number| ask(&service, number, "")).collect();
    library.was_asked(4).await;
    let offer = include_str!("chromium.sdp").replace('\n', "\r\n");
    let (status, answer) = crate::doors::post_offer(&service, "Content-Type: application/sdp\r\n", &offer).await;
    assert_eq!(status, 201, "{answer}");
    service.viewer().await.hello(Some("Ada")).await;
    soon(tokio::task::spawn_blocking(|| ())).await.unwrap();
    library.open();
    for answer in stuck {
        assert!(answer.await.unwrap().0.starts_with("http/1.1 200"));
    }
    service.audience.shutdown().await;
}
