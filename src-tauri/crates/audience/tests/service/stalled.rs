//! Clients that never read what they are sent.

use std::time::Duration;

use audience::ServiceLimits;
use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;

use crate::doors::get;
use crate::replays::{id, library};
use crate::support::{Service, TestLibrary, soon};

/// Larger than whatever the system buffers for a connection.
const LARGE: u64 = 64 << 20;
/// The service's patience in these tests.
const PATIENCE: Duration = Duration::from_millis(300);

fn impatient() -> ServiceLimits {
    ServiceLimits { write: PATIENCE, outbox: 100_000, ..ServiceLimits::default() }
}

/// A connection whose system buffers little for whoever does not read.
async fn narrow(service: &Service) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    soon(socket.connect(service.audience.http_address())).await.unwrap()
}

/// A connection that asked for a large replay and reads none of it.
async fn unread_replay(service: &Service) -> TcpStream {
    let mut stream = narrow(service).await;
    let request = format!("GET /replays/{}/media.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n", id(1));
    stream.write_all(request.as_bytes()).await.unwrap();
    // The answer has begun, so the file is open.
    let mut first = [0; 15];
    soon(stream.read_exact(&mut first)).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    stream
}

fn large() -> (tempfile::NamedTempFile, TestLibrary) {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(LARGE).unwrap();
    let library = library(&file);
    (file, library)
}

/// Says more in the room than the system buffers for whoever does not read.
async fn say_much(service: &Service) {
    for number in 0..1000 {
        service.show.set_title(format!("{number} {}", "long ".repeat(2000)));
        tokio::task::yield_now().await;
    }
}

/// Files that this process has open although they were deleted, of this name.
fn deleted_but_open(path: &std::path::Path) -> usize {
    let gone = format!("{} (deleted)", path.display());
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    open.filter(|entry| {
        let target = entry.as_ref().ok().and_then(|entry| std::fs::read_link(entry.path()).ok());
        target.is_some_and(|target| target.display().to_string() == gone)
    })
    .count()
}

#[tokio::test]
async fn an_unread_replay_gives_back_its_place_and_the_disk_of_a_deleted_file() {
    let (file, library) = large();
    // A replay that is sent takes two descriptors; the third is somebody's who has not asked yet.
    let service = Service::with_sockets(3, impatient(), library).await;
    let stalled = unread_replay(&service).await;
    let silent = TcpStream::connect(service.audience.http_address()).await.unwrap();
    let path = file.path().to_owned();
    file.close().unwrap();
    assert_eq!(deleted_but_open(&path), 1, "it is being sent");
    // There is no other place: whoever comes is answered once the stalled one is gone.
    let answered = tokio::time::timeout(PATIENCE * 5, get(&service, "/healthz", ""));
    assert_eq!(answered.await.expect("the place is free again").0, 200);
    // It may have been the silent one's place, and files are closed by other threads.
    let closed = async {
        while deleted_but_open(&path) > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE * 5, closed).await.expect("its disk is given back");
    drop((stalled, silent));
    service.audience.shutdown().await;
}

#[tokio::test]
async fn an_unread_room_gives_back_its_place() {
    let service = Service::with_sockets(1, impatient(), TestLibrary::default()).await;
    let stream = narrow(&service).await;
    let url = format!("ws://{}/studio/room", service.audience.http_address());
    let (mut stalled, _) = soon(tokio_tungstenite::client_async(url, stream)).await.unwrap();
    stalled.send(Message::text(r#"{"type":"hello"}"#)).await.unwrap();
    let next = tokio::spawn({
        let address = service.audience.http_address();
        async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        }
    });
    say_much(&service).await;
    let answer = tokio::time::timeout(PATIENCE * 5, next).await.expect("the place is free again").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(stalled);
    service.audience.shutdown().await;
}

#[tokio::test]
async fn with_every_place_held_by_somebody_who_never_reads_the_end_takes_less_than_five_seconds() {
    let (_file, library) = large();
    let limits = ServiceLimits { outbox: 100_000, ..ServiceLimits::default() };
    let service = Service::with_sockets(5, limits, library).await;
    let replay = unread_replay(&service).await;
    let stream = narrow(&service).await;
    let url = format!("ws://{}/studio/room", service.audience.http_address());
    let (mut room, _) = soon(tokio_tungstenite::client_async(url, stream)).await.unwrap();
    room.send(Message::text(r#"{"type":"hello"}"#)).await.unwrap();
    let mut head = TcpStream::connect(service.audience.http_address()).await.unwrap();
    head.write_all(b"GET /healthz HTTP/1.1\r\nHost: local").await.unwrap();
    let mut idle = TcpStream::connect(service.audience.http_address()).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    soon(idle.read_exact(&mut [0; 15])).await.unwrap();
    say_much(&service).await;
    tokio::time::timeout(Duration::from_secs(5), service.audience.shutdown()).await.expect("it waits for nobody");
    drop((replay, room, head, idle));
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_more_gives_back_its_place() {
    let limits = ServiceLimits { request_head: PATIENCE, ..ServiceLimits::default() };
    let service = Service::with_sockets(1, limits, TestLibrary::default()).await;
    let mut idle = TcpStream::connect(service.audience.http_address()).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(PATIENCE * 5, idle.read_to_end(&mut answer)).await;
    assert!(ended.is_ok() && answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(get(&service, "/healthz", "").await.0, 200);
    service.audience.shutdown().await;
}

#[tokio::test]
async fn connections_and_rooms_are_counted_together() {
    let limits = ServiceLimits { request_head: PATIENCE, ..ServiceLimits::default() };
    let service = Service::with_sockets(2, limits, TestLibrary::default()).await;
    let mut ada = service.viewer().await;
    ada.hello(Some("Ada")).await;
    let mut bob = service.viewer().await;
    bob.hello(Some("Bob")).await;
    let mut third = TcpStream::connect(service.audience.http_address()).await.unwrap();
    third.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    assert!(
        tokio::time::timeout(PATIENCE, third.read_to_string(&mut answer)).await.is_err(),
        "two sockets are open, and no more may be: {answer}"
    );
    drop(ada.socket);
    soon(third.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    service.audience.shutdown().await;
}
