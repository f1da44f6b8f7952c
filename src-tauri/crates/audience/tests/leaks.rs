//! Whoever left has left nothing behind. A process of its own: it measures the process.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    dead_code,
    reason = "what fails to be set up fails the test; not every helper is used"
)]

#[path = "service/support.rs"]
mod support;

use std::time::Duration;

use audience::ServiceLimits;
use audience::client::WhepClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use support::{Service, TestJournal, TestLibrary, picture, soon};

/// People at once.
const TOGETHER: u64 = 25;
/// Joins and leaves, half of them by WHEP and half by the room.
const JOINS: u64 = 3000;
/// Before the first measurement: what is allocated once is there then.
const WARM_UP: u64 = 300;
/// What an allocator may keep for itself. A session alone takes more than half a mebibyte.
const SLACK_KIB: u64 = 12 << 10;

/// What the process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    descriptors: usize,
    tasks: usize,
    threads: usize,
    resident_kib: u64,
}

impl Held {
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let number = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        Self {
            descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count(),
            tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
            threads: usize::try_from(number("Threads:")).unwrap(),
            resident_kib: number("VmRSS:"),
        }
    }
}

/// Joins by WHEP, sees a picture, and leaves: every tenth without a word.
async fn watch(service: &Service, number: u64) {
    let client = soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap();
    let mut units = client.units();
    assert!(soon(units.recv()).await.expect("a picture").keyframe);
    if !number.is_multiple_of(10) {
        client.close().await;
    }
}

/// Enters the room, says something, and leaves: every other one without a word.
async fn talk(service: &Service, number: u64) {
    let mut viewer = service.viewer().await;
    viewer.hello(Some("Ada")).await;
    viewer.send(serde_json::json!({ "type": "hearts", "count": 1 })).await;
    if number.is_multiple_of(2) {
        soon(viewer.socket.close(None)).await.unwrap();
    }
}

async fn figures(service: &Service) -> String {
    let mut stream = TcpStream::connect(service.audience.http_address()).await.unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

/// `count` people come and go; then the service has noticed that they are gone.
async fn come_and_go(service: &Service, first: u64, count: u64) {
    for start in (first..first + count).step_by(usize::try_from(TOGETHER).unwrap()) {
        // A fresh keyframe for those who join now.
        service.program.publish(picture(start, true, 2000));
        let people = (start..start + TOGETHER).map(|number| async move {
            if number.is_multiple_of(2) { watch(service, number / 2).await } else { talk(service, number / 2).await }
        });
        futures_util::future::join_all(people).await;
    }
    let gone = [
        "antenne_whep_sessions 0\n",
        "antenne_room_connections 0\n",
        // The one that asks.
        "antenne_connections 1\n",
        "antenne_viewers 0\n",
    ];
    soon(async {
        loop {
            let figures = figures(service).await;
            if gone.iter().all(|line| figures.contains(line)) {
                return;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_thousand_people_who_came_and_went_left_nothing_behind() {
    let limits = ServiceLimits {
        // Those who leave without a word are not waited for.
        connect: Duration::from_secs(2),
        report: Duration::from_secs(2),
        pending_of_address: 1000,
        ..ServiceLimits::default()
    };
    let mut service = Service::start_with(limits, TestJournal::default(), TestLibrary::default()).await;
    // Hearts and presence are for a host who listens.
    let (_, none) =
        service.audience.open(support::episode(domain::ShowSlug::parse("nobody").unwrap(), 9, service.journal.clone()));
    let mut events = std::mem::replace(&mut service.events, none);
    let host = tokio::spawn(async move { while events.recv().await.is_some() {} });
    service.on_air();
    come_and_go(&service, 0, WARM_UP).await;
    let before = Held::now();
    come_and_go(&service, WARM_UP, JOINS).await;
    let after = Held::now();
    println!("before {before:?}, after {after:?}");
    assert_eq!((after.descriptors, after.tasks, after.threads), (before.descriptors, before.tasks, before.threads));
    assert!(after.resident_kib < before.resident_kib + SLACK_KIB, "{before:?} {after:?}");
    service.audience.shutdown().await;
    host.abort();
}
