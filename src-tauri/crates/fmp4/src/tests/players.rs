//! Independent readers.

use std::path::Path;
use std::process::{Command, Output};

/// Runs a program on a file; fails where it fails or has anything to say. Answers what it printed;
/// none where it is not installed.
#[track_caller]
fn run(program: &str, arguments: &[&str], path: &Path, rest: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).arg(path).args(rest).output();
    let Ok(Output { status, stdout, stderr }) = output else {
        println!("skipped: {program} is not installed");
        return None;
    };
    let errors = String::from_utf8_lossy(&stderr);
    assert!(status.success() && errors.trim().is_empty(), "{program}: {}: {errors}", path.display());
    Some(String::from_utf8_lossy(&stdout).into_owned())
}

/// FFmpeg decodes every frame and packet without a word.
#[track_caller]
pub(crate) fn decode(path: &Path) {
    run("ffmpeg", &["-hide_banner", "-nostdin", "-v", "error", "-xerror", "-i"], path, &["-f", "null", "-"]);
}

/// What `ffprobe` says, one entry a line.
#[track_caller]
pub(crate) fn probe(path: &Path, entries: &str, more: &[&str]) -> Option<String> {
    let arguments = [&["-v", "error", "-of", "csv=p=0", "-show_entries", entries], more].concat();
    run("ffprobe", &arguments, path, &[])
}

/// Times of the packets of one stream (`v` or `a`), in seconds.
#[track_caller]
pub(crate) fn packet_times(path: &Path, stream: &str) -> Option<Vec<f64>> {
    let text = probe(path, "packet=pts_time", &["-select_streams", stream])?;
    Some(text.lines().filter_map(|line| line.trim_matches(',').parse().ok()).collect())
}
