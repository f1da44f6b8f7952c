//! The real window, from the first start to the library, driven as a person would.

use antenne_tests::browser::{Chromium, Page};
use antenne_tests::deadline::{START, let_pass, until, until_within, within};
use antenne_tests::http::get;
use antenne_tests::room::Guest;
use antenne_tests::surroundings::Screen;
use antenne_tests::window;
use fantoccini::key::Key;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const PHASE: &str = "document.querySelector('[data-testid=on-air]')?.dataset.phase";
const MONITOR: &str = "Number(document.querySelector('[data-testid=monitor]')?.dataset.frames ?? 0)";

/// The number that an element shows, without separators.
async fn number(page: &Page, id: &str) -> u64 {
    let digits: String = page.text(id).await.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_default()
}

/// Makes a stand-in the person's browser, as their desktop knows it. Returns the file in which it
/// writes down what it is to open.
fn stand_in_browser(data: &Path) -> PathBuf {
    let (browser, opened) = (data.join("browser"), data.join("opened"));
    let write = |path: &Path, text: String| {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
        std::fs::write(path, text).expect("it is written");
    };
    write(&browser, format!("#!/bin/sh\necho \"$1\" >> '{}'\n", opened.display()));
    std::fs::set_permissions(&browser, Permissions::from_mode(0o755)).expect("it is made executable");
    let entry = format!("[Desktop Entry]\nType=Application\nName=Stand-in\nExec={} %u\n", browser.display());
    write(&data.join("data/applications/stand-in.desktop"), entry);
    let choice = "[Default Applications]\nx-scheme-handler/https=stand-in.desktop\n";
    write(&data.join("config/mimeapps.list"), choice.to_owned());
    opened
}

