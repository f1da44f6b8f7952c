//! The shows that are measured, and the programs that make them.

use std::path::{Path, PathBuf};

use antenne_tests::antenne::{Antenne, OnAir};
use antenne_tests::recording::Recording;

/// What every measured show has in common (the numbers).
const PROGRAM: &[&str] = &["--mic", "test", "--size", "1280x720", "--fps", "30", "--listen", "127.0.0.1:0"];

/// A camera alone: its clock strip can be read.
pub(crate) const SOLO: &[&str] = &["--camera", "test", "--layout", "solo"];

/// Two sources in *corner*: the slide and the inset have noise, which the encoder has to code.
pub(crate) const CORNER: &[&str] = &["--camera", "test", "--screen", "test", "--layout", "corner"];

/// The programs that are compared: the one that was built with the benchmark, then the one of the
/// commit before, where `ANTENNE_BEFORE` names it.
pub(crate) fn programs() -> Vec<PathBuf> {
    let before = std::env::var_os("ANTENNE_BEFORE").map(PathBuf::from);
    std::iter::once(Antenne::program()).chain(before).collect()
}

/// Starts a show of `program` with `sources`, at the usual bit rate; verified.
pub(crate) async fn start(program: &Path, data: &Path, sources: &[&str]) -> (Antenne, OnAir) {
    start_at("2500", program, data, sources).await
}

/// The same, at so many kb/s.
pub(crate) async fn start_at(kbps: &str, program: &Path, data: &Path, sources: &[&str]) -> (Antenne, OnAir) {
    let command = Antenne::command_of(program, data);
    let mut antenne = Antenne::start(command, data, &[PROGRAM, &["--video-kbps", kbps], sources].concat());
    let on_air = antenne.on_air().await;
    assert!(on_air.verified, "a show that is not seen is not measured: {}", on_air.reason);
    (antenne, on_air)
}

/// The recording that the show left.
pub(crate) async fn end(antenne: &mut Antenne) -> Recording {
    let ended = antenne.end().await;
    Recording::open(Path::new(ended["recording"].as_str().expect("it was recorded")))
}
