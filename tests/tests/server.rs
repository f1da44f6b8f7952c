//! `antenne-server`: a page of another site publishes its camera, people watch and write, and the replay stays.

use std::path::Path;

use antenne_tests::browser::Chromium;
use antenne_tests::deadline::until;
use antenne_tests::http::{ask, get};
use antenne_tests::peers::Proxy;
use antenne_tests::recording::Recording;
use antenne_tests::server::{Publisher, Server};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_in_a_browser_is_a_show_with_viewers_a_chat_and_a_replay() {
    let data = TempDir::new().expect("a folder");
    let mut server = Server::start(data.path(), &[]).await;
    let key = server.first_key().await;
    let viewer = Chromium::start_sized(1280, 800).await;
    viewer.open(&format!("{}/studio", server.base)).await;
    viewer.until("the page waits", "document.querySelector('[data-testid=state]')?.dataset.state === 'waiting'").await;

    let publisher = Publisher::start(&server.base, "studio", &key).await;
    assert_eq!(publisher.refused().await, Value::Null);
    let on_air = server.event("on_air").await;
    viewer.until("it is on air", "document.querySelector('[data-testid=state]').dataset.state === 'on_air'").await;
    viewer.follow_video().await;
    viewer.at_least("frames", "(window.antenneFollowed?.pictures ?? []).length", 60).await;
    viewer.until("there is sound", "window.antenneFollowed.loudest > 0.01").await;
    viewer.enter("message-input", "Hello from afar").await;
    viewer.enter("name-input", "Ada").await;
    viewer.find("accepted").await;
    viewer.screenshot("server-viewer").await;
    // Whom WebRTC does not reach, LL-HLS does, with the sound that the publisher sent.
    let playlist = until("HLS has its first segments, or cannot have any", || async {
        Some(get(&server.base, "/studio/index.m3u8").await).filter(|answer| answer.status != 503)
    })
    .await;
    assert!(playlist.text().contains("avc1.") && playlist.text().contains("opus"), "{}", playlist.text());

    publisher.stop().await;
    let ended = server.event("ended").await;
    assert_eq!((&ended["show"], &ended["episode"]), (&"studio".into(), &on_air["episode"]));
    let recording = Recording::open(Path::new(ended["recording"].as_str().expect("it was recorded")));
    let frames = recording.pictures().len();
    assert!(frames > 60, "{frames} frames");
    let sound = recording.sound();
    let loudest = sound.iter().fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
    assert!(loudest > 0.01, "the microphone's beep is heard: {loudest}");
    let replay = ended["replay_url"].as_str().expect("there is a replay");
    assert_eq!(get(&server.base, replay).await.status, 200);
    let timeline = get(&server.base, &format!("{replay}/timeline.json")).await.text();
    assert!(timeline.contains("Hello from afar"), "{timeline}");
    publisher.vanish().await;
    viewer.close().await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_publishes_without_the_shows_own_key() {
    let data = TempDir::new().expect("a folder");
    let mut server = Server::start(data.path(), &[]).await;
    let key = server.first_key().await;
    let mut add = Server::command(data.path());
    let made = add.args(["token", "add", "--show", "late-night"]).output().await.expect("it starts");
    let made: Value = serde_json::from_slice(&made.stdout).expect("a line of JSON");
    let other = made["token"].as_str().expect("a key").to_owned();

    let sdp = ("Content-Type", "application/sdp");
    let bearer = |key: &str| format!("Bearer {key}");
    for (path, authorization, status) in [
        ("/studio/whip", String::new(), 401),
        ("/studio/whip", bearer("0123456789abcdef0123456789abcdef"), 401),
        ("/studio/whip", bearer(&other), 401),
        ("/late-night/whip", bearer(&key), 401),
        ("/no-such-show/whip", bearer(&key), 401),
        ("/studio/whip", format!("Basic {key}"), 401),
        ("/studio/whip", bearer(&"x".repeat(5_000)), 401),
        ("/studio/whip", bearer("../../etc/passwd\t-------"), 401),
        ("/Studio%00/whip", bearer(&key), 401),
        // Whoever has the key learns what is wrong with the offer.
        ("/studio/whip", bearer(&key), 400),
        ("/late-night/whip", bearer(&other), 400),
    ] {
        let answer = ask(&server.base, "POST", path, &[sdp, ("Authorization", &authorization)], b"v=0").await;
        assert_eq!(answer.status, status, "{path} {authorization}: {}", answer.text());
        assert!(answer.json()["message"].is_string(), "{}", answer.text());
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
    }
    let own = bearer(&key);
    let plain = ask(&server.base, "POST", "/studio/whip", &[("Authorization", &own)], b"v=0").await;
    assert_eq!(plain.status, 415);
    let vp8 = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n\
               c=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-256 \
               00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n\
               a=setup:actpass\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n";
    let refused = ask(&server.base, "POST", "/studio/whip", &[sdp, ("Authorization", &own)], vp8.as_bytes()).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("VP8") && refused.text().contains("H.264"), "{}", refused.text());
    for (method, path) in [("DELETE", "/studio/whip/0011"), ("PATCH", "/studio/whip/0011")] {
        let headers = [("Authorization", own.as_str()), ("Content-Type", "application/trickle-ice-sdpfrag")];
        assert_eq!(ask(&server.base, method, path, &headers, b"a=x\r\n").await.status, 404, "{method}");
        assert_eq!(ask(&server.base, method, path, &headers[1..], b"a=x\r\n").await.status, 401, "{method}");
    }

    // A key that was taken back opens nothing; and none is written down.
    let mut revoke = Server::command(data.path());
    let id = made["id"].as_str().expect("it has a name");
    assert!(revoke.args(["token", "revoke", id]).status().await.expect("it starts").success());
    let revoked = bearer(&other);
    let answer = ask(&server.base, "POST", "/late-night/whip", &[sdp, ("Authorization", &revoked)], b"v=0").await;
    assert_eq!(answer.status, 401);
    let errors = server.process().errors();
    assert!(!errors.contains(&key) && !errors.contains(&other), "{errors}");
    server.end().await;
}

