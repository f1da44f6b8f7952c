//! The program reaches viewers.

use std::time::Duration;

use audience::client::{ClientError, WhepClient};
use audience::{AudienceEvent, ServiceLimits};
use media::{ProgramTime, Track};
use tokio::time::timeout;

use crate::support::{Service, TestJournal, TestLibrary, picture, soon, sound};

#[tokio::test]
async fn a_viewer_gets_every_unit_intact_with_its_program_time() {
    let mut service = Service::start().await;
    service.on_air();
    // The program has been running for a while, and nobody has seen its keyframe.
    for number in 0..90 {
        service.audience.publish(picture(number, number == 0, 300));
    }
    let (client, mut units) = soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap();
    service.event(|event| (event == AudienceEvent::KeyframeWanted).then_some(())).await;

    // Once it is connected sound arrives; then a keyframe is made and pictures follow.
    let mut number = 150;
    let first_sound = soon(async {
        loop {
            service.audience.publish(sound(number));
            number += 1;
            tokio::select! {
                unit = units.recv() => return unit.expect("the session is there"),
                () = tokio::time::sleep(std::time::Duration::from_millis(5)) => {}
            }
        }
    })
    .await;
    assert_eq!(first_sound.track, Track::Opus);
    let sent = sound(first_sound.pts.as_millis() / 20);
    assert_eq!((first_sound.pts, first_sound.data), (sent.pts, sent.data));
    for number in 300..330 {
        let expected = picture(number, number == 300, if number % 7 == 0 { 20_000 } else { 700 });
        service.audience.publish(expected.clone());
        let unit = soon(async {
            loop {
                let unit = units.recv().await.expect("the session is there");
                if unit.track == Track::Video {
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
    service.audience.publish(picture(0, true, 100));
    let (_client, mut units) = soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap();
    // A picture cached a moment ago comes at once, without another keyframe.
    let unit = soon(units.recv()).await.expect("the cached keyframe");
    assert!(unit.keyframe && unit.pts == ProgramTime::ZERO);
    service.audience.ended(None);
    assert!(soon(units.recv()).await.is_none());
    service.audience.shutdown().await;
}

#[tokio::test]
async fn viewers_of_both_kinds_of_address_get_the_picture() {
    let cases = [("[::1]:0", "[::1]"), ("0.0.0.0:0", "127.0.0.1"), ("[::]:0", "[::1]"), ("[::]:0", "127.0.0.1")];
    for (listen, host) in cases {
        let (limits, journal, library) = (ServiceLimits::default(), TestJournal::default(), TestLibrary::default());
        let service = match Service::listen(listen, limits, journal, library).await {
            Ok(service) => service,
            Err(error) => {
                println!("skipped: {listen}: {error}");
                continue;
            }
        };
        service.on_air();
        service.audience.publish(picture(0, true, 5000));
        let url = format!("http://{host}:{}/studio/whep", service.audience.http_address().port());
        let (client, mut units) = soon(WhepClient::connect(&url)).await.unwrap();
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
    service.audience.publish(picture(0, true, 100));
    let addresses = if_addrs::get_if_addrs().unwrap().into_iter().map(|interface| interface.ip());
    for address in addresses.filter(std::net::IpAddr::is_ipv4) {
        let url = format!("http://{address}:{}/studio/whep", service.audience.http_address().port());
        let (client, mut units) = soon(WhepClient::connect(&url)).await.unwrap();
        assert!(soon(units.recv()).await.expect("a picture").keyframe, "{address}");
        client.close().await;
    }
    service.audience.shutdown().await;
}

#[tokio::test]
async fn who_leaves_is_gone_and_only_they_can_say_so() {
    let service = Service::start().await;
    service.on_air();
    let (client, mut units) = soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap();
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
async fn everybody_together_asks_for_one_keyframe() {
    let mut service = Service::start().await;
    service.on_air();
    let mut viewers = Vec::new();
    for _ in 0..5 {
        viewers.push(soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap());
    }
    service.event(|event| (event == AudienceEvent::KeyframeWanted).then_some(())).await;
    service.audience.publish(picture(0, true, 100));
    for (_, units) in &mut viewers {
        assert!(soon(units.recv()).await.expect("a picture").keyframe);
    }
    let mut more = 0;
    // All that is there already.
    while let Ok(Some(event)) = timeout(Duration::ZERO, service.events.recv()).await {
        more += usize::from(event == AudienceEvent::KeyframeWanted);
    }
    assert_eq!(more, 0);
    service.audience.shutdown().await;
}
