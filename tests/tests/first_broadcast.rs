//! The whole way once: a camera and a screen, a viewer in a real browser, the room, the picture,
//! the archive and the replay.

use std::path::Path;

use antenne_tests::antenne::{Antenne, OnAir};
use antenne_tests::archive;
use antenne_tests::browser::{Chromium, Page};
use antenne_tests::colour::{appeared, changed_pixels, where_hearts_rise};
use antenne_tests::deadline::let_pass;
use antenne_tests::http::get;
use antenne_tests::measure::report;
use antenne_tests::recording::{Picture, Recording, longest_gap};
use antenne_tests::room::Guest;
use antenne_tests::surroundings::{Screen, Session};
use serde_json::Value;
use std::time::Duration;
use tempfile::TempDir;

/// The devices that `antenne devices --json` lists in these surroundings.
async fn devices(session: &Session, screen: &Screen, data: &Path) -> Vec<Value> {
    let mut command = Antenne::command(data);
    session.surround(&mut command);
    let listed = command.env("DISPLAY", screen.display()).args(["devices", "--json"]).output().await;
    let listed = listed.expect("antenne starts");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let lines = String::from_utf8(listed.stdout).expect("JSON is UTF-8");
    lines.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

fn of_kind<'a>(devices: &'a [Value], kind: &str) -> Vec<&'a Value> {
    devices.iter().filter(|device| device["kind"] == kind).collect()
}

