//! LL-HLS as other people's players read it: ffmpeg, GStreamer's hlsdemux2, and a client that waits for each
//! part.

use std::process::Stdio;
use std::time::{Duration, Instant};

use antenne_tests::antenne::Antenne;
use antenne_tests::http::get;
use antenne_tests::measure::report;
use antenne_tests::process::isolated;
use serde_json::Value;
use tempfile::TempDir;

/// A small show on test devices, at any free port.
const SHOW: &[&str] = &["--camera", "test", "--mic", "test", "--size", "640x360", "--video-kbps", "1000"];
/// A player that waits longer than this for seven seconds of a show does not play.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a player says who ends by itself.
async fn played(program: &str, arguments: &[&str]) -> (String, String) {
    let mut command = isolated(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{program} plays to no end")).expect("it is installed");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {out}{err}");
    (out, err)
}

#[tokio::test(flavor = "multi_thread")]
async fn ffmpeg_and_gstreamer_play_a_show_and_see_its_program_time() {
    let data = TempDir::new().expect("a folder");
    let arguments = [SHOW, &["--listen", "127.0.0.1:0"]].concat();
    let mut antenne = Antenne::live(data.path(), &arguments);
    let on_air = antenne.on_air().await;
    let url = on_air.hls_url.as_str();
    streams(url).await;
    decodes(url).await;
    by_gstreamer(url).await;
    each_part_in_time(&on_air.base()).await;
    antenne.end().await;
}

/// What it is made of, and when its first packets are: program time, which began when the show did.
async fn streams(url: &str) {
    let (out, err) = played(
        "ffprobe",
        &["-v", "warning", "-of", "json", "-show_streams", "-show_packets", "-read_intervals", "%+#90", url],
    )
    .await;
    let read: Value = serde_json::from_str(&out).expect("JSON");
    let streams = read["streams"].as_array().expect("streams");
    let codecs: Vec<_> = streams.iter().map(|stream| stream["codec_name"].as_str().unwrap_or_default()).collect();
    assert_eq!(codecs, ["h264", "aac"], "{err}");
    assert_eq!((&streams[0]["width"], &streams[0]["height"]), (&Value::from(640), &Value::from(360)));
    let packets = read["packets"].as_array().expect("packets");
    let first = |kind: &str| {
        let packet = packets.iter().find(|packet| packet["codec_type"] == kind).expect("a packet");
        packet["pts_time"].as_str().and_then(|time| time.parse::<f64>().ok()).expect("a time")
    };
    let (video, audio) = (first("video"), first("audio"));
    assert!((video / 2.0).fract().min(1.0 - (video / 2.0).fract()) < 0.02, "a segment begins on the grid: {video}");
    assert!((video - audio).abs() < 0.05, "picture and sound begin together: {video}, {audio}");
}

async fn decodes(url: &str) {
    let (_, err) =
        played("ffmpeg", &["-nostdin", "-v", "warning", "-xerror", "-i", url, "-t", "7", "-f", "null", "-"]).await;
    let bad = ["error", "Invalid", "corrupt", "non monoton", "Non-monotonous", "missing"];
    assert!(bad.iter().all(|bad| !err.contains(bad)), "{err}");
}

async fn by_gstreamer(url: &str) {
    let found = played("gst-inspect-1.0", &["--exists", "hlsdemux2"]).await;
    let play = format!(
        "uridecodebin3 name=d uri={url} d. ! queue ! video/x-raw ! identity eos-after=150 ! fakesink sync=true d. ! queue \
         ! audio/x-raw ! identity eos-after=200 ! fakesink sync=true"
    );
    let mut arguments = vec!["-v"];
    arguments.extend(play.split_whitespace());
    let (out, err) = played("gst-launch-1.0", &arguments).await;
    assert!(out.contains("hlsdemux2") || out.contains("GstHLSDemux2"), "{found:?} {out} {err}");
    assert!(!out.contains("ERROR") && !err.contains("ERROR"), "{out} {err}");
}

/// Waits for each part as a player does: none comes later than it must.
async fn each_part_in_time(base: &str) {
    let index = get(base, "/studio/index.m3u8").await.text();
    let playlist = index.lines().find(|line| line.starts_with("hls/")).expect("a media playlist");
    let playlist = format!("/studio/{playlist}");
    let hint = |text: &str| {
        let hint = text.split("URI=\"").last().and_then(|rest| rest.split('"').next()).expect("a hint");
        let (msn, part) = hint.trim_end_matches(".m4s").split_once('.').expect("a part");
        (msn.to_owned(), part.to_owned())
    };
    let mut next = hint(&get(base, &playlist).await.text());
    let mut waits = Vec::new();
    for _ in 0..24 {
        let begun = Instant::now();
        let (msn, part) = &next;
        let answer = get(base, &format!("{playlist}?_HLS_msn={msn}&_HLS_part={part}")).await.text();
        waits.push(begun.elapsed());
        assert!(answer.contains(&format!("URI=\"{msn}.{part}.m4s\"")), "{answer}");
        next = hint(&answer);
    }
    waits.remove(0);
    waits.sort();
    report(format!("waits for the next part: p50 {:?}, longest {:?}", waits[waits.len() / 2], waits[waits.len() - 1]));
    assert!(waits[waits.len() / 2] < Duration::from_millis(400), "{waits:?}");
}
