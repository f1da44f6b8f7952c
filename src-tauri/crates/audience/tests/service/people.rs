//! Who is here, and how they come back.

use audience::AudienceEvent;
use domain::room::RoomNews;
use domain::{AudienceStatus, Seq, Voice};
use serde_json::json;

use crate::support::{Service, Viewer};

#[tokio::test]
async fn a_token_resumes_an_identity_with_and_without_a_word() {
    let mut service = Service::start().await;
    let mut ada = service.viewer().await;
    let first = ada.hello(None).await;
    assert_eq!(first["viewer"]["name"], "");
    ada.send(json!({ "type": "say", "id": "c1", "text": "hi", "name": " Ada\u{202e} " })).await;
    assert_eq!(ada.next("said").await["viewer"]["name"], "Ada");
    drop(ada);
    service.open(2);
    let mut again = service.viewer().await;
    again.send(json!({ "type": "hello", "token": first["token"] })).await;
    let second = again.next("welcome").await;
    assert_eq!((&second["viewer"]["name"], &second["viewer"]["id"]), (&json!("Ada"), &first["viewer"]["id"]));
    let mut quiet = service.viewer().await;
    let first = quiet.hello(None).await;
    let mut back = service.viewer().await;
    back.send(json!({ "type": "hello", "token": first["token"] })).await;
    assert_eq!(back.next("welcome").await["viewer"], first["viewer"], "nobody said anything; the identity is the same");
    for bad in ["", "x", &"A".repeat(32), &"a".repeat(33)] {
        let mut stranger = service.viewer().await;
        stranger.send(json!({ "type": "hello", "token": bad })).await;
        assert_ne!(stranger.next("welcome").await["token"], json!(bad));
    }
    service
        .event(|event| match event {
            AudienceEvent::Room(RoomNews::Presence(AudienceStatus { people, .. }))
                if people.iter().any(|person| person.name == "Ada") =>
            {
                Some(())
            }
            _ => None,
        })
        .await;
    service.audience.shutdown().await;
}

#[tokio::test]
async fn the_host_removes_and_mutes_and_the_show_goes_through_its_states() {
    let mut service = Service::start().await;
    let (mut ada, mut bob) = (service.viewer().await, service.viewer().await);
    let ada_is = ada.hello(Some("Ada")).await["viewer"]["id"].as_str().unwrap().to_owned();
    bob.hello(Some("Bob")).await;
    ada.send(json!({ "type": "say", "id": "c1", "text": "rude" })).await;
    assert_eq!(ada.next("accepted").await["seq"], 1);
    assert!(service.show.remove_message(Seq(1)));
    assert_eq!(bob.next("removed").await["seq"], 1);
    service.event(|event| (event == AudienceEvent::Room(RoomNews::Removed(Seq(1)))).then_some(())).await;
    let mut carol = service.viewer().await;
    assert_eq!(carol.hello(None).await["backlog"], json!([]));
    assert!(service.show.set_voice(domain::ViewerId::parse(&ada_is).unwrap(), Voice::Muted));
    service
        .event(|event| matches!(event, AudienceEvent::Room(RoomNews::Voice { voice: Voice::Muted, .. })).then_some(()))
        .await;
    let voice = ada.next("voice").await;
    ada.send(json!({ "type": "say", "id": "c2", "text": "again" })).await;
    let refused = ada.next("refused").await;
    assert_eq!((&refused["code"], &refused["message"]), (&json!("muted"), &voice["message"]), "one wording");
    assert!(service.show.set_voice(domain::ViewerId::parse(&ada_is).unwrap(), Voice::Ejected));
    assert_eq!(ada.goodbye().await, (Some("removed".to_owned()), 1008));
    service.on_air();
    assert_eq!(bob.next("state").await["state"], "on_air");
    service.show.interrupted(true);
    assert_eq!(bob.next("state").await["state"], "interrupted");
    service.show.interrupted(false);
    assert_eq!(bob.next("state").await["state"], "on_air");
    service.show.set_on_picture(vec![domain::OnPicture::Chat]);
    assert_eq!(bob.next("state").await["on_picture"], json!(["chat"]));
    service.show.ended(Some("/replays/x".to_owned()));
    let over = bob.next("state").await;
    assert_eq!((&over["state"], &over["replay_url"]), (&json!("ended"), &json!("/replays/x")));
    bob.send(json!({ "type": "say", "id": "c3", "text": "late" })).await;
    assert_eq!(bob.next("refused").await["code"], "closed");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn where_the_replay_is_is_told_even_if_the_service_goes_at_once() {
    for _ in 0..20 {
        let service = Service::start().await;
        let mut ada = service.viewer().await;
        ada.hello(Some("Ada")).await;
        service.show.ended(Some("/replays/x".to_owned()));
        service.audience.shutdown().await;
        let over = ada.next("state").await;
        assert_eq!((&over["state"], &over["replay_url"]), (&json!("ended"), &json!("/replays/x")));
        assert_eq!(ada.goodbye().await, (Some("shutdown".to_owned()), 1001));
    }
}

#[tokio::test]
async fn another_episode_sends_everybody_into_its_own_room() {
    let mut service = Service::start().await;
    let mut ada = service.viewer().await;
    ada.hello(Some("Ada")).await;
    service.open(2);
    assert_eq!(ada.goodbye().await, (Some("ended".to_owned()), 1000));
    let mut back = Viewer::connect(&service.audience).await;
    assert_eq!(back.hello(Some("Ada")).await["state"], "waiting");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn hearts_reach_the_picture_at_once_everybody_in_windows_and_the_journal_by_seconds() {
    let mut service = Service::start().await;
    let (mut ada, mut bob) = (service.viewer().await, service.viewer().await);
    let hue = ada.hello(None).await["viewer"]["hue"].clone();
    bob.hello(None).await;
    ada.send(json!({ "type": "hearts", "count": 3 })).await;
    ada.send(json!({ "type": "hearts", "count": 4 })).await;
    let mut at_once = Vec::new();
    while at_once.len() < 2 {
        let heart = |event| {
            if let AudienceEvent::Room(RoomNews::Hearts { count, total, .. }) = event {
                Some((count, total))
            } else {
                None
            }
        };
        at_once.push(service.event(heart).await);
    }
    assert_eq!(at_once, [(3, 3), (4, 7)]);
    let mut seen = 0;
    while seen < 7 {
        let hearts = bob.next("hearts").await;
        seen += hearts["by_hue"][hue.to_string()].as_u64().unwrap();
        assert_eq!(hearts["total"], seen);
    }
    ada.send(json!({ "type": "hearts", "count": 51 })).await;
    assert_eq!(ada.next("refused").await["code"], "too_fast");
    crate::support::soon(async {
        while service.journal.hearts.lock().unwrap().values().sum::<u32>() < 7 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(bob.next("presence").await["viewers"], 2);
    service.audience.shutdown().await;
}
