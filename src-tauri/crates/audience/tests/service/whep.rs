//! The program reaches viewers.

use std::time::Duration;

use audience::ServiceLimits;
use audience::client::{ClientError, Units, WhepClient};
use media::{ProgramTime, Track, Tracks};

use crate::support::{Service, TestJournal, TestLibrary, picture, soon, sound};

#[tokio::test]
async fn a_viewer_gets_every_unit_intact_with_its_program_time() {
    let service = Service::start().await;
    // The program has been running for a while, and nobody has seen its keyframe.
    for number in 0..90 {
        service.program.publish(picture(number, number == 0, 300));
    }
    service.on_air();
    let client = soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap();
    let (mut pictures, mut sounds) = (client.units(), Units::of(client.program(), Tracks::only(Track::Opus)));
    service.wished(0).await;

    // A keyframe is made; who connects within its time is given it, whoever comes later asks for another.
    let (mut number, mut wishes) = (100, service.wishes.load(std::sync::atomic::Ordering::Relaxed));
    service.program.publish(picture(number, true, 300));
    let first = soon(async {
        loop {
            tokio::select! {
                unit = pictures.recv() => return unit.expect("the session is there"),
                () = service.wished(wishes) => {
                    (number, wishes) = (number + 1, wishes + 1);
                    service.program.publish(picture(number, true, 300));
                }
            }
        }
    })
    .await;
    assert!(first.is_video_keyframe(), "the first is a keyframe");
    // The first frame may be one that was there already; sound is only what comes from now on.
    service.program.publish(sound(number * 5 / 3));
    let first_sound = soon(sounds.recv()).await.expect("the session is there");
    let sent = sound(first_sound.pts.as_millis() / 20);
    assert_eq!((first_sound.pts, first_sound.data), (sent.pts, sent.data));
    for number in 5300..5330 {
        let expected = picture(number, number == 5300, if number % 7 == 0 { 20_000 } else { 700 });
        service.program.publish(expected.clone());
        let unit = soon(async {
            loop {
                let unit = pictures.recv().await.expect("the session is there");
                if unit.track == Track::Video && unit.pts > ProgramTime::from_millis(150_000) {
                    return unit;
                }
            }
        })
        .await;
        assert_eq!(unit.keyframe, expected.keyframe);
        // A tick of the 90 kHz clock is 11 µs.
        assert!(unit.pts.as_nanos().abs_diff(expected.pts.as_nanos()) < 12_000, "{} {}", unit.pts, expected.pts);
        assert_eq!(unit.data, expected.data, "picture at {}", expected.pts);
    }
    client.close().await;
    service.audience.shutdown().await;
}

