//! Viewers who do not keep to the protocol.

use std::time::Duration;

use audience::ServiceLimits;
use futures_util::SinkExt;
use serde_json::json;
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::support::{Service, TestJournal, TestLibrary, soon};

#[tokio::test]
async fn a_frame_over_two_kibibytes_closes_the_socket_with_1009() {
    let service = Service::start().await;
    for size in [2049, 3 << 10, 15 << 10, 64 << 10, 1 << 20] {
        let mut viewer = service.viewer().await;
        viewer.hello(Some("Ada")).await;
        // The service may close while we still write.
        let _ = viewer.socket.send(Message::text("x".repeat(size))).await;
        let (reason, code) = viewer.goodbye().await;
        assert_eq!((reason.as_deref(), code), (Some("too_big"), 1009), "{size} bytes");
    }
    let mut viewer = service.viewer().await;
    viewer.hello(Some("Ada")).await;
    let padding = " ".repeat(2048 - r#"{"type":"hearts","count":1}"#.len());
    viewer.send_text(&format!("{}{padding}", r#"{"type":"hearts","count":1}"#)).await;
    viewer.next("hearts").await;
    service.audience.shutdown().await;
}

#[tokio::test]
async fn what_is_not_the_protocol_ends_the_conversation() {
    let service = Service::start().await;
    for nonsense in [Message::text("nonsense"), Message::text("[]"), Message::binary(vec![1, 2, 3]), Message::text("")]
    {
        let mut viewer = service.viewer().await;
        viewer.hello(Some("Ada")).await;
        viewer.socket.send(nonsense.clone()).await.unwrap();
        assert_eq!(viewer.goodbye().await, (Some("protocol".to_owned()), 1002), "{nonsense:?}");
    }
    let mut viewer = service.viewer().await;
    viewer.hello(Some("Ada")).await;
    let broken = Frame::message(vec![0xff, 0xfe, 0xfd], OpCode::Data(Data::Text), true);
    viewer.socket.send(Message::Frame(broken)).await.unwrap();
    assert_eq!(viewer.goodbye().await.1, 1002);
    let mut early = service.viewer().await;
    early.send(json!({ "type": "hearts", "count": 1 })).await;
    assert_eq!(early.goodbye().await, (Some("protocol".to_owned()), 1002), "hearts before hello");
    let mut torn = service.viewer().await;
    torn.send_text(r#"{"type":"hello","name":"\ud83d"}"#).await;
    assert_eq!(torn.goodbye().await, (Some("protocol".to_owned()), 1002), "a hello that cannot be read");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_refused_and_nothing_else() {
    let service = Service::start().await;
    let mut viewer = service.viewer().await;
    viewer.hello(Some("Ada")).await;
    for (text, id) in [
        (r#"{"type":"say","id":"c1","text":"nice \ud83d"}"#, json!("c1")),
        (r#"{"type":"say","id":"c2","text":7}"#, json!("c2")),
        (r#"{"type":"say","text":"without an id"}"#, json!(null)),
        ("{", json!(null)),
    ] {
        viewer.send_text(text).await;
        let refused = viewer.next("refused").await;
        assert_eq!((&refused["code"], &refused["id"]), (&json!("unreadable"), &id), "{text}");
        assert_eq!(refused["message"], "This could not be read here. Write it again in other words.");
    }
    viewer.send(json!({ "type": "say", "id": "c1", "text": "nice 👍" })).await;
    assert_eq!(viewer.next("said").await["text"], "nice 👍", "over the same socket");
    for _ in 0..40 {
        if viewer.socket.send(Message::text("{")).await.is_err() {
            break;
        }
    }
    assert_eq!(viewer.goodbye().await, (Some("protocol".to_owned()), 1002), "again and again is no conversation");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn what_a_later_version_says_is_ignored() {
    let service = Service::start().await;
    let mut viewer = service.viewer().await;
    viewer.send(json!({ "type": "greet", "later": true })).await;
    viewer.send(json!({ "type": "hello", "name": null, "later": { "a": [1] } })).await;
    viewer.next("welcome").await;
    viewer.send(json!({ "type": "wave" })).await;
    viewer.send(json!({ "type": "say", "id": "c1", "text": "hi", "name": "Ada", "mood": "good" })).await;
    assert_eq!(viewer.next("accepted").await["id"], "c1");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_hello_that_does_not_come_is_not_waited_for() {
    let limits = ServiceLimits { hello: Duration::from_millis(200), ..ServiceLimits::default() };
    let service = Service::start_with(limits, TestJournal::default(), TestLibrary::default()).await;
    let mut viewer = service.viewer().await;
    assert_eq!(viewer.goodbye().await, (Some("protocol".to_owned()), 1002));
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_flood_of_frames_ends_the_conversation_and_nobody_else_notices() {
    let service = Service::start().await;
    let mut other = service.viewer().await;
    other.hello(Some("Bob")).await;
    let mut viewer = service.viewer().await;
    viewer.hello(Some("Ada")).await;
    for _ in 0..500 {
        if viewer.socket.send(Message::text(r#"{"type":"hearts","count":1}"#)).await.is_err() {
            break;
        }
    }
    assert_eq!(viewer.goodbye().await.0.as_deref(), Some("protocol"));
    other.send(json!({ "type": "say", "id": "b1", "text": "still here" })).await;
    other.next("accepted").await;
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_viewer_who_does_not_read_is_dropped_and_the_others_lose_nothing() {
    let limits = ServiceLimits { outbox: 32, ..ServiceLimits::default() };
    let service = Service::start_with(limits, TestJournal::default(), TestLibrary::default()).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = soon(socket.connect(service.audience.http_address())).await.unwrap();
    let url = format!("ws://{}/studio/room", service.audience.http_address());
    let (mut slow, _) = soon(tokio_tungstenite::client_async(url, stream)).await.unwrap();
    slow.send(Message::text(r#"{"type":"hello"}"#)).await.unwrap();
    let mut other = service.viewer().await;
    other.hello(None).await;
    let dismissed = || async { crate::doors::get(&service, "/metrics", "").await.1.contains("dismissed_slow_total 1") };
    // Titles are long, and sent to everybody; the other one reads each.
    soon(async {
        let mut number = 0;
        while !dismissed().await {
            for _ in 0..50 {
                number += 1;
                service.show.set_title(format!("{number} {}", "long ".repeat(2000)));
                let state = other.next("state").await;
                assert!(state["title"].as_str().unwrap().starts_with(&format!("{number} ")));
            }
        }
    })
    .await;
    other.send(json!({ "type": "hearts", "count": 2 })).await;
    assert_eq!(other.next("hearts").await["total"], 2);
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_viewer_who_is_not_there_any_more_is_let_go() {
    let limits = ServiceLimits { silence: Duration::from_secs(2), ..ServiceLimits::default() };
    let service = Service::start_with(limits, TestJournal::default(), TestLibrary::default()).await;
    let mut other = service.viewer().await;
    let mut viewer = service.viewer().await;
    viewer.hello(Some("Ada")).await;
    // Nobody reads, so nobody answers the pings. The other one does both.
    other.hello(None).await;
    while other.next("presence").await["viewers"] != 1 {}
    drop(viewer);
    service.audience.shutdown().await;
}
