//! Addresses that lead nowhere, and the ways on from there: for people and for programs.

use std::collections::BTreeMap;

use audience::ServiceLimits;
use domain::{ReplayState, ShowSlug};

use crate::doors::get;
use crate::replays::{id, replay};
use crate::support::{Service, TestJournal, TestLibrary, episode};

const PERSON: &str = "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n";

fn location(answer: &str) -> Option<&str> {
    answer.lines().find_map(|line| line.strip_prefix("location: "))
}

fn body(answer: &str) -> serde_json::Value {
    answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_default()
}

#[tokio::test]
async fn people_are_led_to_what_they_meant_and_programs_are_told() {
    let service = Service::start().await;
    for path in ["/", "/studio/", "/Studio", "/STUDIO/", "//studio"] {
        let (status, answer) = get(&service, path, PERSON).await;
        assert_eq!((status, location(&answer)), (307, Some("/studio")), "{path}: {answer}");
        let (status, answer) = get(&service, path, "").await;
        assert_eq!((status, body(&answer)["code"].as_str()), (404, Some("not_found")), "{path}: {answer}");
        assert_eq!(location(&answer), None, "{path}");
    }
    let episode = "0123456789abcdef0123456789abcdef";
    let (status, answer) = get(&service, &format!("/replays/{episode}/"), PERSON).await;
    assert_eq!((status, location(&answer)), (307, Some(&*format!("/replays/{episode}"))), "{answer}");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn an_address_never_leads_to_another_host() {
    let service = Service::start().await;
    for path in ["//evil.example", "//evil.example/", "/%2F%2Fevil.example", "/\\evil.example", "/studio%0d%0aX: y"] {
        let (status, answer) = get(&service, path, PERSON).await;
        assert!((400..500).contains(&status), "{path}: {answer}");
        assert_eq!(location(&answer), None, "{path}");
    }
    service.audience.shutdown().await;
}

#[tokio::test]
async fn where_nothing_is_people_get_a_page_with_the_right_status() {
    let service = Service::start().await;
    let cases = [("/no-such-show", 404), ("/a/b/c", 404), ("/studio/whep", 405), ("/replays", 404), ("/healthz/", 404)];
    for (path, expected) in cases {
        let (status, answer) = get(&service, path, PERSON).await;
        assert_eq!(status, expected, "{path}: {answer}");
        assert!(answer.contains("content-type: text/html") && answer.contains("<title>Nothing here"), "{answer}");
        let (status, answer) = get(&service, path, "Accept: */*\r\n").await;
        assert_eq!(status, expected, "{path}");
        assert!(body(&answer)["message"].is_string(), "{path}: {answer}");
    }
    service.show.close();
    let (status, answer) = get(&service, "/", PERSON).await;
    assert!(status == 404 && answer.contains("text/html"), "nothing is open: {answer}");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_page_learns_what_is_open_and_the_last_replay() {
    let found = replay(1, Some("/r/1.mp4".to_owned()), ReplayState::Whole);
    let library = TestLibrary { replays: BTreeMap::from([(id(1), (found, None))]) };
    let mut service = Service::start_with(ServiceLimits::default(), TestJournal::default(), library).await;
    let (status, answer) = get(&service, "/studio/show.json", "").await;
    let page = body(&answer);
    assert_eq!((status, &page["title"], &page["on_air"]), (200, &"A title".into(), &false.into()), "{answer}");
    assert_eq!(page["room_full"], false);
    assert_eq!(page["last_replay"]["address"], format!("/replays/{}", id(1)), "{answer}");
    assert_eq!(get(&service, "/none/show.json", "").await.0, 404);

    service.on_air();
    service.show.set_title("Another".to_owned());
    let garden = ShowSlug::parse("garden").expect("a short name");
    let (second, _events) = service.audience.open(episode(garden, 2, service.journal.clone()));
    let (_, answer) = get(&service, "/shows.json", "").await;
    let shows = serde_json::json!([
        {"address": "/garden", "title": "A title", "on_air": false},
        {"address": "/studio", "title": "Another", "on_air": true},
    ]);
    assert_eq!(body(&answer)["shows"], shows, "{answer}");
    assert_eq!(body(&get(&service, "/garden/show.json", "").await.1)["last_replay"], serde_json::Value::Null);
    let (status, answer) = get(&service, "/", PERSON).await;
    assert!(status == 200 && answer.contains("text/html"), "two are open, which nobody chooses from: {answer}");
    second.close();
    service.open(3);
    assert_eq!(body(&get(&service, "/studio/show.json", "").await.1)["title"], "A title", "the next episode's");
    service.audience.shutdown().await;
}
