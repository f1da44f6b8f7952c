//! A service of its own with a host's hands in it: it waits, brings what another show broadcasts, lets people in
//! and silences them. The studio's window does the same; here it takes no window.

use std::collections::BTreeMap;
use std::sync::Arc;

use antenne_tests::antenne::OnAir;
use audience::client::WhepClient;
use audience::{
    Audience, AudienceConfig, AudienceEvents, Episode, Journal, Library, ReplayLookup, ServiceLimits, ShowHandle,
};
use domain::room::{Comment, Stored};
use domain::{EpisodeId, ProgramMs, PublicViewer, Replay, Seq, ShowSlug, Timeline};
use tokio::sync::oneshot;

/// Remembers nothing: what is said is said.
struct Forgetful;

impl Journal for Forgetful {
    fn identity(&self, _: [u8; 32], answer: oneshot::Sender<Option<PublicViewer>>) {
        let _ = answer.send(None);
    }

    fn append_chat(&self, _: Comment, stored: oneshot::Sender<Stored>) {
        let _ = stored.send(Stored::Kept);
    }

    fn append_hearts(&self, _: ProgramMs, _: &BTreeMap<u16, u32>) {}
}

impl Library for Forgetful {
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

/// A show that waits until it is told otherwise.
pub(crate) struct Host {
    pub(crate) audience: Audience,
    pub(crate) show: ShowHandle,
    pub(crate) events: AudienceEvents,
    relayed: Option<WhepClient>,
}

impl Host {
    pub(crate) async fn waits(title: &str, limits: ServiceLimits) -> Self {
        let localhost = "127.0.0.1:0".parse().expect("an address");
        let mut config = AudienceConfig::new(localhost);
        config.trusted_proxies = vec![localhost.ip()];
        let audience = Audience::start_with(config, limits, Arc::new(Forgetful)).await.expect("loopback is there");
        let episode = Episode {
            id: EpisodeId::from_random([1; 16]),
            show: ShowSlug::default(),
            title: title.to_owned(),
            next_seq: Seq(1),
            backlog: Vec::new(),
            spoke: Vec::new(),
            named: Vec::new(),
            place_key: [7; 32],
            journal: Arc::new(Forgetful),
        };
        let (show, events) = audience.open(episode);
        Self { audience, show, events, relayed: None }
    }

    /// Brings what the show at `from` broadcasts, from now on.
    pub(crate) async fn relay(&mut self, from: &OnAir) {
        let client = WhepClient::connect(&from.whep_url).await.expect("that show is on air");
        self.show.on_air(client.program());
        self.relayed = Some(client);
    }

    pub(crate) fn page(&self) -> String {
        format!("http://{}/studio", self.audience.http_address())
    }

    pub(crate) fn room(&self) -> String {
        format!("ws://{}/studio/room", self.audience.http_address())
    }

    pub(crate) async fn close(mut self) {
        if let Some(client) = self.relayed.take() {
            client.close().await;
        }
        self.audience.shutdown().await;
    }
}
