//! CPU seconds of the studio over those of the encoder alone on the same pictures.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use antenne_tests::antenne::{Antenne, built};
use antenne_tests::browser::Chromium;
use antenne_tests::deadline::let_pass;
use antenne_tests::measure::{Spread, cpu_seconds};
use antenne_tests::process::{Process, isolated};
use tempfile::TempDir;
use tokio::process::Command;

use crate::audience::Crowd;
use crate::show;
use crate::table::Table;

/// How often each side is measured, in turn.
const ROUNDS: usize = 3;
/// How long each time.
const WINDOW: Duration = Duration::from_secs(12);
/// What passes first, so that starting costs are not counted.
const WARM_UP: Duration = Duration::from_secs(3);

/// CPU seconds a second that a process uses in a window of time.
pub(crate) async fn load(pids: &[u32]) -> f64 {
    let used = || pids.iter().map(|pid| cpu_seconds(*pid)).sum::<f64>();
    let before = used();
    let_pass(WINDOW).await;
    (used() - before) / WINDOW.as_secs_f64()
}

async fn load_of(name: &str, command: Command) -> f64 {
    let mut process = Process::start(name, command);
    let_pass(WARM_UP).await;
    let load = load(&[process.id()]).await;
    process.kill().await;
    load
}

/// The encoder with its own defaults, which are profile *high*.
const ENCODER: &[&str] =
    &["x264enc", "speed-preset=veryfast", "tune=zerolatency", "bitrate=2500", "key-int-max=60", "bframes=0", "!"];
/// Browsers are sent constrained baseline, which costs less to make.
const OWN_PROFILE: &[&str] = &["video/x-h264,profile=constrained-baseline", "!"];

/// What the encoder alone costs, and the sources alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Baseline {
    pub(crate) encoder: f64,
    /// The encoder in the profile that the studio encodes: told, but not the measure.
    own_profile: f64,
    pub(crate) sources: f64,
}

/// Measures the studio with one viewer and no monitor; returns the baselines for the window's turn.
pub(crate) async fn program(table: &mut Table) -> Baseline {
    let folder = TempDir::new().expect("a folder");
    let frames = raw_frames(folder.path()).await;
    let (mut ratios, mut studios, mut rounds) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let round = baseline(&frames).await;
        let data = TempDir::new().expect("a folder");
        let (mut antenne, on_air) = show::start(data.path(), show::CORNER).await;
        let crowd = Crowd::gather(&on_air.room_url).await;
        let viewer = audience::client::WhepClient::connect(&on_air.whep_url).await.expect("one viewer");
        let mut units = viewer.units();
        let reading = tokio::spawn(async move { while units.recv().await.is_some() {} });
        let_pass(WARM_UP * 2).await;
        let studio = load(&[antenne.process().id()]).await;
        viewer.close().await;
        reading.abort();
        drop(crowd);
        antenne.end().await;
        ratios.push((studio - round.sources) / round.encoder);
        studios.push(studio);
        rounds.push(round);
    }
    let median = |part: fn(&Baseline) -> f64| Spread::of(rounds.iter().map(part)).median;
    let (encoder, own_profile, sources) =
        (median(|round| round.encoder), median(|round| round.own_profile), median(|round| round.sources));
    let remark = format!(
        "studio {:.0} %, x264enc {:.0} % (as constrained baseline {:.0} %), sources {:.0} % of a core",
        Spread::of(studios).median * 100.0,
        encoder * 100.0,
        own_profile * 100.0,
        sources * 100.0
    );
    table.add("CPU of the studio over x264enc alone", "x", Spread::of(ratios).median, (1.5, 1.25), remark);
    Baseline { encoder, own_profile, sources }
}

/// The encoder and the sources, each alone. Reading the frames is subtracted from the encoder.
async fn baseline(frames: &Path) -> Baseline {
    let encoding = load_of("x264enc", pipeline(frames, ENCODER)).await;
    let own_profile = load_of("x264enc", pipeline(frames, &[ENCODER, OWN_PROFILE].concat())).await;
    let reading = load_of("reading", pipeline(frames, &[])).await;
    let program = built("examples/sources_alone", "cargo build --release -p antenne-engine --example sources_alone");
    let mut command = isolated(program);
    command.args(["1280x720", "30"]);
    let sources = load_of("sources", command).await;
    Baseline { encoder: encoding - reading, own_profile: own_profile - reading, sources }
}

/// Reads the frames in real time, for ever, and does `with` to them.
fn pipeline(frames: &Path, with: &[&str]) -> Command {
    let mut command = isolated("gst-launch-1.0");
    command.args(["-q", "multifilesrc", "loop=true"]).arg(format!("location={}/%04d.yuv", frames.display()));
    command.args([
        "index=0",
        "!",
        "rawvideoparse",
        "format=i420",
        "width=1280",
        "height=720",
        "framerate=30/1",
        "colorimetry=bt709",
        "!",
    ]);
    command.args(with).args(["fakesink", "sync=true"]);
    command
}

/// The program's own pictures, as exactly as a recording can have them, one file each.
async fn raw_frames(folder: &Path) -> PathBuf {
    let data = TempDir::new().expect("a folder");
    let options =
        [show::CORNER, &["--mic", "test", "--size", "1280x720", "--video-kbps", "50000", "--listen", "127.0.0.1:0"]]
            .concat();
    let mut antenne = Antenne::live(data.path(), &options);
    let on_air = antenne.on_air().await;
    let crowd = Crowd::gather(&on_air.room_url).await;
    let_pass(Duration::from_secs(12)).await;
    drop(crowd);
    let ended = antenne.end().await;
    let frames = folder.join("frames");
    std::fs::create_dir(&frames).expect("a folder for frames");
    let mut decoding = isolated("ffmpeg");
    decoding.args(["-nostdin", "-v", "error", "-ss", "3", "-i", ended["recording"].as_str().expect("it was recorded")]);
    decoding.args([
        "-frames:v",
        "240",
        "-f",
        "image2",
        "-c:v",
        "rawvideo",
        "-pix_fmt",
        "yuv420p",
        "-start_number",
        "0",
    ]);
    let decoded = decoding.arg(frames.join("%04d.yuv")).stdin(Stdio::null()).status().await;
    assert!(decoded.expect("ffmpeg is installed").success());
    frames
}

/// Keeps a browser out of a measurement until it is wanted.
pub(crate) async fn viewer(url: &str) -> antenne_tests::browser::Page {
    let page = Chromium::start().await;
    page.open(url).await;
    page.until("the page is on air", "document.querySelector('[data-testid=state]')?.dataset.state === 'on_air'").await;
    page
}
