//! The encoder alone, and the sources alone: what the studio's cost is compared with.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use antenne_tests::antenne::{Antenne, built};
use antenne_tests::deadline::let_pass;
use antenne_tests::measure::cpu_seconds;
use antenne_tests::process::{Process, isolated};
use tempfile::TempDir;
use tokio::process::Command;

use crate::audience::Crowd;
use crate::show;

/// How long each measurement is.
const WINDOW: Duration = Duration::from_secs(10);
/// What passes first, so that starting costs are not counted.
pub(crate) const WARM_UP: Duration = Duration::from_secs(3);

/// CPU seconds a second that processes use in a window of time.
pub(crate) async fn load(pids: &[u32]) -> f64 {
    let used = || pids.iter().map(|pid| cpu_seconds(*pid)).sum::<f64>();
    let before = used();
    let_pass(WINDOW).await;
    (used() - before) / WINDOW.as_secs_f64()
}

/// The load of a process that is started for it, and killed.
pub(crate) async fn load_of(name: &str, command: Command) -> f64 {
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

/// What the encoder costs alone, and the sources alone, in cores.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Baseline {
    /// With x264enc's own profile.
    pub(crate) encoder: f64,
    /// In the profile that the studio encodes.
    pub(crate) own_profile: f64,
    pub(crate) sources: f64,
}

impl Baseline {
    /// Measures once, on the frames of a show with these moving sources.
    pub(crate) async fn alone(sources: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder");
        Self::measure(&raw_frames(folder.path(), sources).await, true).await
    }

    /// Measures both on `frames`. Reading the frames is subtracted from the encoder's.
    pub(crate) async fn measure(frames: &Path, moving: bool) -> Self {
        let encoding = load_of("x264enc", pipeline(frames, ENCODER)).await;
        let own_profile = load_of("x264enc", pipeline(frames, &[ENCODER, OWN_PROFILE].concat())).await;
        let reading = load_of("reading", pipeline(frames, &[])).await;
        let sources = if moving { load_of("sources", sources_alone()).await } else { 0.0 };
        Self { encoder: encoding - reading, own_profile: own_profile - reading, sources }
    }
}

fn sources_alone() -> Command {
    let program = built("examples/sources_alone", "cargo build --release -p antenne-engine --example sources_alone");
    let mut command = isolated(program);
    command.args(["1280x720", "30"]);
    command
}

/// Reads the frames in real time, for ever, and does `with` to them.
fn pipeline(frames: &Path, with: &[&str]) -> Command {
    let mut command = isolated("gst-launch-1.0");
    command.args(["-q", "multifilesrc", "loop=true"]).arg(format!("location={}/%04d.yuv", frames.display()));
    let parsed = "index=0 ! rawvideoparse format=i420 width=1280 height=720 framerate=30/1 colorimetry=bt709 !";
    command.args(parsed.split(' ')).args(with).args(["fakesink", "sync=true"]);
    command
}

/// The frames of a show with these sources and a crowd, as exactly as a recording can have them, one file each.
pub(crate) async fn raw_frames(folder: &Path, sources: &[&str]) -> PathBuf {
    let data = TempDir::new().expect("a folder");
    let (mut antenne, on_air) = show::start_at("50000", &Antenne::program(), data.path(), sources).await;
    let crowd = Crowd::gather(&on_air.room_url).await;
    let_pass(Duration::from_secs(12)).await;
    drop(crowd);
    let ended = antenne.end().await;
    let frames = folder.join("frames");
    std::fs::create_dir(&frames).expect("a folder for frames");
    let mut decoding = isolated("ffmpeg");
    decoding.args(["-nostdin", "-v", "error", "-ss", "3", "-i", ended["recording"].as_str().expect("it was recorded")]);
    let raw = "-frames:v 240 -f image2 -c:v rawvideo -pix_fmt yuv420p -start_number 0";
    let decoded = decoding.args(raw.split(' ')).arg(frames.join("%04d.yuv")).stdin(Stdio::null()).status().await;
    assert!(decoded.expect("ffmpeg is installed").success());
    frames
}

/// A still picture with hard edges and without noise, as slides are.
pub(crate) async fn still_slide(folder: &Path) -> PathBuf {
    let path = folder.join("slide.png");
    let mut drawing = isolated("ffmpeg");
    drawing.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=1280x720", "-frames:v", "1"]);
    let drawn = drawing.arg(&path).stdin(Stdio::null()).status().await;
    assert!(drawn.expect("ffmpeg is installed").success());
    path
}