/// Frames that the viewer's page has shown since it was followed.
const SHOWN: &str = "(window.antenneFollowed?.pictures ?? []).length";

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_vanishes_comes_back_into_the_same_episode() {
    let data = TempDir::new().expect("a folder");
    let mut server = Server::start(data.path(), &["--grace", "1m"]).await;
    let key = server.first_key().await;
    let publisher = Publisher::start(&server.base, "studio", &key).await;
    let on_air = server.event("on_air").await;
    let viewer = Chromium::start_sized(1280, 800).await;
    viewer.open(&format!("{}/studio", server.base)).await;
    viewer.until("it is on air", "document.querySelector('[data-testid=state]')?.dataset.state === 'on_air'").await;
    viewer.follow_video().await;
    viewer.at_least("frames", SHOWN, 30).await;

    publisher.vanish().await;
    server.event("interrupted").await;
    viewer
        .until("the page says so", "document.querySelector('[data-testid=state]').dataset.state === 'interrupted'")
        .await;
    viewer.screenshot("server-interrupted").await;
    let before = viewer.run(&format!("return {SHOWN};")).await.as_u64().expect("a number");

    let publisher = Publisher::start(&server.base, "studio", &key).await;
    assert_eq!(publisher.refused().await, Value::Null);
    server.event("back").await;
    viewer.until("it goes on", "document.querySelector('[data-testid=state]').dataset.state === 'on_air'").await;
    viewer.at_least("frames of the same session", SHOWN, before + 30).await;

    publisher.stop().await;
    let ended = server.event("ended").await;
    assert_eq!(ended["episode"], on_air["episode"], "one episode");
    let recording = Recording::open(Path::new(ended["recording"].as_str().expect("it was recorded")));
    recording.decode_all();
    let length = ended["duration_ms"].as_f64().expect("a length") / 1000.0;
    assert!((recording.duration() - length).abs() < 0.2, "{} {length}", recording.duration());
    publisher.vanish().await;
    viewer.close().await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_on_air_has_the_replay_at_its_next_start() {
    let data = TempDir::new().expect("a folder");
    let mut server = Server::start(data.path(), &[]).await;
    let key = server.first_key().await;
    let publisher = Publisher::start(&server.base, "studio", &key).await;
    let on_air = server.event("on_air").await;
    let page = Chromium::start().await;
    page.open(&format!("{}/studio", server.base)).await;
    page.follow_video().await;
    page.at_least("frames", SHOWN, 60).await;
    server.process().kill().await;

    // The same key opens it; what was accepted is there.
    let again = Server::start(data.path(), &[]).await;
    let episode = on_air["episode"].as_str().expect("an episode");
    let replay = get(&again.base, &format!("/replays/{episode}/media.mp4")).await;
    assert_eq!(replay.status, 200, "{}", replay.text());
    let second = Publisher::start(&again.base, "studio", &key).await;
    assert_eq!(second.refused().await, Value::Null);
    let mut again = again;
    let next = again.event("on_air").await;
    assert_ne!(next["episode"], on_air["episode"]);
    publisher.vanish().await;
    second.vanish().await;
    page.close().await;
    again.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_as_the_documents_say_pages_rooms_and_publishers_pass() {
    let data = TempDir::new().expect("a folder");
    let options = ["--host", "live.example.org", "--trusted-proxy", "127.0.0.1", "--public-address", "192.0.2.7"];
    let mut server = Server::start(data.path(), &options).await;
    let key = server.first_key().await;
    let proxy = Proxy::start(&server.base).await;
    let host = ("Host", "live.example.org");
    assert_eq!(ask(&proxy.base(), "GET", "/studio", &[host], b"").await.status, 200);
    assert_eq!(ask(&proxy.base(), "GET", "/studio", &[("Host", "evil.example.org")], b"").await.status, 421);
    assert_eq!(
        ask(&proxy.base(), "GET", "/metrics", &[host], b"").await.status,
        404,
        "what was forwarded sees no figures"
    );

    let upgrade = [
        host,
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for (origin, status) in [("https://live.example.org", "101"), ("https://evil.example.org", "403")] {
        let headers: Vec<_> = upgrade.iter().copied().chain([("Origin", origin), ("Connection", "Upgrade")]).collect();
        let line = first_line(&proxy.base(), "/studio/room", &headers).await;
        assert_eq!(line.split(' ').nth(1), Some(status), "{origin}: {line}");
    }

    let offer = include_str!("../../src-tauri/crates/audience/tests/service/chromium.sdp");
    let offer = offer.replace("a=recvonly", "a=sendonly");
    let own = format!("Bearer {key}");
    let headers = [host, ("Authorization", own.as_str()), ("Content-Type", "application/sdp")];
    let answer = ask(&proxy.base(), "POST", "/studio/whip", &headers, offer.as_bytes()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(answer.header("location").is_some_and(|location| location.starts_with("/studio/whip/")));
    server.end().await;
}

/// The first line of the answer to a request that becomes something else than HTTP.
async fn first_line(base: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let address = base.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("the proxy listens");
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!("GET {path} HTTP/1.1\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.expect("it takes a request");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.expect("it answers");
    line.trim().to_owned()
}
