//! A desktop that grants 1,024 open files, and more viewers than that: nobody takes the engine's.

use std::path::Path;
use std::time::Duration;

use antenne_tests::antenne::Antenne;
use antenne_tests::deadline::until_within;
use antenne_tests::measure::report;
use antenne_tests::peers::RtmpServer;
use antenne_tests::process::isolated;
use antenne_tests::recording::{Recording, longest_gap};
use antenne_tests::surroundings::Session;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const LIMIT: usize = 1_024;
const KNOCKING: usize = 1_200;
/// Connecting on loopback, by a busy machine.
const KNOCKED_WITHIN: Duration = Duration::from_secs(30);

/// Opens a socket to the room, and leaves it open whether somebody answers or not.
async fn knock(address: String) -> TcpStream {
    let mut socket = TcpStream::connect(&address).await.expect("the system queues connections");
    let request = format!(
        "GET /studio/room HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    // Whoever is turned away at once may not take it.
    let _refused = socket.write_all(request.as_bytes()).await;
    socket
}

fn open_files(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread")]
async fn more_viewers_than_open_files_take_nothing_from_camera_destination_and_recording() {
    let data = TempDir::new().expect("a folder");
    let session = Session::start().await;
    let camera = session.plug_camera("Studio Camera").await;
    let mut server = RtmpServer::start().await;
    let mut command = isolated("bash");
    command.args(["-c", &format!("ulimit -n {LIMIT}; exec \"$0\" \"$@\"")]).arg(Antenne::program());
    command.env("ANTENNE_LOG", "info");
    session.surround(&mut command);
    let url = server.url();
    let options =
        ["--mic", "test", "--size", "640x360", "--video-kbps", "800", "--listen", "127.0.0.1:0", "--to", &url];
    let mut antenne = Antenne::start(command, data.path(), &options);
    let on_air = antenne.on_air().await;
    let (mut seen, _) = antenne.event_after(0, "destination", |event| event["state"] == "on_air").await;

    let address = on_air.base().replace("http://", "");
    let alone = open_files(antenne.process().id());
    let mut sockets = Vec::new();
    for _ in 0..KNOCKING {
        sockets.push(tokio::time::timeout(KNOCKED_WITHIN, knock(address.clone())).await.expect("it connects"));
    }
    // As many are let in as are to be: no place is left, and nobody is turned away for want of a file.
    let (mut most, mut looks) = (0, 0);
    until_within(KNOCKED_WITHIN, "nobody else is let in", || {
        let open = open_files(antenne.process().id());
        looks = if open > most { 0 } else { looks + 1 };
        most = most.max(open);
        std::future::ready((most > alone + 100 && looks > 20).then_some(()))
    })
    .await;
    assert!(most + 128 < LIMIT, "{most} of {LIMIT} files are open");

    camera.pull().await;
    antenne.event_where("source", |event| event["state"] == "lost").await;
    server.stop().await;
    (seen, _) = antenne.event_after(seen, "destination", |event| event["state"] == "retrying").await;
    let _camera = session.plug_camera("Studio Camera").await;
    antenne.event_where("source", |event| event["state"] == "back").await;
    server.restart().await;
    antenne.event_after(seen, "destination", |event| event["state"] == "on_air").await;

    let ended = antenne.end().await;
    assert!(!antenne.process().errors().contains("cannot accept"), "{}", antenne.process().errors());
    let recording = Recording::open(Path::new(ended["recording"].as_str().expect("it was recorded")));
    recording.decode_all();
    let gap = longest_gap(recording.pictures().iter().map(|picture| picture.pts));
    assert!(gap < 0.05, "the picture has a hole of {gap} s");
    report(format!("{alone} files open alone, {most} with {} at the door", sockets.len()));
}