async fn open(screen: &Screen, data: &Path) -> Page {
    let folder = data.join("studio");
    window::open(screen, data, &["--data-dir", folder.to_str().expect("a path in UTF-8")]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_five_minutes_from_start_to_replay() {
    let data = TempDir::new().expect("a folder");
    let screen = Screen::start(1280, 800).await;
    let page = open(&screen, data.path()).await;

    // First start: no devices here, and still a picture.
    page.at_least("pictures in the monitor", MONITOR, 10).await;
    page.until(
        "the word is what is missing",
        "document.querySelector('[data-testid=health]')?.dataset.value === 'missing'",
    )
    .await;
    page.screenshot("window-1-first-start").await;
    page.click("use-test").await;
    for source in ["source-camera", "source-microphone"] {
        let chosen = format!("document.querySelector('[data-testid={source}]')?.dataset.value === 'test'");
        page.until(&format!("{source} is the test one"), &chosen).await;
    }
    page.until(
        "the camera runs",
        "document.querySelector('[data-testid=source-camera-row]').dataset.state === 'running'",
    )
    .await;
    let before = page.run(&format!("return {MONITOR};")).await.as_u64().unwrap_or_default();
    page.at_least("the monitor moves", MONITOR, before + 30).await;
    page.write("title", "Five minutes").await;
    page.until("it is ready", "document.querySelector('[data-testid=health]')?.dataset.value === 'ready'").await;
    page.screenshot("window-2-ready").await;
    letters_act_on_the_picture_only(&page).await;

    // Go live: who can watch is asked once, then 3-2-1.
    page.click("go-live").await;
    let focused = "document.activeElement?.dataset.testid";
    page.until("the first choice has the focus", &format!("{focused} === 'reach-this-computer'")).await;
    page.write("reach-this-computer", &char::from(Key::Down).to_string()).await;
    page.until(
        "arrows choose",
        &format!("{focused} === 'reach-this-network' && document.activeElement.dataset.state === 'checked'"),
    )
    .await;
    page.write("reach-this-network", &char::from(Key::Up).to_string()).await;
    page.until("and back", "document.querySelector('[data-testid=reach-this-computer]').dataset.state === 'checked'")
        .await;
    page.screenshot("window-3-who-can-watch").await;
    page.write("reach-this-computer", &char::from(Key::Enter).to_string()).await;
    page.until_within(START, "it is on air", &format!("{PHASE} === 'on_air'")).await;
    page.until("it is verified", "!document.querySelector('[data-testid=unverified]')").await;

    // Where people watch stays in sight; there is no code for an address that phones look for on themselves.
    page.find("live-page").await;
    assert!(!page.shows("live-qr").await);
    // The title is corrected on air.
    page.write("title", " on air").await;

    // A comment and hearts from a browser.
    page.click("share-open").await;
    let viewer_url = page.run("return document.querySelector('[data-testid$=-url][data-url]').dataset.url;").await;
    let viewer_url = viewer_url.as_str().expect("the window says where people watch").to_owned();
    page.screenshot("window-4-share").await;
    page.click("share-open").await;
    let viewer = Chromium::start_sized(1100, 700).await;
    viewer.open(&viewer_url).await;
    viewer
        .until("the page is on air", "document.querySelector('[data-testid=state]')?.dataset.state === 'on_air'")
        .await;
    viewer.enter("message-input", "Bonjour, studio!").await;
    viewer.enter("name-input", "Ada").await;
    page.until("the comment appears", "document.querySelectorAll('[data-testid=chat-item]').length === 1").await;
    for _ in 0..10 {
        viewer.click("heart").await;
    }
    page.until("ten hearts are counted", "document.querySelector('[data-testid=hearts]')?.textContent.includes('10')")
        .await;

    // The host answers. Enter sends, and the field is empty for the next.
    page.enter("host-text", "Welcome, Ada!").await;
    page.until("it is sent", "document.querySelector('[data-testid=host-text]').value === ''").await;
    let answered = "[...document.querySelectorAll('[data-testid=chat-text]')].some((one) => one.textContent.includes('Welcome, Ada!'))";
    viewer.until("the answer is on the page", answered).await;
    page.until("it stands in the window", "document.querySelectorAll('[data-testid=chat-item]').length === 2").await;

    // A click shows it on the picture, another comment is removed.
    page.click("chat-show").await;
    page.until("it is shown", "document.querySelector('[data-testid=chat-item]').dataset.shown === 'true'").await;
    let_pass(Duration::from_secs(2)).await;
    page.screenshot("window-5-on-air").await;
    viewer.screenshot("viewer-with-comment").await;
    waiting_slate(&page).await;
    let room = viewer_url.replacen("http://", "ws://", 1) + "/room";
    let mut guest = Guest::join(&room, Some("Mallory")).await;
    let unwanted = guest.say("c1", "to be removed").await;
    let remove =
        format!("document.querySelector('[data-testid=chat-item][data-seq=\"{unwanted}\"] [data-testid=chat-remove]')");
    page.until("the unwanted comment appears", &remove).await;
    page.run(&format!("{remove}.click();")).await;
    let removed = guest.next("removed").await;
    assert_eq!(removed["seq"], unwanted);
    // Undo, where it stood: back for everybody, and for whoever comes. Then it is removed for good.
    page.screenshot("window-5-undo").await;
    page.click("chat-undo").await;
    let back = guest.next("said").await;
    assert_eq!((back["seq"].as_u64(), back["text"].as_str()), (Some(unwanted), Some("to be removed")));
    page.until("it stands in the window again", &remove).await;
    let newcomer = Guest::join(&room, None).await;
    assert!(newcomer.welcome()["backlog"].to_string().contains("to be removed"), "{}", newcomer.welcome());
    drop(newcomer);
    page.run(&format!("const button = {remove}; button.focus(); button.click();")).await;
    assert_eq!(guest.next("removed").await["seq"], unwanted);
    page.until("the keyboard stays there", "document.activeElement?.dataset.testid === 'chat-undo'").await;
    page.until("it is gone", "document.querySelectorAll('[data-testid=chat-item]').length === 2").await;
    let late = Guest::join(&room, None).await;
    let backlog = late.welcome()["backlog"].to_string();
    assert!(backlog.contains("Bonjour, studio!") && !backlog.contains("to be removed"), "{backlog}");
    let badges: Vec<&serde_json::Value> = (0..2).map(|at| &late.welcome()["backlog"][at]["viewer"]["badge"]).collect();
    assert_eq!(badges, [&serde_json::Value::Null, &serde_json::json!("host")], "{backlog}");

    // The window owns nothing: it can be loaded again in mid-show.
    page.reload().await;
    page.until("it is still on air", &format!("{PHASE} === 'on_air'")).await;
    page.at_least("the monitor is back", MONITOR, 10).await;
    page.until(
        "the comment is still there and shown",
        "document.querySelector('[data-testid=chat-item]')?.dataset.shown === 'true'",
    )
    .await;
    page.until(
        "the hearts are still counted",
        "document.querySelector('[data-testid=hearts]')?.textContent.includes('10')",
    )
    .await;

    // The end, with its question: somebody watches.
    page.click("end").await;
    page.click("end-dialog-yes").await;
    page.until("it is over", &format!("{PHASE} === 'ended'")).await;
    page.screenshot("window-6-ended").await;
    page.until(
        "the last title is the replay's",
        "document.querySelector('[data-testid=ended] h2')?.textContent === 'Five minutes on air'",
    )
    .await;
    page.find("ended-watch").await;
    assert_eq!((number(&page, "ended-hearts").await, number(&page, "ended-chat").await), (10, 2));
    // The viewer's page turns into the replay, at the same address.
    viewer.find("replay-video").await;
    viewer.screenshot("viewer-replay").await;
    let episode = page.run("return document.querySelector('[data-testid=ended]').dataset.episode;").await;
    let path = format!("/replays/{}/timeline.json", episode.as_str().expect("the end names the episode"));
    let base = url::Url::parse(&viewer_url).expect("an address").origin().ascii_serialization();
    let timeline = get(&base, &path).await.text();
    assert!(timeline.contains("Bonjour, studio!") && !timeline.contains("to be removed"), "{timeline}");
    let hosts = r#""badge":"host"},"text":"Welcome, Ada!""#;
    assert!(timeline.contains(hosts), "{timeline}");
    page.click("ended-new").await;

    // The library lists it, also for a window that has just been opened.
    page.click("library-open").await;
    page.until("the library lists it", "document.querySelectorAll('[data-testid=replay]').length === 1").await;
    page.screenshot("window-7-library").await;
    page.reload().await;
    page.until("it is off air", &format!("{PHASE} === 'idle'")).await;
    viewer.close().await;
    page.close().await;

    // What was chosen is remembered.
    let page = open(&screen, data.path()).await;
    page.until(
        "the test camera is chosen",
        "document.querySelector('[data-testid=source-camera]')?.dataset.value === 'test'",
    )
    .await;
    page.click("library-open").await;
    page.until("the replay is there", "document.querySelector('[data-testid=replay]')?.dataset.state === 'whole'")
        .await;
    page.close().await;
}

/// A letter beside a field is nobody's wish; on the picture, and with Ctrl, it is one.
async fn letters_act_on_the_picture_only(page: &Page) {
    let press = |ctrl: bool| {
        format!(
            "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{key: 'm', ctrlKey: {ctrl}, bubbles: true, cancelable: true}}));"
        )
    };
    let muted = |muted: bool| format!("document.querySelector('[data-testid=mute]').ariaPressed === '{muted}'");
    page.run(&format!("document.activeElement.blur(); {}", press(false))).await;
    page.click("mute").await;
    page.until("the click alone muted it", &muted(true)).await;
    page.run(&press(false)).await;
    page.run(&press(true)).await;
    page.until("only Ctrl+M opened it", &muted(false)).await;
    page.run(&format!("document.querySelector('.picture').focus(); {}", press(false))).await;
    page.until("on the picture M mutes", &muted(true)).await;
    page.run(&press(false)).await;
    page.until("and opens", &muted(false)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_survives_its_page_and_a_second_start_finds_it() {
    let data = TempDir::new().expect("a folder");
    let screen = Screen::start(1280, 800).await;
    let folder = data.path().join("studio");
    let arguments = ["--data-dir", folder.to_str().expect("a path in UTF-8")];
    let mut antenne = window::alone(&screen, data.path(), &arguments);
    let subscribed = |line: &str| line.contains("page subscribed").then_some(());
    antenne.line("its page is there", subscribed).await;

    let [page] = window::pages_of(&antenne)[..] else { panic!("a window has one page") };
    let pid = Pid::from_raw(i32::try_from(page).expect("a number")).expect("a process");
    kill_process(pid, Signal::KILL).expect("it is there");
    antenne.line("it is seen to have died", |line| line.contains("page died").then_some(())).await;
    until("another page is there, and asked the studio", || {
        let again = antenne.errors().matches("page subscribed").count() == 2;
        std::future::ready((again && window::pages_of(&antenne).iter().any(|other| *other != page)).then_some(()))
    })
    .await;

    let mut second = window::alone(&screen, data.path(), &arguments);
    let status = within(START, "the second start ends", second.ended()).await;
    assert_eq!(status.code(), Some(1));
    assert!(second.errors().contains("another Antenne uses the data folder"), "{}", second.errors());
    antenne.line("the open window comes to the front", |line| line.contains("comes to the front").then_some(())).await;

    antenne.signal_group(Signal::TERM);
    within(START, "it ends", antenne.ended()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_goes_nowhere_and_may_ask_for_nothing_but_its_three_commands() {
    let data = TempDir::new().expect("a folder");
    let opened = stand_in_browser(data.path());
    let screen = Screen::start(1280, 800).await;
    let page = open(&screen, data.path()).await;
    page.find("studio").await;

    page.run("window.stayed = true; location.href = 'https://elsewhere.test/by-navigation';").await;
    // A web view lets a page open windows only where a person clicks.
    page.run(
        "const link = document.createElement('a');
         Object.assign(link, {href: 'https://elsewhere.test/by-window', target: '_blank', textContent: 'out'});
         link.dataset.testid = 'way-out';
         link.style.cssText = 'position: fixed; inset: 0 auto auto 0; z-index: 9999';
         document.body.append(link);",
    )
    .await;
    page.click("way-out").await;
    page.run("document.querySelector('[data-testid=way-out]').remove();").await;
    page.run("location.href = 'file:///etc/passwd';").await;
    let read = || std::fs::read_to_string(&opened).unwrap_or_default();
    until_within(Duration::from_secs(20), "both are opened in the browser", || {
        std::future::ready((read().lines().count() == 2).then_some(()))
    })
    .await;
    let mut lines: Vec<String> = read().lines().map(ToOwned::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["https://elsewhere.test/by-navigation", "https://elsewhere.test/by-window"]);
    assert_eq!(page.run("return [location.protocol, window.stayed];").await, serde_json::json!(["tauri:", true]));

    page.run(
        "window.answers = {};
         for (const command of ['snapshot', 'plugin:window|create', 'plugin:webview|create_webview_window', 'plugin:window|set_title'])
           window.__TAURI_INTERNALS__.invoke(command, {options: {label: 'other', url: 'index.html'}, label: 'main', value: 'x'})
             .then(() => { window.answers[command] = 'allowed'; }, (error) => { window.answers[command] = String(error); });",
    )
    .await;
    page.until("all are answered", "Object.keys(window.answers).length === 4").await;
    let answers = page.run("return window.answers;").await;
    for (command, answer) in answers.as_object().expect("an object") {
        let answer = answer.as_str().unwrap_or_default();
        assert_eq!(answer == "allowed", command == "snapshot", "{command}: {answer}");
    }
    page.close().await;
}

/// The slate takes the picture's place, and gives it back: most of the monitor is dark meanwhile.
async fn waiting_slate(page: &Page) {
    let dark = "(() => {
        const canvas = document.querySelector('[data-testid=monitor]');
        const { data } = canvas.getContext('2d').getImageData(0, canvas.height / 2, canvas.width, canvas.height / 2);
        const all = data.length / 4;
        let dark = 0;
        for (let at = 0; at < data.length; at += 4) dark += data[at] + data[at + 1] + data[at + 2] < 150;
        return dark / all;
    })()";
    page.click("slate").await;
    page.until("the slate is on the picture", &format!("{dark} > 0.7")).await;
    page.screenshot("window-5-slate").await;
    page.click("slate").await;
    page.until("the sources are back", &format!("{dark} < 0.5")).await;
}
