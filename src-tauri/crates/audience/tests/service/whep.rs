//! The program reaches viewers.

use audience::AudienceEvent;
use audience::client::{ClientError, WhepClient};
use media::{ProgramTime, Track};

use crate::support::{Service, picture, soon, sound};

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
