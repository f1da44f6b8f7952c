//! A long show in an unlucky world, for `make soak`: viewers come and go, people talk and tap, a destination
//! dies every minute, the camera is pulled and plugged in. Memory, threads, descriptors and the database's
//! log must stay flat, and the recording whole.
//!
//! `soak [SECONDS]`: an hour, or as long as is asked for. Prints what was seen each half minute and, at the end,
//! whether it held; ends with 1 where it did not.

mod life;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use antenne_tests::antenne::Antenne;
use antenne_tests::deadline::let_pass;
use antenne_tests::measure::{descriptors, own_memory, report, threads};
use antenne_tests::peers::RtmpServer;
use antenne_tests::recording::{Recording, longest_gap};
use antenne_tests::surroundings::Session;
use tempfile::TempDir;
use tokio::time::Instant;

use life::Life;

/// How long it lasts where nothing is said.
const AN_HOUR: Duration = Duration::from_secs(3600);
/// What passes before the first look counts: caches fill, everything has happened once.
const SETTLED_AFTER: Duration = Duration::from_secs(150);
/// The time between two looks.
const LOOK: Duration = Duration::from_secs(30);
const MIB: f64 = 1024.0 * 1024.0;

/// What a process holds at one moment.
#[derive(Debug, Clone, Copy)]
struct Held {
    memory: f64,
    threads: usize,
    descriptors: usize,
    wal: f64,
}

/// How much more each may be at the last looks than at the first ones.
const GROWTH: Held = Held { memory: 24.0, threads: 6, descriptors: 12, wal: 8.0 };

impl Held {
    fn by(antenne: &mut Antenne) -> Self {
        let wal = antenne.archive().with_extension("db-wal");
        let pid = antenne.process().id();
        Self {
            memory: own_memory(pid) as f64 / MIB,
            threads: threads(pid),
            descriptors: descriptors(pid),
            // There is none before the first write.
            wal: std::fs::metadata(wal).map_or(0.0, |file| file.len() as f64 / MIB),
        }
    }

    /// The least of each: what stays held, whatever comes and goes.
    fn least(all: &[Self]) -> Self {
        let least = |part: fn(&Self) -> f64| all.iter().map(part).fold(f64::INFINITY, f64::min);
        Self {
            memory: least(|held| held.memory),
            threads: all.iter().map(|held| held.threads).min().unwrap_or_default(),
            descriptors: all.iter().map(|held| held.descriptors).min().unwrap_or_default(),
            wal: least(|held| held.wal),
        }
    }
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { memory, threads, descriptors, wal } = self;
        write!(f, "{memory:6.1} MiB, {threads:3} threads, {descriptors:3} descriptors, WAL {wal:5.2} MiB")
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let asked = std::env::args().nth(1).map(|seconds| seconds.parse::<u64>());
    let length = match asked {
        None => AN_HOUR,
        Some(Ok(seconds)) => Duration::from_secs(seconds),
        Some(Err(error)) => {
            report(format!("usage: soak [SECONDS]: {error}"));
            return ExitCode::from(2);
        }
    };
    let problems = soak(length).await;
    if problems.is_empty() {
        report("it held");
        return ExitCode::SUCCESS;
    }
    problems.iter().for_each(report);
    ExitCode::FAILURE
}

async fn soak(length: Duration) -> Vec<String> {
    let data = TempDir::new().expect("a folder");
    // Until the show has ended: its camera is in it.
    let session = Arc::new(Session::start().await);
    let server = RtmpServer::start().await;
    let camera = session.plug_camera("Loose Cable").await;
    let mut command = Antenne::command(data.path());
    session.surround(&mut command);
    let url = server.url();
    let options =
        ["--mic", "test", "--size", "640x360", "--video-kbps", "1500", "--listen", "127.0.0.1:0", "--to", &url];
    let mut antenne = Antenne::start(command, data.path(), &options);
    let on_air = antenne.on_air().await;
    let began = Instant::now();
    let life = Life::start(&on_air, server, session.clone(), camera);
    let mut looks = Vec::new();
    while began.elapsed() < length {
        let_pass(LOOK.min(length.saturating_sub(began.elapsed()))).await;
        let held = Held::by(&mut antenne);
        report(format!("{:5} s  {held}  {}", began.elapsed().as_secs(), antenne.stats()));
        if began.elapsed() >= SETTLED_AFTER.min(length / 3) {
            looks.push(held);
        }
    }
    let lived = life.end().await;
    report(&lived);
    let ended = antenne.end().await;
    drop(session);
    let mut problems = grown(&looks);
    problems.extend(lived.problems());
    problems.extend(holes(Path::new(ended["recording"].as_str().expect("it was recorded"))));
    problems
}

/// What the last third of the looks holds beyond the first third.
fn grown(looks: &[Held]) -> Vec<String> {
    let third = looks.len() / 3;
    if third == 0 {
        return vec!["it was too short to compare anything".to_owned()];
    }
    let (first, last) = (Held::least(&looks[..third]), Held::least(&looks[looks.len() - third..]));
    report(format!("first   {first}\nlast    {last}"));
    let parts = [
        ("memory (MiB)", last.memory - first.memory, GROWTH.memory),
        ("threads", last.threads as f64 - first.threads as f64, GROWTH.threads as f64),
        ("descriptors", last.descriptors as f64 - first.descriptors as f64, GROWTH.descriptors as f64),
        ("WAL (MiB)", last.wal - first.wal, GROWTH.wal),
    ];
    let grew = parts.into_iter().filter(|(_, more, most)| more > most);
    grew.map(|(what, more, most)| format!("{what} grew by {more:.1}, more than {most:.1}")).collect()
}

/// Holes in the recording, and what cannot be decoded of it.
fn holes(path: &Path) -> Vec<String> {
    let recording = Recording::open(path);
    recording.decode_all();
    let frames = longest_gap(recording.pictures().iter().map(|frame| frame.pts));
    let audio = longest_gap(recording.sounds().iter().map(|packet| packet.pts));
    report(format!(
        "recording of {:.1} s: longest step {frames:.3} s of frames, {audio:.3} s of audio",
        recording.duration()
    ));
    let kinds = [("frames", frames), ("audio", audio)].into_iter().filter(|(_, gap)| *gap >= 0.05);
    kinds.map(|(kind, gap)| format!("the recording's {kind} have a hole of {gap:.3} s")).collect()
}
