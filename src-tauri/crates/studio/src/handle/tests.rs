//! Whole studios, with a real engine and test devices, beside things that are slow or too many.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use archive::testing::{self, Held};
use domain::{Canvas, Device, DeviceChoice, DeviceKind, Levels, Phase, Reach, Setup, SourceId, SourceKind, Stats};
use engine::EngineEvent;
use tokio::time::{Instant, timeout};

use super::*;
use crate::config::Listen;
use crate::lanes::Observers;
use hosting::DataFolder;

/// How long anything may take that is expected to happen.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long a loop that never waits takes to answer, on a machine that does other things too.
const AT_ONCE: Duration = Duration::from_secs(1);

fn small(data: &Path) -> StudioConfig {
    let mut setup = Setup { countdown: false, ..Setup::default() };
    setup.first_mut(SourceKind::Camera).choice = DeviceChoice::Test;
    setup.first_mut(SourceKind::Microphone).choice = DeviceChoice::Test;
    StudioConfig {
        canvas: Canvas::new(320, 180, 15).unwrap(),
        video_kbps: 200,
        listen: Listen::At(([127, 0, 0, 1], 0).into()),
        media_port: Some(0),
        setup: Some(setup),
        ..StudioConfig::new(data.to_owned())
    }
}

/// The snapshot, which must come at once whatever else goes on.
async fn look(studio: &Studio) -> Snapshot {
    timeout(AT_ONCE, studio.snapshot()).await.expect("the loop waits for something").expect("it is open")
}

