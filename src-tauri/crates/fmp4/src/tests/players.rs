//! Independent readers.

use std::path::Path;
use std::process::{Command, Output};

/// Runs a program on a file; fails where it is not installed, fails, or has anything to say. Answers what it
/// printed.
#[track_caller]
fn run(program: &str, arguments: &[&str], path: &Path, rest: &[&str]) -> String {
    let output = Command::new(program).args(arguments).arg(path).args(rest).output();
    let Output { status, stdout, stderr } =
        output.unwrap_or_else(|error| panic!("{program} is needed, and cannot be started: {error}"));
    let errors = String::from_utf8_lossy(&stderr);
    assert!(status.success() && errors.trim().is_empty(), "{program}: {}: {errors}", path.display());
    String::from_utf8_lossy(&stdout).into_owned()
}

/// FFmpeg decodes every frame and packet without a word.
#[track_caller]
pub(crate) fn decode(path: &Path) {
    run("ffmpeg", &["-hide_banner", "-nostdin", "-v", "error", "-xerror", "-i"], path, &["-f", "null", "-"]);
}

/// What `ffprobe` says, one entry a line.
#[track_caller]
pub(crate) fn probe(path: &Path, entries: &str, more: &[&str]) -> String {
    let arguments = [&["-v", "error", "-of", "csv=p=0", "-show_entries", entries], more].concat();
    run("ffprobe", &arguments, path, &[])
}

/// Times of the packets of one stream (`v` or `a`), in seconds.
#[track_caller]
pub(crate) fn packet_times(path: &Path, stream: &str) -> Vec<f64> {
    let text = probe(path, "packet=pts_time", &["-select_streams", stream]);
    text.lines().filter_map(|line| line.trim_matches(',').parse().ok()).collect()
}

/// The sound as FFmpeg decodes it, placed by its times: interleaved samples of two channels.
#[track_caller]
pub(crate) fn sound(path: &Path) -> Vec<i16> {
    let output = path.with_extension("pcm");
    let target = output.to_str().unwrap();
    let arguments = ["-hide_banner", "-nostdin", "-v", "error", "-xerror", "-y", "-i"];
    run("ffmpeg", &arguments, path, &["-map", "a", "-f", "s16le", "-ac", "2", target]);
    let bytes = std::fs::read(&output).unwrap();
    bytes.as_chunks::<2>().0.iter().map(|sample| i16::from_le_bytes(*sample)).collect()
}

/// Bytes of all frames (I420) as GStreamer decodes them; it decodes the audio as well.
#[track_caller]
pub(crate) fn gstreamer(path: &Path) -> u64 {
    let output = path.with_extension("yuv");
    let pipeline = format!(
        "filesrc location={} ! qtdemux name=file \
         file.video_0 ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! h264parse ! avdec_h264 \
         ! video/x-raw,format=I420 ! filesink location={} \
         file.audio_0 ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! aacparse ! avdec_aac ! fakesink",
        path.display(),
        output.display()
    );
    let output_of_it = Command::new("gst-launch-1.0").arg("-q").args(pipeline.split_whitespace()).output();
    let Output { status, stderr, .. } = output_of_it.expect("gst-launch-1.0 is needed");
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    std::fs::metadata(&output).unwrap().len()
}
