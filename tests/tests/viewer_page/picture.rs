//! The live picture: its sound and its controls, what a tap is, and a pause that is a pause.

use antenne_tests::antenne::Antenne;
use antenne_tests::browser::{Chromium, Page};
use antenne_tests::measure::report;
use fantoccini::key::Key;
use serde_json::json;
use tempfile::TempDir;

use crate::{ON_AIR, PLAYS, SHOW, slate};

/// Compressed: what the picture needs. What only a replay needs, and the controls, come after it.
const FIRST_LOAD: u64 = 100_000;

const HEARTS: &str = "Number(document.querySelector('[data-testid=hearts-count]').dataset.count)";

async fn focus(page: &Page, id: &str) {
    page.run(&format!("document.querySelector('[data-testid=\"{id}\"]').focus({{focusVisible: true}});")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_has_what_every_player_has_and_a_heart_is_a_tap() {
    let data = TempDir::new().expect("a folder");
    let arguments = [SHOW, &["--listen", "127.0.0.1:0", "--title", "A first evening"]].concat();
    let mut antenne = Antenne::live(data.path(), &arguments);
    let on_air = antenne.on_air().await;
    let page = Chromium::start_sized(390, 844).await;
    page.open(&on_air.viewer_url).await;
    page.until("the page is on air", ON_AIR).await;
    page.until("the picture moves", PLAYS).await;
    first_load(&page).await;
    page.looks_right("live").await;
    sound(&page).await;
    whole_screen(&page).await;
    pauses(&page).await;
    taps(&page).await;
    page.close().await;
    antenne.end().await;
}

async fn first_load(page: &Page) {
    let bytes = page
        .run(
            "const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
             const first = all.filter(({ name }) => !/Replay-|LiveControls-|screen-|\\/whep|\\.json/.test(name));
             return first.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);",
        )
        .await;
    let bytes = bytes.as_u64().expect("a number");
    report(format!("first load of the viewer's page: {bytes} bytes"));
    assert!((20_000..=FIRST_LOAD).contains(&bytes), "{bytes}");
}

/// By keyboard alone, and kept for the next visit.
async fn sound(page: &Page) {
    let video = "document.querySelector('[data-testid=video]')";
    page.until("there is sound", &format!("!{video}.muted && {video}.volume === 1")).await;
    focus(page, "mute").await;
    let shown = "getComputedStyle(document.querySelector('[data-testid=controls]')).opacity === '1'";
    page.until("the focus shows the controls", shown).await;
    page.press(Key::Enter).await;
    page.until("it is muted", &format!("{video}.muted")).await;
    focus(page, "volume").await;
    for _ in 0..6 {
        page.press(Key::Right).await;
    }
    page.until("the volume was changed", &format!("!{video}.muted && Math.abs({video}.volume - 0.3) < 0.01")).await;
    focus(page, "mute").await;
    page.press(Key::Enter).await;
    page.reload().await;
    page.until("the picture moves again", PLAYS).await;
    page.until("it is as it was left", &format!("{video}.muted && Math.abs({video}.volume - 0.3) < 0.01")).await;
    assert!(!page.shows("sound-on").await, "the browser forbids nothing here");
    focus(page, "mute").await;
    page.press(Key::Enter).await;
    page.until("it sounds again", &format!("!{video}.muted")).await;
}

async fn whole_screen(page: &Page) {
    focus(page, "whole-screen").await;
    page.press(Key::Enter).await;
    page.until("the picture fills the screen", "document.fullscreenElement?.contains(document.querySelector('video'))")
        .await;
    focus(page, "whole-screen").await;
    page.press(Key::Enter).await;
    page.until("and does not any more", "document.fullscreenElement === null").await;
    let floats = page.run("return document.pictureInPictureEnabled;").await;
    let offered = page.run("return document.querySelector('[data-testid=picture-in-picture]') !== null;").await;
    assert_eq!(floats, offered, "picture in picture is offered where there is one");
}

/// As a lock screen or a headset pauses: not by a control of the page.
async fn pauses(page: &Page) {
    page.run("document.querySelector('video').pause();").await;
    page.until("it is paused", &slate("paused")).await;
    let words = page.text("slate").await;
    assert!(words.contains("Paused") && !words.contains("connection"), "{words}");
    page.looks_right("paused").await;
    // Longer than a picture that stands still by a fault would stay alone.
    let held = page.run("return Number(document.querySelector('video').dataset.programMs);").await.as_f64();
    page.run("window.pausedAt = performance.now();").await;
    page.until("six seconds passed", "performance.now() - window.pausedAt > 6000").await;
    page.until("it is still paused", &format!("{} && document.querySelector('video').paused", slate("paused"))).await;
    page.click("play").await;
    page.until("the picture moves", PLAYS).await;
    let held = held.expect("a moment");
    let back = format!("Number(document.querySelector('video').dataset.programMs) >= {held} + 6000");
    page.until("back at what is live", &back).await;
}

async fn taps(page: &Page) {
    page.resize(390, 844).await;
    let boxed = page
        .run("const { x, y, width, height } = document.querySelector('[data-testid=picture]').getBoundingClientRect(); return [x, y, width, height];")
        .await;
    let [x, y, width, height] = serde_json::from_value::<[f64; 4]>(boxed).expect("four numbers");
    let (mx, my) = (x + width / 2.0, y + height / 3.0);
    let before = page.run(&format!("return {HEARTS};")).await;
    let pinch: &[&[(f64, f64)]] =
        &[&[(mx - 30.0, my)], &[(mx - 30.0, my), (mx + 30.0, my)], &[(mx - 90.0, my), (mx + 90.0, my)], &[]];
    let scroll: &[&[(f64, f64)]] = &[&[(mx, my)], &[(mx, my + 30.0)], &[(mx, my + 60.0)], &[]];
    let drag: &[&[(f64, f64)]] = &[&[(mx, my)], &[(mx + 40.0, my)], &[(mx, my)], &[]];
    for (what, gesture) in [("a pinch", pinch), ("a scroll", scroll), ("a drag and back", drag)] {
        page.fingers(gesture).await;
        // Hearts are counted at once, before the room answers.
        assert_eq!(page.run(&format!("return {HEARTS};")).await, before, "{what} is no tap");
    }
    // A pinch may have zoomed, as it should; what is clicked next stands where it stood.
    page.devtools("Emulation.setPageScaleFactor", json!({"pageScaleFactor": 1})).await;
    focus(page, "pause").await;
    page.click("mute").await;
    page.click("mute").await;
    assert_eq!(page.run(&format!("return {HEARTS};")).await, before, "a control is no tap");
    page.tap(mx, my).await;
    page.until("a tap is a heart", &format!("{HEARTS} === {before} + 1")).await;
    page.tap(mx + 20.0, my).await;
    page.tap(mx - 20.0, my).await;
    page.until("each one", &format!("{HEARTS} === {before} + 3")).await;
    let paused = page.run("return document.querySelector('video').paused;").await;
    assert_eq!(paused, json!(false));
}
