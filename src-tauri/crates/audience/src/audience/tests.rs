use std::collections::BTreeMap;

use bytes::Bytes;
use domain::room::{Comment, Stored};
use domain::{EpisodeId, ProgramMs, PublicViewer, Replay, Seq, ShowSlug, Timeline};
use media::{AccessUnit, Format, H264Config, Look, Program, ProgramTime, Track};
use tokio::sync::oneshot;

use super::*;
use crate::client::WhepClient;
use crate::episode::{AudienceEvent, Journal, ReplayLookup};

/// Knows nothing and keeps nothing.
struct Nothing;

impl Library for Nothing {
    fn replay(&self, _: &EpisodeId) -> ReplayLookup {
        ReplayLookup::Unknown
    }

    fn last_replay(&self, _: &ShowSlug) -> Option<Replay> {
        None
    }

    fn timeline(&self, _: &EpisodeId) -> Option<Timeline> {
        None
    }
}

impl Journal for Nothing {
    fn identity(&self, _: [u8; 32], _: oneshot::Sender<Option<PublicViewer>>) {}

    fn append_chat(&self, _: Comment, _: oneshot::Sender<Stored>) {}

    fn append_hearts(&self, _: ProgramMs, _: &BTreeMap<u16, u32>) {}
}

fn keyframe(program: &Program, second: u64) -> AccessUnit {
    let sets: [&'static [u8]; 2] = [&[0x67, 0x42, 0xc0, 0x1f], &[0x68, 0xce]];
    let [sps, pps] = sets.map(Bytes::from_static);
    AccessUnit {
        track: Track::Video,
        config: program.configure(Format::H264(H264Config { width: 64, height: 64, fps: 25, sps, pps })),
        pts: ProgramTime::from_millis(second * 1000),
        duration: Duration::from_millis(40),
        keyframe: true,
        data: Bytes::from_static(&[0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f, 0, 0, 0, 1, 0x68, 0xce, 0, 0, 0, 1, 0x65, 9]),
    }
}

/// Within five times the second in which a fallen thread is noticed.
async fn promptly<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), what).await.expect("within a second, five at most")
}

#[tokio::test]
async fn a_media_thread_that_panics_is_started_again_and_its_viewers_come_back() {
    let config = AudienceConfig::new("127.0.0.1:0".parse().unwrap());
    let audience = Audience::start(config, Arc::new(Nothing)).await.unwrap();
    let episode = Episode {
        id: EpisodeId::from_random([1; 16]),
        show: ShowSlug::default(),
        title: "A title".to_owned(),
        next_seq: Seq(1),
        backlog: Vec::new(),
        spoke: Vec::new(),
        named: Vec::new(),
        place_key: [7; 32],
        journal: Arc::new(Nothing),
    };
    let (show, mut events) = audience.open(episode);
    let program = Program::new(Look::Dressed);
    program.publish(keyframe(&program, 0));
    show.on_air(&program);
    let address = format!("http://{}/studio/whep", audience.http_address());
    for fall in 1..=3 {
        let viewer = promptly(WhepClient::connect(&address)).await.unwrap();
        let mut units = viewer.units();
        program.publish(keyframe(&program, fall));
        assert!(promptly(units.recv()).await.expect("a picture").keyframe);
        audience.shared.media.panic();
        let notice = promptly(events.recv()).await;
        let Some(AudienceEvent::Notice(notice)) = notice else { panic!("{notice:?}") };
        assert_eq!(notice.refusal.code, "audience.media_restarted");
        while promptly(units.recv()).await.is_some() {}
        assert_eq!(audience.shared.metrics.media_restarts.get(), fall);
    }
    promptly(audience.shutdown()).await;
}
