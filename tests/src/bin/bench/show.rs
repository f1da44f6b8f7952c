//! The shows that are measured.

use std::path::Path;

use antenne_tests::antenne::{Antenne, OnAir};

/// What every measured show has in common (the numbers).
pub(crate) const PROGRAM: &[&str] =
    &["--mic", "test", "--size", "1280x720", "--fps", "30", "--video-kbps", "2500", "--listen", "127.0.0.1:0"];

/// A camera alone: its clock strip can be read.
pub(crate) const SOLO: &[&str] = &["--camera", "test", "--layout", "solo"];

/// Two sources in *corner*.
pub(crate) const CORNER: &[&str] = &["--camera", "test", "--screen", "test", "--layout", "corner"];

/// A running show and where it is watched.
pub(crate) async fn start(data: &Path, sources: &[&str]) -> (Antenne, OnAir) {
    let mut antenne = Antenne::live(data, &[PROGRAM, sources].concat());
    let on_air = antenne.on_air().await;
    assert!(on_air.verified, "a show that is not seen is not measured: {}", on_air.reason);
    (antenne, on_air)
}

/// The recording that the show left.
pub(crate) async fn end(antenne: &mut Antenne) -> antenne_tests::recording::Recording {
    let ended = antenne.end().await;
    antenne_tests::recording::Recording::open(Path::new(ended["recording"].as_str().expect("it was recorded")))
}
