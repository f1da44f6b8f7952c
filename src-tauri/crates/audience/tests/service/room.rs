//! People talk.

use audience::{AudienceEvent, ServiceLimits};
use domain::room::RoomNews;
use serde_json::json;

use crate::support::{Service, TestJournal, TestLibrary};

#[tokio::test]
async fn a_comment_is_accepted_only_when_it_is_in_the_archive() {
    let mut service = Service::start_with(ServiceLimits::default(), TestJournal::slow(), TestLibrary::default()).await;
    let (mut ada, mut bob) = (service.viewer().await, service.viewer().await);
    let welcome = ada.hello(Some("Ada")).await;
    assert_eq!(
        (&welcome["state"], &welcome["v"], &welcome["title"]),
        (&json!("waiting"), &json!(1), &json!("A title"))
    );
    bob.hello(None).await;
    ada.send(json!({ "type": "say", "id": "c1", "text": " Bonjour\u{202e} ! " })).await;
    // Bob's refusal is written after Ada's comment was looked at: had she been sent it, it would
    // have been before.
    bob.send(json!({ "type": "say", "id": "b1", "text": "hi" })).await;
    assert_eq!(bob.next("refused").await["code"], "name_needed");
    crate::support::soon(async {
        while service.journal.waiting.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    service.journal.keep(true);
    let said = bob.next("said").await;
    assert_eq!((&said["text"], &said["seq"], &said["viewer"]["name"]), (&json!("Bonjour !"), &json!(1), &json!("Ada")));
    assert_eq!(ada.next("accepted").await, json!({ "type": "accepted", "id": "c1", "seq": 1 }));
    let on_picture = service
        .event(|event| if let AudienceEvent::Room(RoomNews::Said(said)) = event { Some(said) } else { None })
        .await;
    assert_eq!(on_picture.text, "Bonjour !");
    service.audience.shutdown().await;
    assert_eq!(ada.goodbye().await, (Some("shutdown".to_owned()), 1001));
}
