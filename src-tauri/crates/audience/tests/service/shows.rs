//! Several shows at once.

use std::sync::Arc;

use audience::client::{ClientError, Units, WhepClient};
use domain::ShowSlug;
use media::{Look, Program, Track, Tracks};
use serde_json::json;

use crate::support::{Service, TestJournal, Viewer, episode, picture, soon, sound};

fn late_night() -> ShowSlug {
    ShowSlug::parse("late-night").unwrap()
}

async fn watch(service: &Service, show: &ShowSlug) -> (WhepClient, Units) {
    let client = soon(WhepClient::connect(&service.url(&format!("/{show}/whep")))).await.unwrap();
    let units = Units::of(client.program(), Tracks::only(Track::Video));
    (client, units)
}

#[tokio::test]
async fn two_shows_have_programs_rooms_and_ends_of_their_own() {
    let service = Service::start().await;
    let journal = Arc::new(TestJournal::default());
    let (late, mut late_events) = service.audience.open(episode(late_night(), 9, journal.clone()));
    let (one, two) = (service.program.clone(), Program::new(Look::Dressed));
    one.publish(picture(0, true, 400));
    two.publish(picture(30, true, 900));
    service.show.on_air(&one);
    late.on_air(&two);

    // Each viewer sees the show that they asked for.
    let (first, mut ones) = watch(&service, service.show.slug()).await;
    let (second, mut twos) = watch(&service, &late_night()).await;
    assert_eq!(soon(ones.recv()).await.expect("a picture").data, picture(0, true, 400).data);
    assert_eq!(soon(twos.recv()).await.expect("a picture").data, picture(30, true, 900).data);
    one.publish(picture(1, false, 300));
    one.publish(sound(2));
    two.publish(picture(31, false, 300));
    assert_eq!(soon(ones.recv()).await.expect("a picture").data, picture(1, false, 300).data);
    assert_eq!(soon(twos.recv()).await.expect("a picture").data, picture(31, false, 300).data);

    // Each room hears its own people, at its own program's time.
    let mut ada = Viewer::connect_to(&service.audience, service.show.slug()).await;
    let mut bob = Viewer::connect_to(&service.audience, &late_night()).await;
    ada.hello(Some("Ada")).await;
    assert!(bob.hello(Some("Bob")).await["program_ms"].as_u64().unwrap() >= 1000);
    bob.send(json!({ "type": "say", "id": "b", "text": "late" })).await;
    assert_eq!(bob.next("said").await["text"], "late");
    ada.send(json!({ "type": "say", "id": "a", "text": "early" })).await;
    assert_eq!(ada.next("said").await["text"], "early", "the other room's comment would have come before");
    let texts = |journal: &TestJournal| -> Vec<String> {
        journal.kept.lock().unwrap().iter().map(|comment| comment.said.text.clone()).collect()
    };
    assert_eq!((texts(&service.journal), texts(&journal)), (vec!["early".to_owned()], vec!["late".to_owned()]));
    let (_, figures) = crate::doors::get(&service, "/metrics", "").await;
    for figure in ["antenne_whep_sessions 2\n", "antenne_room_connections 2\n", "antenne_chat_total 2\n"] {
        assert!(figures.contains(figure), "{figure:?} {figures}");
    }

    // The end of one is nobody else's.
    late.ended(None);
    assert!(soon(twos.recv()).await.is_none());
    assert_eq!(bob.next("state").await["state"], "ended");
    let refused = soon(WhepClient::connect(&service.url("/late-night/whep"))).await.err().expect("refused");
    assert!(matches!(refused, ClientError::Refused { status: 409, .. }), "{refused}");
    one.publish(picture(2, false, 300));
    assert_eq!(soon(ones.recv()).await.expect("a picture").data, picture(2, false, 300).data);
    late.close();
    assert_eq!(bob.goodbye().await, (Some("ended".to_owned()), 1000));
    assert_eq!(crate::doors::get(&service, "/late-night", "").await.0, 404);
    soon(async { while late_events.recv().await.is_some() {} }).await;
    ada.send(json!({ "type": "say", "id": "a2", "text": "still here" })).await;
    assert_eq!(ada.next("said").await["text"], "still here");
    assert!(crate::doors::get(&service, "/metrics", "").await.1.contains("antenne_chat_total 3\n"));
    first.close().await;
    drop(second);
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_session_can_only_be_ended_at_its_own_show() {
    let service = Service::start().await;
    let (late, _events) = service.audience.open(episode(late_night(), 9, service.journal.clone()));
    service.program.publish(picture(0, true, 100));
    service.show.on_air(&service.program);
    late.on_air(&service.program);
    let offer = include_str!("chromium.sdp").replace('\n', "\r\n");
    let (status, answer) = crate::doors::post_offer(&service, "Content-Type: application/sdp\r\n", &offer).await;
    assert_eq!(status, 201, "{answer}");
    let location =
        answer.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("location: ").map(str::to_owned));
    let id = location.unwrap().trim().rsplit('/').next().unwrap().to_owned();
    let delete =
        |show: &str| format!("DELETE /{show}/whep/{id} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(crate::doors::raw(&service, &delete("late-night")).await.0, 404);
    assert_eq!(crate::doors::raw(&service, &delete("studio")).await.0, 200);
    service.audience.shutdown().await;
}

#[test]
fn no_show_can_have_an_address_of_the_service() {
    for reserved in ShowSlug::RESERVED {
        assert!(ShowSlug::parse(reserved).is_err(), "{reserved}");
    }
}
