//! A service with a library and a journal that do what a test says, and a viewer of its room.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use audience::{
    Audience, AudienceConfig, AudienceError, AudienceEvent, AudienceEvents, Episode, Journal, Library, ReplayLookup,
    ServiceLimits, ShowHandle,
};
use domain::room::{Comment, Stored};
use domain::{EpisodeId, ProgramMs, PublicViewer, Replay, ReplayState, Seq, ShowSlug, Timeline};
use futures_util::{SinkExt, StreamExt};
use media::{AccessUnit, CodecConfig, ConfigId, Format, H264Config, Look, OpusConfig, Program, ProgramTime, Track};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Five times the longest that anything in these tests may take: a session that never connects (3 s),
/// the end of a service (5 s at the worst).
pub(crate) const DEADLINE: Duration = Duration::from_secs(25);

pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, what).await.expect("it happens in time")
}

/// Keeps comments when the test lets it.
#[derive(Default)]
pub(crate) struct TestJournal {
    pub(crate) waiting: Mutex<Vec<(Comment, oneshot::Sender<Stored>)>>,
    pub(crate) kept: Mutex<Vec<Comment>>,
    pub(crate) hearts: Mutex<BTreeMap<ProgramMs, u32>>,
    pub(crate) known: Mutex<BTreeMap<[u8; 32], PublicViewer>>,
    /// What it panics at, as a defect in the room's task would.
    pub(crate) poison: Option<&'static str>,
    /// Whether comments wait for [`Self::keep`].
    pub(crate) slow: bool,
}

impl TestJournal {
    pub(crate) fn slow() -> Self {
        Self { slow: true, ..Self::default() }
    }

    /// Answers for every comment that waits.
    pub(crate) fn keep(&self, kept: bool) {
        for (comment, stored) in self.waiting.lock().unwrap().drain(..) {
            let mut all = self.kept.lock().unwrap();
            let answer = match all.iter().find(|other| other.key == comment.key) {
                Some(first) => Stored::Repeated(first.said.seq),
                None if kept => {
                    all.push(comment);
                    Stored::Kept
                }
                None => Stored::Failed,
            };
            let _ = stored.send(answer);
        }
    }
}

impl Journal for TestJournal {
    fn identity(&self, token_hash: [u8; 32], answer: oneshot::Sender<Option<PublicViewer>>) {
        let _ = answer.send(self.known.lock().unwrap().get(&token_hash).cloned());
    }

    fn append_chat(&self, comment: Comment, stored: oneshot::Sender<Stored>) {
        assert_ne!(Some(comment.said.text.as_str()), self.poison, "a defect, injected");
        self.known.lock().unwrap().insert(comment.token_hash, comment.said.viewer.clone());
        self.waiting.lock().unwrap().push((comment, stored));
        if !self.slow {
            self.keep(true);
        }
    }

    fn append_hearts(&self, second_ms: ProgramMs, by_hue: &BTreeMap<u16, u32>) {
        *self.hearts.lock().unwrap().entry(second_ms).or_default() += by_hue.values().sum::<u32>();
    }
}

#[derive(Default)]
pub(crate) struct TestLibrary {
    pub(crate) replays: BTreeMap<EpisodeId, (ReplayLookup, Option<Timeline>)>,
}

impl Library for TestLibrary {
    fn replay(&self, episode: &EpisodeId) -> ReplayLookup {
        self.replays.get(episode).map_or(ReplayLookup::Unknown, |(lookup, _)| lookup.clone())
    }

    fn last_replay(&self, show: &ShowSlug) -> Option<Replay> {
        let mut found = self.replays.values().filter_map(|(lookup, _)| match lookup {
            ReplayLookup::Found { replay } => Some(replay),
            ReplayLookup::Gone | ReplayLookup::Unknown => None,
        });
        found.rfind(|replay| replay.show == *show && replay.state == ReplayState::Whole).cloned()
    }

    fn timeline(&self, episode: &EpisodeId) -> Option<Timeline> {
        self.replays.get(episode).and_then(|(_, timeline)| timeline.clone())
    }
}

