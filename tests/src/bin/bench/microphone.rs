//! What a busy computer takes from a microphone: beside PipeWire's own recorder, at the same cycle.

use std::path::Path;
use std::time::Duration;

use antenne_tests::antenne::Antenne;
use antenne_tests::deadline::let_pass;
use antenne_tests::measure::Spread;
use antenne_tests::process::{Process, isolated};
use antenne_tests::recording::Recording;
use antenne_tests::surroundings::Session;
use antenne_tests::tone::Tone;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::table::{Row, Table};

const NAME: &str = "Bench Microphone";
const NODE: &str = "bench-microphone";
/// How often each is measured, in turn.
const ROUNDS: usize = 3;
/// Processes that want a whole core each.
const BUSY: usize = 3;
/// How long each measurement is; its first seconds and its end are left out.
const WINDOW: Duration = Duration::from_secs(20);
const LEFT_OUT: usize = 3 * 48_000;

/// Silent pieces of 10 ms of a microphone with a steady tone, at load 3.
pub(crate) async fn silent_pieces(table: &mut Table) {
    let session = Session::start().await;
    session.plug_microphone(NAME, 48_000, "MONO").await;
    let _player = session.play_into(NAME, &["input_MONO"]).await;
    let busy = || {
        let mut command = isolated("sh");
        command.args(["-c", "while :; do :; done"]);
        Process::start("busy", command)
    };
    let _busy: Vec<Process> = (0..BUSY).map(|_| busy()).collect();
    let (mut studio, mut recorder) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        recorder.push(recorded(&session).await);
        studio.push(shown(&session).await);
    }
    let [studio, recorder] = [studio, recorder].map(|rounds| {
        let pieces: usize = rounds.iter().map(|tone: &Tone| tone.pieces).sum();
        let silent: usize = rounds.iter().map(|tone| tone.silent).sum();
        (100.0 * silent as f64 / pieces.max(1) as f64, Spread::of(rounds.iter().map(Tone::silent_percent)))
    });
    let remark = format!(
        "{:.2} % of the studio's ({}); {:.2} % of pw-record's ({})",
        studio.0, studio.1, recorder.0, recorder.1
    );
    let name = "silent 10 ms of a microphone at load 3, beyond pw-record";
    table.add(Row::new(name, "pt", studio.0 - recorder.0, (0.2, 0.0)).remark(remark));
}

/// What PipeWire's recorder hears in a window.
async fn recorded(session: &Session) -> Tone {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("recorded.wav");
    let mut command = session.command("pw-record");
    command.args(["--target", NODE, "--latency", "1024", "--rate", "48000", "--channels", "1"]).arg(&file);
    let mut process = Process::start("pw-record", command);
    let_pass(WINDOW).await;
    process.signal(Signal::INT);
    process.ended().await;
    tone(&Recording::sound_of(&file))
}

/// What a show's recording holds of it.
async fn shown(session: &Session) -> Tone {
    let data = TempDir::new().expect("a folder");
    let mut command = Antenne::command(data.path());
    session.surround(&mut command);
    let id = format!("pipewire:{NODE}");
    let small = ["--size", "320x180", "--fps", "10", "--listen", "127.0.0.1:0"];
    let mut antenne =
        Antenne::start(command, data.path(), &[&["--camera", "none", "--mic", &id], small.as_slice()].concat());
    antenne.event_where("source", |event| event["state"] == "running").await;
    let_pass(WINDOW).await;
    let ended = antenne.end().await;
    tone(&Recording::open(Path::new(ended["recording"].as_str().expect("it was recorded"))).sound())
}

/// The middle of what was heard.
fn tone(samples: &[f32]) -> Tone {
    let end = samples.len().saturating_sub(48_000);
    Tone::of(samples.get(LEFT_OUT.min(end)..end).unwrap_or_default())
}
