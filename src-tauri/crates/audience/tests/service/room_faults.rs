//! Defects and floods inside a room: nobody loses what was accepted, and what the host does is done.

use std::time::Duration;

use audience::{AudienceEvent, ServiceLimits};
use domain::room::{Limits, RoomNews};
use domain::{Seq, ViewerId, Voice};
use serde_json::json;

use crate::support::{Service, TestJournal, TestLibrary, Viewer};

const POISON: &str = "poison";
/// A defect is noticed within a second; five times as long where much else runs.
const NOTICED: Duration = Duration::from_secs(5);

async fn fragile() -> Service {
    let journal = TestJournal { poison: Some(POISON), ..TestJournal::default() };
    Service::start_with(ServiceLimits::default(), journal, TestLibrary::default()).await
}

async fn say(viewer: &mut Viewer, id: &str, text: &str) {
    viewer.send(json!({ "type": "say", "id": id, "text": text })).await;
}

async fn noticed(service: &mut Service, wanted: AudienceEvent) {
    let event = service.event(|event| (event == wanted).then_some(()));
    tokio::time::timeout(NOTICED, event).await.expect("a defect is noticed within a second");
}

#[tokio::test]
async fn a_room_that_panics_goes_on_with_its_people_order_totals_and_moderation() {
    let mut service = fragile().await;
    let (mut ada, mut bob, mut eve) = (service.viewer().await, service.viewer().await, service.viewer().await);
    ada.hello(Some("Ada")).await;
    let bob_is = bob.hello(Some("Bob")).await;
    let eve_is = eve.hello(Some("Eve")).await;
    service.on_air();
    say(&mut ada, "c1", "hello").await;
    assert_eq!(ada.next("accepted").await["seq"], 1);
    bob.send(json!({ "type": "hearts", "count": 5 })).await;
    assert_eq!(bob.next("hearts").await["total"], 5);
    assert!(service.show.set_voice(ViewerId::parse(eve_is["viewer"]["id"].as_str().unwrap()).unwrap(), Voice::Muted));
    eve.next("voice").await;

    say(&mut ada, "c2", POISON).await;
    noticed(&mut service, AudienceEvent::RoomRestarted).await;
    assert_eq!(ada.goodbye().await, (Some("protocol".to_owned()), 1002), "whose comment it was comes back later");
    let again = bob.next("welcome").await;
    assert_eq!((&again["viewer"], &again["token"]), (&bob_is["viewer"], &bob_is["token"]), "they never left");
    assert_eq!((&again["state"], &again["hearts"]), (&json!("on_air"), &json!(5)));
    assert_eq!(again["backlog"][0]["text"], "hello");
    say(&mut bob, "c1", "still here").await;
    assert!(bob.next("accepted").await["seq"].as_u64() > Some(1), "places go on");
    eve.next("welcome").await;
    say(&mut eve, "c1", "hi").await;
    assert_eq!(eve.next("refused").await["code"], "muted");
    let mut ada = service.viewer().await;
    ada.hello(Some("Ada")).await;
    say(&mut ada, "c3", "back").await;
    assert_eq!(bob.next("said").await["text"], "back");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_comment_on_its_way_into_the_archive_outlives_a_panic() {
    let journal = TestJournal { poison: Some(POISON), ..TestJournal::slow() };
    let mut service = Service::start_with(ServiceLimits::default(), journal, TestLibrary::default()).await;
    let (mut ada, mut eve) = (service.viewer().await, service.viewer().await);
    ada.hello(Some("Ada")).await;
    eve.hello(Some("Eve")).await;
    say(&mut ada, "c1", "on its way").await;
    crate::support::soon(async {
        while service.journal.waiting.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    say(&mut eve, "c1", POISON).await;
    noticed(&mut service, AudienceEvent::RoomRestarted).await;
    service.journal.keep(true);
    ada.next("welcome").await;
    assert_eq!(ada.next("said").await["text"], "on its way");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_room_that_panics_again_and_again_ends_honestly() {
    let mut service = fragile().await;
    let mut bob = service.viewer().await;
    bob.hello(Some("Bob")).await;
    for number in 0..6 {
        let mut eve = service.viewer().await;
        eve.hello(Some("Eve")).await;
        say(&mut eve, "c1", POISON).await;
        let expected = if number < 5 { AudienceEvent::RoomRestarted } else { AudienceEvent::RoomLost };
        noticed(&mut service, expected).await;
    }
    assert_eq!(bob.goodbye().await, (Some("shutdown".to_owned()), 1001));
    assert!(!service.show.remove_message(Seq(1)), "the studio knows that nobody will answer");
    service.open(2);
    service.viewer().await.hello(Some("Bob")).await;
    service.audience.shutdown().await;
}

/// The room's queue of the host's acts, the lane to the studio, and what waits for it: all full.
#[tokio::test]
async fn no_removal_is_lost_however_full_every_queue_is() {
    const WRITERS: u64 = 30;
    const EACH: u64 = 45;
    let room = Limits { say_burst: 100, accepted_a_second: 100_000, shown_a_second: 100_000, ..Limits::default() };
    let limits = ServiceLimits { room, outbox: 8192, ..ServiceLimits::default() };
    let mut service = Service::start_with(limits, TestJournal::default(), TestLibrary::default()).await;
    for _ in 0..WRITERS {
        let mut writer = service.viewer().await;
        writer.hello(Some("Ada")).await;
        for number in 0..EACH {
            say(&mut writer, &number.to_string(), "hi").await;
        }
        for _ in 0..EACH {
            writer.next("accepted").await;
        }
    }
    // Nobody took an event so far: 1,024 fill the lane, and the rest waits. Now the host, all at once.
    for seq in 1..=WRITERS * EACH {
        assert!(service.show.remove_message(Seq(seq)));
    }
    for seq in 1..=WRITERS * EACH {
        let removed = |event| match event {
            AudienceEvent::Room(RoomNews::Removed(seq)) => Some(seq),
            _ => None,
        };
        assert_eq!(service.event(removed).await, Seq(seq));
    }
    service.audience.shutdown().await;
}