fn id(device: &Value) -> &str {
    device["id"].as_str().expect("a device has an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_and_ten_hearts_go_the_whole_way_and_come_back_in_the_replay() {
    let data = TempDir::new().expect("a folder");
    let (session, screen) = (Session::start().await, Screen::start(1280, 720).await);
    let _camera = session.plug_camera("Strip Camera").await;
    let found = devices(&session, &screen, data.path()).await;
    let cameras = of_kind(&found, "camera");
    assert_eq!(cameras.len(), 1, "the camera is listed once: {found:?}");
    assert!(cameras[0]["name"].as_str().is_some_and(|name| name.contains("Strip Camera")), "{cameras:?}");
    let screens = of_kind(&found, "screen");
    assert!(!screens.is_empty(), "the screen is listed: {found:?}");

    let mut command = Antenne::command(data.path());
    session.surround(&mut command);
    command.env("DISPLAY", screen.display());
    let options = [
        ["--camera", id(cameras[0])],
        ["--screen", id(screens[0])],
        ["--mic", "test"],
        ["--layout", "solo"],
        ["--size", "640x360"],
        ["--video-kbps", "1500"],
        ["--listen", "127.0.0.1:0"],
        ["--title", "The first one"],
        ["--stay", "10m"],
    ];
    let mut antenne = Antenne::start(command, data.path(), options.as_flattened());
    let on_air = antenne.on_air().await;
    assert!(on_air.verified, "{}", on_air.reason);

    let mut guest = Guest::join(&on_air.room_url, Some("Grace")).await;
    let page = Chromium::start_sized(1100, 700).await;
    watch(&page, &on_air).await;
    let (said, first_heart_ms) = take_part(&page, &mut guest).await;
    // The picture has to show them before it ends.
    let_pass(Duration::from_secs(5)).await;
    page.screenshot("viewer-on-air").await;

    let ended = antenne.end_show().await;
    // The open page becomes the replay by itself, at the same address.
    comes_back_in_time(&page, &said).await;
    page.screenshot("viewer-turned-into-the-replay").await;
    page.close().await;
    antenne.process().signal(rustix::process::Signal::TERM);
    assert!(antenne.exit().await.success(), "serving on ends cleanly");
    let recording = Recording::open(Path::new(ended["recording"].as_str().expect("it was recorded")));
    in_the_archive(&antenne, &on_air, &said);
    in_the_picture(&recording, &said, first_heart_ms);

    // The address of the show stays: the next start answers there with what is over.
    in_the_replay(data.path(), &on_air, &said).await;
}

/// Sees a hundred different strips, and hears something.
async fn watch(page: &Page, on_air: &OnAir) {
    page.open(&on_air.viewer_url).await;
    page.until("the page is on air", "document.querySelector('[data-testid=state]')?.dataset.state === 'on_air'").await;
    page.follow_video().await;
    let strips = "new Set((window.antenneFollowed?.pictures ?? []).map((p) => p.strip).filter((s) => s !== null)).size";
    page.at_least("different strip values", strips, 100).await;
    page.until("there is sound", "window.antenneFollowed.loudest > 0.01").await;
}

/// Says something and taps ten hearts; returns the comment as the room sent it, and the program
/// time at which the first hearts were sent.
async fn take_part(page: &Page, guest: &mut Guest) -> (Value, u64) {
    page.enter("message-input", "Bonjour from the browser").await;
    page.enter("name-input", "Ada").await;
    page.find("accepted").await;
    let said = guest.next("said").await;
    assert_eq!((&said["text"], &said["viewer"]["name"]), (&"Bonjour from the browser".into(), &"Ada".into()));
    // Its card appears first, so that hearts and card are distinguished in the picture.
    let_pass(Duration::from_secs(3)).await;
    for _ in 0..10 {
        page.click("heart").await;
    }
    let mut first = None;
    loop {
        let hearts = guest.next("hearts").await;
        first = first.or(hearts["at_ms"].as_u64());
        if hearts["total"] == 10 {
            return (said, first.expect("hearts carry program time"));
        }
        assert!(hearts["total"].as_u64().is_some_and(|total| total < 10), "{hearts}");
    }
}

fn in_the_archive(antenne: &Antenne, on_air: &OnAir, said: &Value) {
    let file = antenne.archive();
    let chat = archive::chat(&file, &on_air.episode);
    assert_eq!(chat.len(), 1, "{chat:?}");
    assert_eq!((chat[0]["text"].as_str(), chat[0]["seq"].as_u64()), (said["text"].as_str(), said["seq"].as_u64()));
    assert_eq!(archive::hearts(&file, &on_air.episode), 10);
}

fn in_the_picture(recording: &Recording, said: &Value, first_heart_ms: u64) {
    recording.decode_all();
    let gap = longest_gap(recording.pictures().iter().map(|picture| picture.pts));
    assert!(gap < 0.05, "the recording has a hole of {gap} s");
    let stamps = recording.stamps();
    let readable = stamps.iter().filter(|stamp| stamp.strip.is_some()).count();
    assert!(readable > 100, "{readable} of {} strips can be read", stamps.len());

    let (width, height) = recording.size();
    let below_strip = height / 24 + 2;
    let said_at = said["at_ms"].as_u64().expect("a time") as f64 / 1000.0;
    // A card covers the picture for seconds; the moving parts of the camera's own picture do not
    // change the same pixels between each pair of pictures.
    let still = |picture: &Picture, other: &Picture| {
        changed_pixels(&picture.rgb, &other.rgb, width, (0, below_strip, width, height))
    };
    let before = recording.pictures_between(said_at - 1.0, said_at - 0.1, 5);
    let after = recording.pictures_between(said_at + 1.5, said_at + 2.5, 5);
    let usual = before.windows(2).map(|pair| still(&pair[0], &pair[1])).max().unwrap_or(0);
    let card = still(&before[0], &after[0]);
    assert!(card > usual + width * height / 200, "the card is on the picture: {card} pixels changed, usually {usual}");

    let hue = said["viewer"]["hue"].as_f64().expect("a hue") as f32;
    let heart_at = first_heart_ms as f64 / 1000.0;
    let pictures = recording.pictures_between(heart_at - 2.0, heart_at + 2.0, 1);
    let area = where_hearts_rise(width, height);
    let coloured = |picture: &Picture| appeared(&pictures[0].rgb, &picture.rgb, width, area, hue);
    let usual = pictures.iter().filter(|picture| picture.pts < heart_at - 1.0).map(coloured).max().unwrap_or(0);
    let first = pictures.iter().find(|picture| picture.pts >= heart_at - 1.0 && coloured(picture) > usual + 30);
    let Some(Picture { pts: at, .. }) = first else {
        panic!("no heart of hue {hue} until 2 s after {heart_at} s; usually {usual}")
    };
    report(format!("heart: sent for {heart_at:.3} s, seen from {at:.3} s; comment at {said_at:.3} s"));
}

async fn in_the_replay(data: &Path, before: &OnAir, said: &Value) {
    let small = ["--camera", "test", "--mic", "none", "--size", "320x180", "--listen", "127.0.0.1:0"];
    let mut antenne = Antenne::live(data, &small);
    let on_air = antenne.on_air().await;
    let path = format!("/replays/{}", before.episode);
    let timeline = get(&on_air.base(), &format!("{path}/timeline.json")).await;
    assert_eq!(timeline.status, 200);
    assert_eq!(timeline.json()["chat"][0]["text"], said["text"]);
    let hearts = timeline.json()["hearts"].as_array().cloned().unwrap_or_default();
    let sum: u64 = hearts
        .iter()
        .flat_map(|second| second["by_hue"].as_object().cloned().unwrap_or_default())
        .filter_map(|(_, n)| n.as_u64())
        .sum();
    assert_eq!(sum, 10);

    let page = Chromium::start_sized(400, 800).await;
    page.open(&format!("{}{path}", on_air.base())).await;
    page.find("replay-video").await;
    let address = page.run("return document.querySelector('video').poster;").await;
    assert!(address.as_str().is_some_and(|address| address.ends_with("/poster.jpg")), "{address}");
    page.screenshot("viewer-replay-before-play").await;
    comes_back_in_time(&page, said).await;
    page.screenshot("viewer-replay-phone").await;
    page.close().await;
    assert_eq!(get(&on_air.base(), &format!("{path}/poster.jpg")).await.status, 200);
    antenne.end().await;
}

/// The comment appears in the replay within 250 ms of its program time.
async fn comes_back_in_time(page: &Page, said: &Value) {
    let seen_at = comes_back_at(page, said).await;
    let at = said["at_ms"].as_f64().expect("a time");
    assert!((seen_at - at).abs() <= 250.0, "the comment of {at} ms came back at {seen_at} ms");
}

/// Plays the replay from a second before the comment; says at which program time it appeared.
async fn comes_back_at(page: &Page, said: &Value) -> f64 {
    page.find("replay-video").await;
    page.until("the replay can be played", "document.querySelector('video')?.readyState >= 2").await;
    let script = format!(
        "const video = document.querySelector('video');
         const item = () => document.querySelector('[data-testid=chat-message][data-seq=\"{seq}\"]');
         const look = () => {{
           if (item()) window.cameBackAt = video.currentTime * 1000;
           else requestAnimationFrame(look);
         }};
         video.muted = true;
         video.currentTime = Math.max(0, {at} / 1000 - 1.5);
         video.addEventListener('seeked', () => {{ void video.play(); look(); }}, {{ once: true }});",
        seq = said["seq"],
        at = said["at_ms"],
    );
    page.run(&script).await;
    page.until("the comment comes back", "window.cameBackAt !== undefined").await;
    page.run("return window.cameBackAt;").await.as_f64().expect("a time")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_turns_into_the_replay_when_the_show_ends() {
    let data = TempDir::new().expect("a folder");
    let small = ["--camera", "test", "--mic", "test", "--size", "320x180", "--listen", "127.0.0.1:0"];
    let mut antenne = Antenne::live(data.path(), &small);
    let on_air = antenne.on_air().await;
    let mut guest = Guest::join(&on_air.room_url, Some("Ada")).await;
    let page = Chromium::start_sized(1100, 700).await;
    page.open(&on_air.viewer_url).await;
    page.until("the page is on air", "document.querySelector('[data-testid=state]')?.dataset.state === 'on_air'").await;
    guest.say("c1", "before the end").await;
    antenne.process().signal(rustix::process::Signal::TERM);
    // Whoever has the page open is sent where the replay is, before the service goes.
    let state = guest.next_where(|message| message["type"] == "state" && message["state"] == "ended").await;
    assert!(state["replay_url"].as_str().is_some_and(|url| url.contains(&on_air.episode)), "{state}");
    page.screenshot("viewer-ended").await;
    page.close().await;
    assert!(antenne.exit().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_and_a_camera_share_the_picture() {
    let data = TempDir::new().expect("a folder");
    let screen = Screen::start(1280, 720).await;
    let mut painted = tokio::process::Command::new("xsetroot");
    let painted = painted.args(["-display", screen.display(), "-solid", "#1060d0"]).status().await;
    assert!(painted.expect("xsetroot is installed").success());
    let session = Session::start().await;
    let found = devices(&session, &screen, data.path()).await;
    let screens = of_kind(&found, "screen");
    let mut command = Antenne::command(data.path());
    command.env("DISPLAY", screen.display());
    let options = ["--camera", "test", "--screen", id(screens[0]), "--mic", "test", "--size", "640x360"];
    let more = ["--listen", "127.0.0.1:0", "--for", "4s"];
    let mut antenne = Antenne::start(command, data.path(), &[&options[..], &more[..]].concat());
    let ended = antenne.event("ended").await;
    assert!(antenne.exit().await.success());
    let recording = Recording::open(Path::new(ended["recording"].as_str().expect("it was recorded")));
    let (width, height) = recording.size();
    let pictures = recording.pictures_between(2.0, 3.5, 15);
    let pixel = |picture: &Picture, x: usize, y: usize| {
        let at = (y * width + x) * 3;
        [picture.rgb[at], picture.rgb[at + 1], picture.rgb[at + 2]]
    };
    for picture in &pictures {
        let [r, g, b] = pixel(picture, width / 4, height / 4);
        assert!(r.abs_diff(0x10) < 24 && g.abs_diff(0x60) < 24 && b.abs_diff(0xd0) < 24, "the screen: {r} {g} {b}");
    }
    // The corner layout: the camera's inset is lower right, and it moves.
    let inset = (width * 3 / 4, height * 3 / 4, width * 31 / 32, height * 31 / 32);
    let moved = changed_pixels(&pictures[0].rgb, &pictures[2].rgb, width, inset);
    assert!(moved > 20, "{moved} pixels of the inset moved");
}
