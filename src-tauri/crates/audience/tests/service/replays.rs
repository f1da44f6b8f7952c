//! Episodes watched afterwards: files in parts, what is gone, what never was.

use std::collections::BTreeMap;
use std::io::Write;

use audience::{ReplayLookup, ServiceLimits};
use domain::{EpisodeId, Replay, ReplayState, ShowSlug, Timeline, UnixMs};

use crate::doors::get;
use crate::support::{Service, TestJournal, TestLibrary};

pub(crate) fn id(number: u8) -> EpisodeId {
    EpisodeId::from_random([number; 16])
}

pub(crate) fn replay(number: u8, path: Option<String>, state: ReplayState) -> ReplayLookup {
    let replay = Replay {
        episode: id(number),
        show: ShowSlug::default(),
        title: "A title".to_owned(),
        started_at: UnixMs(1),
        ended_at: Some(UnixMs(2)),
        duration_ms: 1000,
        bytes: 1000,
        path,
        hearts: 0,
        chat: 0,
        viewers: 0,
        state,
        expires_at: None,
    };
    ReplayLookup::Found { replay }
}

/// Episode 1 has `file` as its recording; others have faults of all kinds.
pub(crate) fn library(file: &tempfile::NamedTempFile) -> TestLibrary {
    let path = Some(file.path().display().to_string());
    let timeline = Timeline { title: "A title".to_owned(), ..Timeline::default() };
    let replays = BTreeMap::from([
        (id(1), (replay(1, path.clone(), ReplayState::Whole), Some(timeline))),
        (id(2), (ReplayLookup::Gone, None)),
        (id(3), (replay(3, Some("/nowhere/at/all.mp4".to_owned()), ReplayState::Whole), None)),
        (id(4), (replay(4, None, ReplayState::Whole), None)),
        (id(5), (replay(5, path, ReplayState::OnAir), None)),
        (id(6), (replay(6, Some("/".to_owned()), ReplayState::Whole), None)),
    ]);
    TestLibrary { replays }
}

async fn service(file: &tempfile::NamedTempFile) -> Service {
    Service::start_with(ServiceLimits::default(), TestJournal::default(), library(file)).await
}

fn recording() -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let text: String = (0..40_000).map(|number| format!("{number:05}")).collect();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[tokio::test]
async fn a_recording_comes_whole_and_in_parts() {
    let file = recording();
    let service = service(&file).await;
    let path = format!("/replays/{}/media.mp4", id(1));
    let (status, whole) = get(&service, &path, "").await;
    assert_eq!((status, body(&whole).len()), (200, 200_000));
    assert!(whole.contains("video/mp4") && whole.contains("accept-ranges: bytes"));
    let tag = whole.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
    let cases = [
        ("bytes=0-4", 206, "00000", "0-4"),
        ("bytes=199995-", 206, "39999", "199995-199999"),
        ("bytes=-5", 206, "39999", "199995-199999"),
        ("bytes=199995-99999999999999999999", 206, "39999", "199995-199999"),
    ];
    for (range, status, text, content) in cases {
        let answer = get(&service, &path, &format!("Range: {range}\r\n")).await;
        assert_eq!((answer.0, body(&answer.1)), (status, text), "{range}");
        assert!(answer.1.contains(&format!("content-range: bytes {content}/200000")), "{}", answer.1);
    }
    for unsatisfiable in ["bytes=200000-", "bytes=-0", "bytes=99999999999999999999-"] {
        let (status, answer) = get(&service, &path, &format!("Range: {unsatisfiable}\r\n")).await;
        assert_eq!(status, 416, "{unsatisfiable}");
        assert!(answer.contains("content-range: bytes */200000"), "{answer}");
    }
    for whole in ["bytes=5-1", "bytes=0-1,3-4", "bytes=x-", "bytes=--1", "lines=0-1"] {
        assert_eq!(get(&service, &path, &format!("Range: {whole}\r\n")).await.0, 200, "{whole}");
    }
    let same = get(&service, &path, &format!("Range: bytes=0-4\r\nIf-Range: {tag}\r\n")).await;
    let other = get(&service, &path, "Range: bytes=0-4\r\nIf-Range: \"other\"\r\n").await;
    assert_eq!((same.0, other.0), (206, 200));
    let head = format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let (status, answer) = crate::doors::raw(&service, &head).await;
    assert_eq!((status, body(&answer)), (200, ""));
    assert!(answer.contains("content-length: 200000"), "{answer}");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_replay_has_the_picture_that_lies_beside_its_recording() {
    let file = recording();
    let service = service(&file).await;
    let path = format!("/replays/{}/poster.jpg", id(1));
    let (status, answer) = get(&service, &path, "").await;
    assert!(status == 404 && answer.contains(r#""code":"not_found""#), "{answer}");
    let picture = file.path().with_extension("jpg");
    std::fs::write(&picture, "picture").unwrap();
    let (status, answer) = get(&service, &path, "").await;
    std::fs::remove_file(&picture).unwrap();
    assert_eq!((status, body(&answer)), (200, "picture"));
    assert!(answer.contains("image/jpeg"), "{answer}");
    for (number, expected) in [(3, 404), (4, 404), (6, 404)] {
        let (status, answer) = get(&service, &format!("/replays/{}/poster.jpg", id(number)), "").await;
        assert!(status == expected && !answer.contains("nowhere"), "{answer}");
    }
    service.audience.shutdown().await;
}

#[tokio::test]
async fn what_is_gone_is_gone_and_what_never_was_is_unknown() {
    let file = recording();
    let service = service(&file).await;
    for part in ["", "/media.mp4", "/poster.jpg", "/timeline.json"] {
        let (status, answer) = get(&service, &format!("/replays/{}{part}", id(2)), "").await;
        assert_eq!(status, 410, "{part}: {answer}");
        assert!(answer.contains(r#""code":"replay_gone""#), "{answer}");
        for never in [id(9).to_string(), "x".to_owned(), "..%2f..%2fetc%2fpasswd".to_owned(), "A".repeat(32)] {
            assert_eq!(get(&service, &format!("/replays/{never}{part}"), "").await.0, 404, "{never}{part}");
        }
    }
    let (status, timeline) = get(&service, &format!("/replays/{}/timeline.json", id(1)), "").await;
    assert_eq!(status, 200);
    assert!(timeline.contains(r#""title":"A title""#), "{timeline}");
    for (number, expected) in [(3, 404), (4, 404), (5, 409), (6, 404)] {
        let (status, answer) = get(&service, &format!("/replays/{}/media.mp4", id(number)), "").await;
        assert_eq!(status, expected, "{answer}");
        assert!(!answer.contains("nowhere"), "a path is nobody's business: {answer}");
    }
    for climbing in
        ["/replays/../../etc/passwd", "/replays/..%2f..%2fetc%2fpasswd/media.mp4", "//etc/passwd", "/studio/../healthz"]
    {
        assert_eq!(get(&service, climbing, "").await.0, 404, "{climbing}");
    }
    service.audience.shutdown().await;
}
