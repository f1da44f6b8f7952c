//! What strangers may send: text and numbers, bounded; everything else is refused, and the show
//! goes on.

use antenne_tests::antenne::Antenne;
use antenne_tests::http::{Answer, ask, get};
use antenne_tests::room::{Guest, provoke};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;

const TINY: &[&str] = &["--camera", "test", "--mic", "test", "--size", "320x180", "--listen", "127.0.0.1:0"];

/// An error as the contract has it: the status, and JSON with a code and a message.
#[track_caller]
fn assert_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let problem = answer.json();
    assert!(problem["code"].is_string() && problem["message"].is_string(), "{}", answer.text());
    assert!(answer.header("access-control-allow-origin").is_none() && answer.header("set-cookie").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_origins_paths_and_bodies_are_checked() {
    let data = TempDir::new().expect("a folder");
    let mut antenne = Antenne::live(data.path(), &[TINY, &["--host", "Studio.example.org"]].concat());
    let on_air = antenne.on_air().await;
    let base = on_air.base();

    // Names that are ours, and names that are not (DNS rebinding).
    for host in ["studio.example.org", "STUDIO.example.org:443"] {
        assert_eq!(ask(&base, "GET", "/studio", &[("Host", host)], b"").await.status, 200, "{host}");
    }
    for host in ["evil.example", "evil.example:8420", "127.0.0.1.evil.example", ""] {
        assert_problem(&ask(&base, "GET", "/studio", &[("Host", host)], b"").await, 421);
    }
    let port = base.rsplit(':').next().expect("a port").to_owned();
    assert_eq!(ask(&base, "GET", "/studio", &[("Host", &format!("localhost:{port}"))], b"").await.status, 200);

    // Paths that lead out of where they should stay.
    for path in [
        "/replays/../../etc/passwd",
        "/replays/%2e%2e%2f%2e%2e%2fetc%2fpasswd/media.mp4",
        "/replays/..%2farchive.db/media.mp4",
        "/assets/../../archive.db",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets//etc/passwd",
        "/replays/0123456789abcdef0123456789abcdef/media.mp4",
        "/replays/x/timeline.json",
        "/no-such-show",
        "/%00",
        "/studio/whip",
    ] {
        let answer = get(&base, path).await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
        assert!(!answer.text().contains("root:") && !answer.text().contains("SQLite"), "{path}");
    }

    // Offers that are none, too large, or of another kind.
    let sdp = [("Content-Type", "application/sdp")];
    assert_problem(&ask(&base, "POST", "/studio/whep", &sdp, b"v=0\r\nnonsense").await, 400);
    assert_problem(&ask(&base, "POST", "/studio/whep", &sdp, b"").await, 400);
    assert_problem(&ask(&base, "POST", "/studio/whep", &sdp, &[0xff; 100]).await, 400);
    assert_problem(&ask(&base, "POST", "/studio/whep", &sdp, &vec![b'a'; 100_000]).await, 413);
    assert_problem(&ask(&base, "POST", "/studio/whep", &[("Content-Type", "text/plain")], b"v=0").await, 415);
    assert_problem(&ask(&base, "DELETE", "/studio/whep/0123456789abcdef0123456789abcdef", &[], b"").await, 404);

    // Watched from elsewhere: the room's Origin must be its own.
    let origin = provoke(&on_air.room_url, &[("Origin", "http://evil.example")], Vec::new()).await;
    assert!(matches!(origin, Err(403 | 400 | 421)), "{origin:?}");

    assert_eq!(get(&base, "/healthz").await.status, 200);
    let metrics = get(&base, "/metrics").await;
    assert!(metrics.status == 200 && metrics.text().contains("# "), "{}", metrics.text());
    antenne.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_room_keeps_its_rules_and_a_frame_too_many_costs_only_its_sender() {
    let data = TempDir::new().expect("a folder");
    let mut antenne = Antenne::live(data.path(), TINY);
    let room = antenne.on_air().await.room_url;
    let mut witness = Guest::join(&room, Some("Ada")).await;
    let hello = || Message::text(json!({"type": "hello", "name": "Mallory"}).to_string());

    // Over 2 KiB: 1009. Nonsense: closed with a reason, or passed over, but never an answer in kind.
    let big = provoke(&room, &[], vec![hello(), Message::text("x".repeat(3_000))]).await.expect("it opens");
    assert_eq!(big.close, Some(1009), "{big:?}");
    for nonsense in ["", "{", "[]", "null", "\"hello\"", "{\"type\":\"say\"}", "{\"type\":{}}", "\u{0}"] {
        let farewell = provoke(&room, &[], vec![Message::text(nonsense)]).await.expect("it opens");
        assert!(farewell.messages.iter().all(|message| message["type"] == "bye"), "{nonsense:?}: {farewell:?}");
    }
    let binary = provoke(&room, &[], vec![Message::binary(vec![0xff; 64])]).await.expect("it opens");
    assert!(binary.messages.iter().all(|message| message["type"] == "bye"), "{binary:?}");

    // Refusals have codes.
    let mut nobody = Guest::join(&room, None).await;
    for (id, text, code) in [("a", "hello", "name_needed"), ("b", "   ", "empty"), ("c", &"x".repeat(501), "too_long")]
    {
        let name = if code == "name_needed" { Value::Null } else { json!("Mallory") };
        nobody.send(&json!({"type": "say", "id": id, "text": text, "name": name})).await;
        let refused = nobody.next_where(|message| message["id"] == id).await;
        assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!(code)), "{refused}");
    }

    // Unknown types and fields are passed over; markup and controls are text, or nothing.
    witness.send(&json!({"type": "dance", "with": "me"})).await;
    let text = "<b onclick=alert(1)>x</b>\u{202e}\u{0007} {{7*7}} %s ';DROP TABLE chat;--";
    witness.send(&json!({"type": "say", "id": "d", "text": text, "extra": [1, 2]})).await;
    let said = witness.next("said").await;
    let kept = said["text"].as_str().expect("text");
    assert!(kept.contains("<b onclick=alert(1)>") && !kept.contains('\u{202e}') && !kept.contains('\u{7}'), "{kept}");

    // Hearts by the thousand, and far too fast: bounded.
    for count in [0, 51, 1_000_000] {
        witness.send(&json!({"type": "hearts", "count": count})).await;
    }
    for _ in 0..40 {
        witness.hearts(50).await;
    }
    witness.next_where(|message| message["type"] == "refused" && message["code"] == "too_fast").await;

    // The others were never disturbed.
    let seen = antenne.events().len();
    let (_, stats) = antenne.event_after(seen, "stats", |_| true).await;
    assert!(stats["hearts"].as_u64().is_some_and(|hearts| hearts < 2_000), "{stats}");
    witness.next("presence").await;
    antenne.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_brings_an_identity_back_and_is_nowhere_to_be_read() {
    let data = TempDir::new().expect("a folder");
    let mut antenne = Antenne::live(data.path(), TINY);
    let room = antenne.on_air().await.room_url;
    let mut first = Guest::join(&room, Some("Ada")).await;
    first.say("c1", "remember me").await;
    let token = first.welcome()["token"].as_str().expect("a token").to_owned();
    let again = Guest::rejoin(&room, &token).await;
    assert_eq!(again.welcome()["viewer"]["id"], first.welcome()["viewer"]["id"]);
    assert_eq!(again.welcome()["viewer"]["name"], "Ada");
    let other = Guest::rejoin(&room, &"0".repeat(32)).await;
    assert_ne!(other.welcome()["viewer"]["id"], first.welcome()["viewer"]["id"]);
    let bytes = antenne_tests::archive::bytes(&antenne.archive());
    assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()), "only a hash is stored");
    assert!(!antenne.process().errors().contains(&token));
    antenne.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_of_a_replay_are_exact_or_refused() {
    let data = TempDir::new().expect("a folder");
    let mut antenne = Antenne::live(data.path(), &[TINY, &["--for", "2s"][..]].concat());
    let ended = antenne.event("ended").await;
    let episode = ended["episode"].as_str().expect("the end names the episode").to_owned();
    assert!(antenne.exit().await.success());
    let file = std::fs::read(ended["recording"].as_str().expect("it was recorded")).expect("it is there");

    let mut antenne = Antenne::live(data.path(), TINY);
    let base = antenne.on_air().await.base();
    let path = format!("/replays/{episode}/media.mp4");
    let whole = get(&base, &path).await;
    assert_eq!((whole.status, whole.body.len()), (200, file.len()));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    let end = file.len() - 1;
    for (range, from, to) in [
        ("bytes=0-0".to_owned(), 0, 0),
        ("bytes=10-99".to_owned(), 10, 99),
        ("bytes=100-".to_owned(), 100, end),
        ("bytes=-50".to_owned(), file.len() - 50, end),
        (format!("bytes=0-{}", file.len() + 1000), 0, end),
    ] {
        let part = ask(&base, "GET", &path, &[("Range", &range)], b"").await;
        assert_eq!(part.status, 206, "{range}");
        assert_eq!(part.header("content-range"), Some(format!("bytes {from}-{to}/{}", file.len()).as_str()), "{range}");
        assert!(part.body == file[from..=to], "{range}: other bytes");
    }
    for range in [format!("bytes={}-", file.len()), "bytes=99999999999999999999-".to_owned()] {
        let refused = ask(&base, "GET", &path, &[("Range", &range)], b"").await;
        assert_eq!(refused.status, 416, "{range}");
        assert_eq!(refused.header("content-range"), Some(format!("bytes */{}", file.len()).as_str()), "{range}");
    }
    // What is no range is as if it were not there.
    for range in ["bytes=9-5", "bytes=a-b", "bytes=", "items=0-1", "bytes=-", "bytes=--1"] {
        let answer = ask(&base, "GET", &path, &[("Range", range)], b"").await;
        assert_eq!((answer.status, answer.body.len()), (200, file.len()), "{range}");
    }
    antenne.end().await;
}
