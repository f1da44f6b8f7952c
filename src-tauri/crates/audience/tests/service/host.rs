//! The host in the chat, names, and signs of life.

use std::time::{Duration, Instant};

use audience::ServiceLimits;
use domain::{PublicViewer, ViewerId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Service, TestJournal, TestLibrary};

#[tokio::test]
async fn what_the_host_says_reaches_everybody_with_a_badge_that_nobody_else_gets() {
    let journal = TestJournal::default();
    // A token whose row in the archive says what no row can: a badge is given to the host alone.
    let (token, forged) = ("0123456789abcdef0123456789abcdef", ViewerId::from_random([9; 16]));
    let viewer = PublicViewer { id: forged, name: "Host".into(), hue: 1, badge: Some("host".into()), n: None };
    journal.known.lock().unwrap().insert(Sha256::digest(token.as_bytes()).into(), viewer);
    let service = Service::start_with(ServiceLimits::default(), journal, TestLibrary::default()).await;
    let mut ada = service.viewer().await;
    ada.hello(Some("Ada")).await;
    assert!(service.show.say("Welcome, everybody!".into()));
    let said = ada.next("said").await;
    assert_eq!((&said["text"], &said["viewer"]["name"]), (&json!("Welcome, everybody!"), &json!("Host")));
    assert_eq!(said["viewer"]["badge"], "host");
    for name in ["Host", "h\u{43e}st", "HOST\u{200B}", "★ Host ★"] {
        let mut other = service.viewer().await;
        other.send(json!({ "type": "hello", "name": name, "token": token, "badge": "host" })).await;
        let welcome = other.next("welcome").await;
        assert_eq!((&welcome["viewer"]["name"], &welcome["viewer"]["badge"]), (&json!(""), &Value::Null), "{name}");
        assert_eq!(welcome["backlog"][0]["viewer"]["badge"], "host", "a newcomer sees it too");
        other.send(json!({ "type": "say", "id": "c", "text": "I am", "name": name, "badge": "host" })).await;
        let refused = other.next("refused").await;
        assert_eq!((&refused["code"], &refused["id"]), (&json!("name_needed"), &json!("c")), "{name}");
        assert_eq!(refused["message"], "That is what the host is called. Choose another name.");
    }
    let kept = service.journal.kept.lock().unwrap().clone();
    assert_eq!(kept.iter().map(|comment| comment.said.viewer.badge.as_deref()).collect::<Vec<_>>(), [Some("host")]);
    service.audience.shutdown().await;
}

#[tokio::test]
async fn twins_are_numbered_and_a_new_name_is_told_to_all() {
    let service = Service::start().await;
    let (mut ada, mut twin) = (service.viewer().await, service.viewer().await);
    ada.hello(Some("Ada")).await;
    twin.hello(Some("Аdа")).await;
    assert_eq!(twin.next("renamed").await["viewer"]["n"], 2, "it learns so at once");
    twin.send(json!({ "type": "say", "id": "c1", "text": "hello" })).await;
    assert_eq!(ada.next("said").await["viewer"]["n"], 2);
    ada.send(json!({ "type": "say", "id": "c1", "text": "hello" })).await;
    assert_eq!(twin.next("said").await["viewer"]["n"], 2, "their own");
    assert_eq!(twin.next("said").await["viewer"]["n"], Value::Null);
    twin.send(json!({ "type": "rename", "name": " Grace " })).await;
    let renamed = ada.next("renamed").await;
    assert_eq!((&renamed["viewer"]["name"], &renamed["viewer"]["n"]), (&json!("Grace"), &Value::Null));
    twin.send(json!({ "type": "rename", "id": "r", "name": "host" })).await;
    let refused = twin.next("refused").await;
    assert_eq!((&refused["code"], &refused["id"]), (&json!("name_needed"), &json!("r")));
    service.audience.shutdown().await;
}

#[tokio::test]
async fn whoever_is_sent_nothing_else_is_sent_a_beat() {
    let limits = ServiceLimits { beat: Duration::from_millis(400), ..ServiceLimits::default() };
    let service = Service::start_with(limits, TestJournal::default(), TestLibrary::default()).await;
    let (mut ada, mut bob) = (service.viewer().await, service.viewer().await);
    ada.hello(Some("Ada")).await;
    bob.hello(None).await;
    for viewer in [&mut ada, &mut bob] {
        viewer.next("beat").await;
        let started = Instant::now();
        for _ in 0..5 {
            viewer.next("beat").await;
        }
        // Five of at most 400 ms each; a busy machine may take twice as long.
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    }
    service.audience.shutdown().await;
}

#[test]
fn the_defaults_keep_the_promises_of_the_contract() {
    let limits = ServiceLimits::default();
    assert_eq!(limits.beat, Duration::from_secs(5));
    // What is said at the end may take two seconds more.
    assert!(limits.silence + Duration::from_secs(2) <= Duration::from_secs(10));
}
