//! HLS over real sockets: from the show's address to the last part, and those who wait, err and leave.

use std::io::Read;
use std::sync::atomic::Ordering;
use std::time::Duration;

use audience::ServiceLimits;

use crate::hls_client::{answer, asked, fast, get, publish, service, stream, waiting};
use crate::support::{Service, TestJournal, TestLibrary, picture, soon};

/// The address of what comes next.
fn hint(playlist: &str) -> String {
    let hint = playlist.split("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"").nth(1).expect("a hint");
    hint.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_show_is_fetched_from_its_address_to_its_last_part() {
    let service = service().await;
    // Whoever comes first waits for the first segment.
    let index = asked(&service, "/studio/index.m3u8", "").await;
    waiting(&service, 1).await;
    publish(&service, 0, 160);
    let index = answer(index).await;
    assert_eq!((index.status, index.header("content-type")), (200, "application/vnd.apple.mpegurl"));
    assert!(index.text().contains("CODECS=\"avc1.42c01f,mp4a.40.2\",RESOLUTION=640x360"), "{}", index.text());

    let stream = stream(&service).await;
    let playlist = get(&service, &format!("{stream}live.m3u8")).await;
    assert_eq!(playlist.header("cache-control"), "no-cache");
    let text = playlist.text();
    let init = get(&service, &format!("{stream}init-0.mp4")).await;
    assert_eq!((&init.body[4..8], init.header("content-type")), (&b"ftyp"[..], "video/mp4"));
    let mut parts = Vec::new();
    for number in 0..9 {
        let name = format!("0.{number}.m4s");
        assert!(text.contains(&format!("URI=\"{name}\"")), "{text}");
        let part = get(&service, &format!("{stream}{name}")).await;
        assert_eq!(&part.body[4..8], b"moof");
        assert_eq!(part.header("content-length"), part.body.len().to_string());
        parts.extend(part.body);
    }
    let segment = get(&service, &format!("{stream}0.m4s")).await;
    assert_eq!(segment.header("content-length"), parts.len().to_string());
    assert!(segment.body == parts, "a segment is its parts");
    assert_eq!(
        segment.header("cache-control"),
        "public, max-age=22",
        "twelve segments of two seconds, one of which passed"
    );

    let page = get(&service, "/studio/show.json").await;
    assert!(page.text().contains("\"hls_url\":\"/studio/index.m3u8\""), "{}", page.text());

    service.program.end();
    let ended = get(&service, &format!("{stream}live.m3u8?_HLS_msn=3")).await;
    assert!(ended.text().ends_with("#EXT-X-ENDLIST\n"), "{}", ended.text());
    service.show.close();
    get(&service, &format!("{stream}0.m4s")).await.is_problem(404, "not_found");
    get(&service, &format!("{stream}live.m3u8")).await.is_problem(404, "not_found");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn who_asks_for_what_comes_next_gets_it_when_it_is_there() {
    let service = service().await;
    publish(&service, 0, 130);
    let stream = stream(&service).await;
    let text = get(&service, &format!("{stream}live.m3u8?_HLS_msn=2&_HLS_part=0")).await.text();
    let next = hint(&text);
    let (msn, part) = next.trim_end_matches(".m4s").split_once('.').unwrap();
    let query = format!("{stream}live.m3u8?_HLS_msn={msn}&_HLS_part={part}");
    let playlist = asked(&service, &query, "").await;
    let media = asked(&service, &format!("{stream}{next}"), "").await;
    let segment = asked(&service, &format!("{stream}live.m3u8?_HLS_msn={msn}"), "").await;
    waiting(&service, 3).await;
    publish(&service, 130, 145);
    let playlist = answer(playlist).await;
    assert!(playlist.text().contains(&format!("URI=\"{next}\"\n")), "{}", playlist.text());
    assert_eq!(playlist.header("cache-control"), "public, max-age=1");
    assert_eq!(&answer(media).await.body[4..8], b"moof");
    waiting(&service, 1).await;
    publish(&service, 145, 190);
    assert!(answer(segment).await.text().contains(&format!("\n{msn}.m4s\n")));
    waiting(&service, 0).await;
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_program_that_comes_late_is_said_to_be_late() {
    let service = service().await;
    publish(&service, 0, 130);
    let stream = stream(&service).await;
    let late = get(&service, &format!("{stream}live.m3u8?_HLS_msn=3")).await;
    late.is_problem(503, "hls_late");
    assert_eq!(late.header("retry-after"), "1");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn what_is_asked_for_wrongly_is_refused_at_once() {
    let service = service().await;
    publish(&service, 0, 130);
    let stream = stream(&service).await;
    for query in [
        "_HLS_part=1",
        "_HLS_msn=x",
        "_HLS_msn=1&_HLS_msn=1",
        "_HLS_msn=-1",
        "_HLS_msn=5",
        "_HLS_msn=999999999999",
        "_HLS_msn=2&_HLS_part=99",
        "_HLS_msn=99999999999999999999999999999",
    ] {
        get(&service, &format!("{stream}live.m3u8?{query}")).await.is_problem(400, "hls_query");
    }
    let other = format!("{}0000000000000000/", stream.split_at(stream.len() - 17).0);
    for path in [
        format!("{stream}live.m3u"),
        format!("{stream}5.m4s"),
        format!("{stream}2.8.m4s"),
        format!("{stream}init-1.mp4"),
        format!("{stream}../live.m3u8"),
        format!("{stream}%2e%2e/live.m3u8"),
        format!("{other}live.m3u8"),
        format!("{other}0.m4s"),
        "/studio/hls/live.m3u8".to_owned(),
        "/studio/hls/x".to_owned(),
        "/another/index.m3u8".to_owned(),
        format!("{}live.m3u8", stream.replace("/studio/", "/another/")),
    ] {
        get(&service, &path).await.is_problem(404, "not_found");
    }
    service.audience.shutdown().await;
}

#[tokio::test]
async fn playlists_are_sent_compressed_to_those_who_take_that() {
    let service = service().await;
    publish(&service, 0, 130);
    let stream = stream(&service).await;
    // The last part of these frames that is whole.
    let plain = get(&service, &format!("{stream}live.m3u8?_HLS_msn=2&_HLS_part=0")).await;
    let request = asked(&service, &format!("{stream}live.m3u8"), "Accept-Encoding: gzip, br\r\n").await;
    let compressed = answer(request).await;
    assert_eq!((compressed.header("content-encoding"), compressed.header("vary")), ("gzip", "accept-encoding"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&compressed.body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain.text());
    service.audience.shutdown().await;
}

#[tokio::test]
async fn whoever_waits_learns_that_the_show_is_gone_and_nobody_waits_for_those_who_left() {
    let service = service().await;
    get(&service, "/studio/show.json").await;
    publish(&service, 0, 130);
    let stream = stream(&service).await;
    let left = asked(&service, &format!("{stream}live.m3u8?_HLS_msn=3"), "").await;
    waiting(&service, 1).await;
    drop(left);
    waiting(&service, 0).await;
    let stays = asked(&service, &format!("{stream}live.m3u8?_HLS_msn=3"), "").await;
    waiting(&service, 1).await;
    service.show.close();
    answer(stays).await.is_problem(404, "not_found");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn whoever_waits_does_not_delay_the_end_of_the_service() {
    let service = service().await;
    publish(&service, 0, 130);
    let stream = stream(&service).await;
    let blocked = asked(&service, &format!("{stream}live.m3u8?_HLS_msn=3"), "").await;
    waiting(&service, 1).await;
    service.audience.shutdown().await;
    let end = answer(blocked).await;
    assert!(matches!(end.status, 404 | 503), "{}", end.text());
}

#[tokio::test]
async fn before_the_show_and_for_shows_that_hls_cannot_carry_the_reason_is_said() {
    let waits = Service::start_with(fast(), TestJournal::default(), TestLibrary::default()).await;
    get(&waits, "/studio/index.m3u8").await.is_problem(409, "not_on_air");
    waits.audience.shutdown().await;

    let mut service = service().await;
    let index = asked(&service, "/studio/index.m3u8", "").await;
    waiting(&service, 1).await;
    // One keyframe in ten seconds and more.
    (0..310).for_each(|number| service.program.publish(picture(number, number == 0, 100)));
    answer(index).await.is_problem(409, "hls_unfit");
    let page = get(&service, "/studio/show.json").await.text();
    assert!(page.contains("\"on_air\":true") && !page.contains("hls_url"), "{page}");
    let notice = service
        .event(|event| match event {
            audience::AudienceEvent::Notice(notice) => Some(notice),
            _ => None,
        })
        .await;
    assert_eq!(notice.refusal.code, "audience.hls_keyframes");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn another_program_is_another_stream_and_the_first_one_is_gone() {
    let mut service = service().await;
    publish(&service, 0, 130);
    let first = stream(&service).await;
    service.program = media::Program::new(media::Look::Dressed);
    service.on_air();
    get(&service, &format!("{first}0.m4s")).await.is_problem(404, "not_found");
    publish(&service, 0, 130);
    let second = stream(&service).await;
    assert_ne!(first, second);
    assert_eq!(get(&service, &format!("{second}0.m4s")).await.status, 200);
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_service_that_is_too_far_behind_says_what_is_missing_and_asks_for_a_keyframe() {
    let limits = ServiceLimits { behind: Duration::from_secs(5), ..ServiceLimits::default() };
    let service = Service::start_with(limits, TestJournal::default(), TestLibrary::default()).await;
    service.on_air();
    publish(&service, 0, 130);
    let stream = stream(&service).await;
    get(&service, &format!("{stream}live.m3u8?_HLS_msn=2&_HLS_part=0")).await;
    let wishes = service.wishes.load(Ordering::Relaxed);
    // Nobody takes any of it meanwhile: these tests have one thread.
    publish(&service, 130, 300);
    service.wished(wishes).await;
    publish(&service, 300, 310);
    let text = soon(async {
        loop {
            let text = get(&service, &format!("{stream}live.m3u8")).await.text();
            if text.contains("#EXT-X-GAP") {
                return text;
            }
        }
    })
    .await;
    // From the last part that came whole, to the next keyframe.
    assert_eq!(text.matches("#EXT-X-GAP").count(), 3, "{text}");
    assert!(!text.contains("DISCONTINUITY\n"), "time goes on: {text}");
    service.audience.shutdown().await;
}