async fn until(studio: &Studio, what: &str, fits: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let snapshot = look(studio).await;
        if fits(&snapshot) {
            return snapshot;
        }
        assert!(Instant::now() < deadline, "not in time: {what}; {:?} {:?}", snapshot.phase, snapshot.notices);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_on_air(snapshot: &Snapshot) -> bool {
    matches!(snapshot.phase, Phase::OnAir { .. })
}

fn is_ended(snapshot: &Snapshot) -> bool {
    matches!(snapshot.phase, Phase::Ended { .. })
}

fn has_notice(snapshot: &Snapshot, code: &str) -> bool {
    snapshot.notices.iter().any(|notice| notice.code == code)
}

async fn accepted(studio: &Studio, command: Command) {
    let reply = timeout(AT_ONCE, studio.dispatch(command)).await.expect("the loop waits for something");
    assert_eq!(reply, Reply::Accepted);
}

fn hold(data: &Path) -> Held {
    testing::hold(&DataFolder::database_in(data), DEADLINE)
}

async fn planned(studio: &Studio, data: &Path) {
    let archive = DataFolder::database_in(data);
    until(studio, "an episode is planned", |_| testing::planned(&archive) == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_does_not_answer_delays_neither_the_loop_nor_the_show() {
    let data = tempfile::tempdir().unwrap();
    let studio = Studio::start(small(data.path())).await.unwrap();
    planned(&studio, data.path()).await;
    let held = hold(data.path());
    accepted(&studio, Command::GoLive).await;
    let snapshot = until(&studio, "on air without the archive", is_on_air).await;
    assert!(has_notice(&snapshot, "archive.slow"), "{:?}", snapshot.notices);
    drop(held);
    accepted(&studio, Command::End).await;
    let snapshot = until(&studio, "it ends", is_ended).await;
    let replay = snapshot.library.iter().find(|replay| replay.path.is_some()).expect("it is filed all the same");
    assert!(replay.duration_ms > 0, "{replay:?}");
    studio.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_archive_is_notified_and_the_show_is_filed() {
    let data = tempfile::tempdir().unwrap();
    let studio = Studio::start(small(data.path())).await.unwrap();
    planned(&studio, data.path()).await;
    accepted(&studio, Command::GoLive).await;
    until(&studio, "on air", is_on_air).await;
    testing::break_next_transaction(&DataFolder::database_in(data.path()));
    let muted = Command::SetViewerMuted { viewer: domain::ViewerId::from_random([1; 16]), muted: true };
    accepted(&studio, muted).await;
    let noticed = timeout(AT_ONCE, until(&studio, "it is noticed", |seen| has_notice(seen, "archive.restarted")));
    noticed.await.expect("within a second");
    accepted(&studio, Command::End).await;
    let snapshot = until(&studio, "it ends", is_ended).await;
    assert!(snapshot.library.iter().any(|replay| replay.path.is_some() && replay.duration_ms > 0));
    studio.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_failed_is_made_again_when_the_show_is_to_begin() {
    let data = tempfile::tempdir().unwrap();
    Studio::start(small(data.path())).await.unwrap().close().await;
    testing::forget_episodes(&DataFolder::database_in(data.path()));
    let held = hold(data.path());
    let studio = Studio::start(small(data.path())).await.unwrap();
    until(&studio, "the plan fails", |snapshot| has_notice(snapshot, "broadcast.not_planned")).await;
    drop(held);
    accepted(&studio, Command::GoLive).await;
    let snapshot = until(&studio, "on air", is_on_air).await;
    assert!(!has_notice(&snapshot, "broadcast.not_planned"));
    accepted(&studio, Command::End).await;
    until(&studio, "it ends", is_ended).await;
    studio.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_moves_delays_nothing_but_the_show_that_needs_it() {
    let data = tempfile::tempdir().unwrap();
    let studio = Studio::start(StudioConfig { listen: Listen::ByReach, ..small(data.path()) }).await.unwrap();
    planned(&studio, data.path()).await;
    let before = look(&studio).await.links;
    // Somebody who neither speaks nor listens: the farewell takes its time.
    let address = before.viewer_url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
    let request = format!(
        "GET /studio/room HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    // The room opens after its episode is planned.
    let join = async || {
        let mut silent = tokio::net::TcpStream::connect(&address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut silent, request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        tokio::io::AsyncReadExt::read_exact(&mut silent, &mut answer).await.unwrap();
        (&answer == b"HTTP/1.1 101").then_some(silent)
    };
    let joined = async {
        loop {
            match join().await {
                Some(silent) => return silent,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let _silent = timeout(DEADLINE, joined).await.expect("the room opens");

    accepted(&studio, Command::SetReach { reach: Reach::ThisNetwork }).await;
    accepted(&studio, Command::GoLive).await;
    let snapshot = until(&studio, "on air", is_on_air).await;
    assert_ne!(snapshot.links, before, "at the new place");
    accepted(&studio, Command::End).await;
    until(&studio, "it ends", is_ended).await;
    studio.close().await;
}

/// The first line of the answer to a request for the show's page under `host`; empty where nobody listens.
async fn answer(address: &str, host: &str) -> String {
    let Ok(mut stream) = tokio::net::TcpStream::connect(address).await else { return String::new() };
    let request = format!("GET /studio HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut text).await.unwrap();
    String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_from_the_window_is_answered_at_the_same_address_and_a_wrong_one_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let studio = Studio::start(small(data.path())).await.unwrap();
    planned(&studio, data.path()).await;
    let url = look(&studio).await.links.viewer_url;
    let address = url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
    assert!(answer(&address, "live.example.org").await.contains(" 421 "));
    let network = |name: &str| Command::SetNetwork {
        host_names: vec![name.to_owned()],
        trusted_proxies: vec!["192.0.2.7".to_owned()],
        upload_kbps: Some(20_000),
    };
    let refused = studio.dispatch(network("http://live.example.org")).await;
    assert!(matches!(refused, Reply::Refused(refusal) if refusal.code == "network.host"));
    accepted(&studio, network("live.example.org")).await;
    let answers = async {
        while !answer(&address, "live.example.org").await.contains(" 200 ") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, answers).await.expect("it listens at the same address");
    assert_eq!(look(&studio).await.links.viewer_url, url);
    studio.close().await;
}

/// Observes without a pause, as no engine would, until it is dropped.
struct Flood {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<u64>>,
}

impl Flood {
    fn start(observers: Observers) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut count = 0;
            while !stopped.load(Ordering::Relaxed) {
                observers.engine(EngineEvent::Levels(Levels::default()));
                observers.engine(EngineEvent::Monitor(bytes::Bytes::from_static(b"picture")));
                observers.devices(vec![Device {
                    kind: DeviceKind::Camera,
                    id: count.to_string(),
                    name: String::new(),
                    detail: String::new(),
                    unusable: None,
                }]);
                observers.engine(EngineEvent::Stats(Stats { fps: 15.0, encoded_kbps: 1, ..Stats::default() }));
                count += 4;
                // The engine beside it needs its share of the two cores.
                if count % 1_000 == 0 {
                    std::thread::yield_now();
                }
            }
            count
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let count = self.thread.take().and_then(|thread| thread.join().ok());
        assert!(count > Some(10_000), "{count:?} is no flood");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_what_repeats_itself_holds_back_neither_begin_nor_end() {
    let data = tempfile::tempdir().unwrap();
    let studio = Studio::start(small(data.path())).await.unwrap();
    let flood = Flood::start(studio.observers.clone());
    accepted(&studio, Command::GoLive).await;
    until(&studio, "on air in the flood", is_on_air).await;
    accepted(&studio, Command::End).await;
    let snapshot = until(&studio, "it ends in the flood", is_ended).await;
    assert!(snapshot.library.iter().any(|replay| replay.path.is_some()));
    drop(flood);
    studio.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_a_hundred_changes_is_remembered_at_the_close() {
    let data = tempfile::tempdir().unwrap();
    let remembering = || StudioConfig { setup: None, ..small(data.path()) };
    let studio = Studio::start(remembering()).await.unwrap();
    for step in 1..=100_u8 {
        let id = SourceId::parse("microphone").unwrap();
        accepted(&studio, Command::SetGain { id, gain_db: f32::from(step) / -10.0 }).await;
    }
    studio.close().await;
    let studio = Studio::start(remembering()).await.unwrap();
    assert_eq!(look(&studio).await.setup.first_mut(SourceKind::Microphone).strip.gain_db, -10.0);
    studio.close().await;
}