/// A service with an open episode, and the program that it may watch.
pub(crate) struct Service {
    pub(crate) audience: Audience,
    pub(crate) show: ShowHandle,
    pub(crate) program: Program,
    pub(crate) events: AudienceEvents,
    pub(crate) journal: Arc<TestJournal>,
    /// How often a keyframe was asked for.
    pub(crate) wishes: Arc<AtomicUsize>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::start_with(ServiceLimits::default(), TestJournal::default(), TestLibrary::default()).await
    }

    pub(crate) async fn start_with(limits: ServiceLimits, journal: TestJournal, library: TestLibrary) -> Self {
        Self::listen("127.0.0.1:0", limits, journal, library).await.expect("loopback is there")
    }

    /// With so many descriptors for its audience and no more.
    pub(crate) async fn with_sockets(sockets: usize, limits: ServiceLimits, library: TestLibrary) -> Self {
        let config = AudienceConfig { sockets, ..config("127.0.0.1:0") };
        Self::configured(config, limits, TestJournal::default(), library).await.expect("loopback is there")
    }

    pub(crate) async fn listen(
        listen: &str,
        limits: ServiceLimits,
        journal: TestJournal,
        library: TestLibrary,
    ) -> Result<Self, AudienceError> {
        Self::configured(config(listen), limits, journal, library).await
    }

    pub(crate) async fn configured(
        config: AudienceConfig,
        limits: ServiceLimits,
        journal: TestJournal,
        library: impl Library,
    ) -> Result<Self, AudienceError> {
        let audience = Audience::start_with(config, limits, Arc::new(library)).await?;
        let (journal, program) = (Arc::new(journal), Program::new(Look::Dressed));
        let (show, events) = audience.open(episode(ShowSlug::default(), 1, journal.clone()));
        let wishes = Arc::new(AtomicUsize::new(0));
        let counted = wishes.clone();
        program.on_keyframe_request(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        Ok(Self { audience, show, program, events, journal, wishes })
    }

    /// Another episode of the same show.
    pub(crate) fn open(&mut self, number: u8) {
        (self.show, self.events) = self.audience.open(episode(ShowSlug::default(), number, self.journal.clone()));
    }

    pub(crate) fn on_air(&self) {
        self.show.on_air(&self.program);
    }

    /// Waits until a keyframe has been asked for more than `before` times.
    pub(crate) async fn wished(&self, before: usize) {
        soon(async {
            while self.wishes.load(Ordering::Relaxed) <= before {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.audience.http_address())
    }

    /// The next event that `wanted` takes.
    pub(crate) async fn event<T>(&mut self, mut wanted: impl FnMut(AudienceEvent) -> Option<T>) -> T {
        soon(async {
            loop {
                if let Some(found) = wanted(self.events.recv().await.expect("the service runs")) {
                    return found;
                }
            }
        })
        .await
    }

    pub(crate) async fn viewer(&self) -> Viewer {
        Viewer::connect(&self.audience).await
    }
}

/// At `listen`, also under the name `studio.test`.
pub(crate) fn config(listen: &str) -> AudienceConfig {
    AudienceConfig { host_names: vec!["studio.test".to_owned()], ..AudienceConfig::new(listen.parse().unwrap()) }
}

/// An episode of `show`.
pub(crate) fn episode(show: ShowSlug, number: u8, journal: Arc<TestJournal>) -> Episode {
    Episode {
        id: EpisodeId::from_random([number; 16]),
        show,
        title: "A title".to_owned(),
        next_seq: Seq(1),
        backlog: Vec::new(),
        spoke: Vec::new(),
        named: Vec::new(),
        place_key: [7; 32],
        journal,
    }
}

/// Somebody in the room.
pub(crate) struct Viewer {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Viewer {
    pub(crate) async fn connect(audience: &Audience) -> Self {
        Self::connect_to(audience, &ShowSlug::default()).await
    }

    pub(crate) async fn connect_to(audience: &Audience, show: &ShowSlug) -> Self {
        let url = format!("ws://{}/{show}/room", audience.http_address());
        let (socket, _) = soon(tokio_tungstenite::connect_async(url)).await.expect("the room is open");
        Self { socket }
    }

    pub(crate) async fn hello(&mut self, name: Option<&str>) -> Value {
        self.send(serde_json::json!({ "type": "hello", "name": name })).await;
        self.next("welcome").await
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        soon(self.socket.send(Message::text(text))).await.expect("the room listens");
    }

    /// The next message of a type; others are passed over.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        soon(async {
            loop {
                let message = self.message().await.unwrap_or_else(|code| panic!("closed with {code} before {kind}"));
                if message["type"] == kind {
                    return message;
                }
            }
        })
        .await
    }

    /// The next message, or the code with which the socket was closed.
    pub(crate) async fn message(&mut self) -> Result<Value, u16> {
        loop {
            match soon(self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }

    /// The reason and code with which the service closes.
    pub(crate) async fn goodbye(&mut self) -> (Option<String>, u16) {
        let mut reason = None;
        loop {
            match self.message().await {
                Ok(message) if message["type"] == "bye" => reason = message["code"].as_str().map(str::to_owned),
                Ok(_) => {}
                Err(code) => return (reason, code),
            }
        }
    }
}

/// A picture that looks like H.264 to a packetiser: parameter sets and a slice, or a slice.
pub(crate) fn picture(number: u64, keyframe: bool, size: usize) -> AccessUnit {
    let mut data = Vec::new();
    if keyframe {
        data.extend([&[0, 0, 0, 1], SPS, &[0, 0, 0, 1], PPS].concat());
    }
    data.extend_from_slice(&[0, 0, 0, 1, if keyframe { 0x65 } else { 0x41 }]);
    // No byte of the payload is zero, so none of it looks like a start code.
    data.extend((0..size).map(|at| u8::try_from((number as usize * 31 + at * 7) % 255 + 1).expect("below 256")));
    let pts = ProgramTime::from_nanos(number * 1_000_000_000 / 30);
    let format = Format::H264(H264Config { width: 640, height: 360, fps: 30, sps: SPS.into(), pps: PPS.into() });
    let config = Arc::new(CodecConfig { id: ConfigId(0), format });
    let duration = Duration::from_nanos(33_333_333);
    AccessUnit { track: Track::Video, config, pts, duration, keyframe, data: data.into() }
}

const SPS: &[u8] = &[0x67, 0x42, 0xc0, 0x1f, 0xda, 0x02, 0x80];
const PPS: &[u8] = &[0x68, 0xce, 0x3c, 0x80];

pub(crate) fn sound(number: u64) -> AccessUnit {
    let data: Vec<u8> = (0..120_u64).map(|at| ((number * 13 + at) % 256) as u8).collect();
    let format = Format::Opus(OpusConfig { channels: 2, pre_skip: 312 });
    AccessUnit {
        track: Track::Opus,
        config: Arc::new(CodecConfig { id: ConfigId(1), format }),
        pts: ProgramTime::from_millis(number * 20),
        duration: Duration::from_millis(20),
        keyframe: true,
        data: data.into(),
    }
}
