//! The stand-ins themselves: a test of the studio means nothing where its surroundings lie.

use std::path::{Path, PathBuf};
use std::process::Command;

use antenne_tests::browser::Chromium;
use antenne_tests::deadline::until;
use antenne_tests::peers::{RtmpServer, SilentServer, is_flv};
use antenne_tests::recording::{Recording, lip_sync, longest_gap};
use antenne_tests::strip::draw;
use antenne_tests::surroundings::{Screen, Session};
use tempfile::TempDir;

/// Five seconds of picture and sound, in real time if they are pushed somewhere.
fn made_by_ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30"]);
    command.args(["-f", "lavfi", "-i", "sine=frequency=1000:beep_factor=1", "-t", "5", "-c:v", "libx264"]);
    command.args(["-preset", "ultrafast", "-g", "60", "-bf", "0", "-c:a", "aac", "-pix_fmt", "yuv420p"]);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_has_a_number_of_its_own() {
    let (one, other) = (Screen::start(640, 360).await, Screen::start(640, 360).await);
    assert_ne!(one.display(), other.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_a_sound_server_that_can_be_restarted() {
    let mut session = Session::start().await;
    session.stop_sound_server().await;
    assert!(!session.offers("WirePlumber").await, "it is gone");
    session.start_sound_server().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_is_plugged_in_and_pulled_out() {
    let session = Session::start().await;
    let camera = session.plug_camera("Strip Camera").await;
    assert!(session.offers("Strip Camera").await);
    camera.pull().await;
    until("the camera is gone", || async { (!session.offers("Strip Camera").await).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_files_what_it_gets_and_a_recording_is_read_exactly() {
    let mut server = RtmpServer::start().await;
    let mut pushing = made_by_ffmpeg().args(["-f", "flv", &server.url()]).spawn().expect("ffmpeg is installed");
    assert!(pushing.wait().expect("ffmpeg ends").success());
    until("the server filed it", || async {
        server.recordings().first().is_some_and(|path| is_flv(path)).then_some(())
    })
    .await;
    server.stop().await;

    let recording = Recording::open(&server.recordings()[0]);
    assert_eq!(recording.size(), (320, 180));
    let pictures = recording.pictures();
    assert!(pictures.len() > 140 && pictures[0].keyframe, "{} pictures", pictures.len());
    assert!(longest_gap(pictures.iter().map(|picture| picture.pts)) < 0.05);
    assert_eq!(recording.stamps().len(), pictures.len());
    assert!(recording.stamps().iter().all(|stamp| stamp.strip.is_none()), "there is no strip in it");
    assert!(recording.sound().len() > 4 * 48_000);
    assert!(recording.pictures_between(1.0, 1.5, 3).len().abs_diff(5) <= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_accepts_and_says_nothing() {
    use tokio::io::AsyncReadExt;

    let server = SilentServer::start(([127, 0, 0, 1], 0).into());
    let mut connection = tokio::net::TcpStream::connect(server.address()).await.expect("it accepts");
    let mut said = [0; 16];
    let answer = tokio::time::timeout(std::time::Duration::from_millis(300), connection.read(&mut said)).await;
    assert!(answer.is_err(), "it says nothing: {answer:?}");
}

/// What the strip shows in picture `number` of [`strip_video`].
fn strip_value(number: u64) -> u64 {
    1_800_000_000_000 + number * 100 / 3
}

/// Three seconds with a clock strip, and a beep at each full second of it.
fn strip_video(folder: &Path) -> PathBuf {
    let (raw, file) = (folder.join("strips.raw"), folder.join("strips.mp4"));
    let picture = |number| {
        let mut picture = draw(strip_value(number), 640).repeat(15);
        picture.resize(640 * 360, 100);
        picture
    };
    std::fs::write(&raw, (0..90).flat_map(picture).collect::<Vec<u8>>()).expect("it is written");
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "640x360", "-r", "30", "-i"]);
    command.arg(&raw).args(["-f", "lavfi", "-i"]);
    command.arg("aevalsrc='0.3*sin(2*PI*1000*t)*lt(mod(t,1),0.1)+0.001*random(0)':d=3:s=48000");
    command.args(["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-b:v", "1500k", "-pix_fmt", "yuv420p"]);
    let made = command.args(["-c:a", "aac", "-movflags", "faststart"]).arg(&file).status();
    assert!(made.expect("ffmpeg is installed").success());
    file
}

#[test]
fn the_strips_and_beeps_of_a_recording_are_read() {
    let folder = TempDir::new().expect("a folder");
    let recording = Recording::open(&strip_video(folder.path()));
    let stamps = recording.stamps();
    let expected: Vec<_> = (0..90).map(|number| Some(strip_value(number))).collect();
    assert_eq!(stamps.iter().map(|stamp| stamp.strip).collect::<Vec<_>>(), expected);
    let beeps = recording.beeps();
    let apart = lip_sync(&stamps, &beeps);
    assert!(apart.len() >= 2 && apart.iter().all(|ms| ms.abs() < 12.0), "{beeps:?}: {apart:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_sees_the_strips_and_hears_the_beeps() {
    let folder = TempDir::new().expect("a folder");
    let file = strip_video(folder.path());
    let page = Chromium::start_sized(400, 800).await;
    // As data, because a page may not look into pictures of another origin.
    let data = Command::new("base64").arg("-w0").arg(&file).output().expect("base64 is a core utility").stdout;
    let data = String::from_utf8_lossy(&data);
    let html = format!("<video data-testid=picture autoplay loop src='data:video/mp4;base64,{data}'></video>");
    std::fs::write(folder.path().join("page.html"), html).expect("the page is written");
    page.open(&format!("file://{}", folder.path().join("page.html").display())).await;
    page.follow_video().await;
    page.at_least("pictures", "window.antenneFollowed.pictures.length", 100).await;
    page.at_least("beeps", "window.antenneFollowed.beeps.length", 2).await;
    assert!(page.shows("picture").await && !page.shows("nothing").await);
    let followed = page.followed().await;
    assert!(followed.loudest > 0.1, "{}", followed.loudest);
    let strips = followed.strips();
    assert!(strips.len() > 60 && strips.iter().all(|strip| (0..90).any(|n| strip_value(n) == *strip)), "{strips:?}");
    assert!(page.screenshot("fixture").await.exists());
    page.close().await;
}