#[tokio::test]
async fn nobody_joins_a_show_that_is_not_on_air() {
    let service = Service::start().await;
    let refused = soon(WhepClient::connect(&service.url("/studio/whep"))).await.err().expect("refused");
    assert!(matches!(refused, ClientError::Refused { status: 409, .. }), "{refused}");
    let unknown = soon(WhepClient::connect(&service.url("/elsewhere/whep"))).await.err().expect("refused");
    assert!(matches!(unknown, ClientError::Refused { status: 404, .. }), "{unknown}");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn the_end_of_the_show_ends_the_session() {
    let service = Service::start().await;
    service.on_air();
    service.program.publish(picture(0, true, 100));
    let client = soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap();
    let mut units = client.units();
    // A picture cached a moment ago comes at once, without another keyframe.
    let unit = soon(units.recv()).await.expect("the cached keyframe");
    assert!(unit.keyframe && unit.pts == ProgramTime::ZERO);
    service.show.ended(None);
    assert!(soon(units.recv()).await.is_none());
    service.audience.shutdown().await;
}

#[tokio::test]
async fn viewers_of_both_kinds_of_address_get_the_picture() {
    let cases = [("[::1]:0", "[::1]"), ("0.0.0.0:0", "127.0.0.1"), ("[::]:0", "[::1]"), ("[::]:0", "127.0.0.1")];
    for (listen, host) in cases {
        let (limits, journal, library) = (ServiceLimits::default(), TestJournal::default(), TestLibrary::default());
        let service = Service::listen(listen, limits, journal, library).await;
        let service = service.unwrap_or_else(|error| panic!("{listen}: {error}"));
        service.on_air();
        service.program.publish(picture(0, true, 5000));
        let url = format!("http://{host}:{}/studio/whep", service.audience.http_address().port());
        let client = soon(WhepClient::connect(&url)).await.unwrap();
        let mut units = client.units();
        assert_eq!(
            soon(units.recv()).await.expect("a picture").data,
            picture(0, true, 5000).data,
            "{listen} at {host}"
        );
        client.close().await;
        service.audience.shutdown().await;
    }
}

#[tokio::test]
async fn every_address_of_this_computer_is_offered_where_everybody_may_watch() {
    let (limits, journal, library) = (ServiceLimits::default(), TestJournal::default(), TestLibrary::default());
    let service = Service::listen("0.0.0.0:0", limits, journal, library).await.unwrap();
    service.on_air();
    service.program.publish(picture(0, true, 100));
    let addresses = if_addrs::get_if_addrs().unwrap().into_iter().map(|interface| interface.ip());
    for address in addresses.filter(std::net::IpAddr::is_ipv4) {
        let url = format!("http://{address}:{}/studio/whep", service.audience.http_address().port());
        let client = soon(WhepClient::connect(&url)).await.unwrap();
        let mut units = client.units();
        assert!(soon(units.recv()).await.expect("a picture").keyframe, "{address}");
        client.close().await;
    }
    service.audience.shutdown().await;
}

#[tokio::test]
async fn who_leaves_is_gone_and_only_they_can_say_so() {
    let service = Service::start().await;
    service.on_air();
    let client = soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap();
    let mut units = client.units();
    let (status, _) = crate::doors::raw(
        &service,
        "DELETE /studio/whep/00000000000000000000000000000000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert_eq!(status, 404);
    let sessions =
        || async { crate::doors::get(&service, "/metrics", "").await.1.contains("antenne_whep_sessions 1\n") };
    assert!(sessions().await);
    client.close().await;
    assert!(!sessions().await);
    assert!(soon(units.recv()).await.is_none());
    service.audience.shutdown().await;
}

#[tokio::test]
async fn newcomers_ask_for_a_keyframe_unless_there_is_a_fresh_one() {
    let service = Service::start().await;
    service.on_air();
    // It asked for one when it began to read: there was none.
    service.wished(0).await;
    let mut viewers = Vec::new();
    for number in 1..=5 {
        viewers.push(soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap());
        service.wished(number).await;
    }
    service.program.publish(picture(0, true, 100));
    for viewer in &viewers {
        assert!(soon(viewer.units().recv()).await.expect("a picture").keyframe);
    }
    let before = service.wishes.load(std::sync::atomic::Ordering::Relaxed);
    let late = soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap();
    assert!(soon(late.units().recv()).await.expect("a picture").keyframe);
    assert_eq!(service.wishes.load(std::sync::atomic::Ordering::Relaxed), before, "the keyframe was a fresh one");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_viewer_of_a_service_that_fell_behind_sees_nothing_that_builds_on_what_was_lost() {
    let limits = ServiceLimits { behind: Duration::ZERO, ..ServiceLimits::default() };
    let service = Service::start_with(limits, TestJournal::default(), TestLibrary::default()).await;
    service.on_air();
    service.program.publish(picture(0, true, 100));
    let client = soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap();
    let mut units = client.units();
    assert!(soon(units.recv()).await.expect("a picture").keyframe);
    // More at once than the media thread can take one by one, until it has lost something.
    let mut number = 0;
    while service.show.lost_units() == 0 {
        for _ in 0..50 {
            number += 1;
            service.program.publish(picture(number, false, 100));
        }
        service.program.publish(picture(number + 1, true, 100));
        number += 1;
        tokio::task::yield_now().await;
    }
    let (mut before, mut lost) = (0, 0);
    loop {
        let unit = soon(units.recv()).await.expect("a picture");
        let frame = (unit.pts + Duration::from_millis(1)).ticks(30);
        assert!(frame == before + 1 || unit.keyframe, "frame {frame} follows {before}");
        lost += frame - before - 1;
        before = frame;
        if frame == number {
            break;
        }
    }
    assert!(lost > 0, "nothing was lost, so nothing was tested");
    client.close().await;
    service.audience.shutdown().await;
}

#[tokio::test]
async fn another_program_ends_the_sessions_of_those_who_watched_the_first() {
    let service = Service::start().await;
    service.on_air();
    service.program.publish(picture(0, true, 100));
    let client = soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap();
    let mut units = client.units();
    assert!(soon(units.recv()).await.expect("a picture").keyframe);
    let second = media::Program::new(media::Look::Dressed);
    second.publish(picture(30, true, 200));
    service.show.on_air(&second);
    assert!(soon(units.recv()).await.is_none());
    let again = soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap();
    assert_eq!(soon(again.units().recv()).await.expect("a picture").data, picture(30, true, 200).data);
    service.audience.shutdown().await;
}
