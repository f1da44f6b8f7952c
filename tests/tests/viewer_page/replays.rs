//! Between shows: what is over, what can be watched again, who is in the middle of it, and addresses that
//! lead nowhere.

use std::path::Path;
use std::process::Command;

use antenne_tests::antenne::{Antenne, OnAir};
use antenne_tests::browser::{Chromium, Page};
use antenne_tests::deadline::START;
use antenne_tests::measure::report;
use tempfile::TempDir;

use crate::{ON_AIR, PLAYS, SHOW, slate};

/// As many as a lively show of an hour has.
const COMMENTS: u64 = 5000;
const GONE: &str = "00000000000000000000000000000bad";
const REPLAY_PLAYS: &str = "document.querySelector('[data-testid=replay-video]')?.currentTime > 0.3";

fn start(data: &Path, listen: &str, title: &str, stay: &[&str]) -> Antenne {
    Antenne::live(data, &[SHOW, &["--listen", listen, "--title", title], stay].concat())
}

/// While no studio has the archive: a long evening's comments, and a replay that was deleted.
fn write_history(antenne: &Antenne, episode: &str, duration_ms: u64) {
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {COMMENTS} - 1)
         INSERT INTO chat (episode, seq, at_ms, viewer, name, hue, text)
         SELECT '{episode}', 1000 + i, i * {duration_ms} / {COMMENTS}, '0123456789abcdef0123456789abcdef', 'Ada', 204, 'comment ' || i FROM n;
         INSERT INTO tombstone (episode) VALUES ('{GONE}');"
    );
    let written = Command::new("sqlite3").arg(antenne.archive()).arg(sql).output().expect("sqlite3 is installed");
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn between_two_shows_nobody_is_thrown_out_and_nothing_is_promised_that_is_not_there() {
    let data = TempDir::new().expect("a folder");
    let mut first = start(data.path(), "127.0.0.1:0", "The first evening", &["--stay", "10m"]);
    let before = first.on_air().await;
    let page = Chromium::start_sized(1280, 800).await;
    page.open(&before.viewer_url).await;
    page.until("the picture moves", PLAYS).await;

    let ended = first.end_show().await;
    page.until(
        "the page has become the replay",
        "document.querySelector('[data-testid=replay-video]')?.readyState >= 1",
    )
    .await;
    page.click("play").await;
    page.until("it plays", REPLAY_PLAYS).await;
    first.end_show().await;
    assert!(first.exit().await.success());
    write_history(&first, &before.episode, ended["duration_ms"].as_u64().expect("a length"));

    // The next show, at the same address.
    let listen = before.base().trim_start_matches("http://").to_owned();
    let mut second = start(data.path(), &listen, "The second evening", &[]);
    let on_air = second.on_air().await;
    page.until_within(
        START,
        "the page knows of it",
        "document.querySelector('[data-testid=next-show]')?.dataset.onAir === 'true'",
    )
    .await;
    assert!(page.shows("replay-video").await, "whoever watches the replay goes on watching it");
    assert!(page.text("next-show").await.contains("The second evening"));
    page.looks_right("replay-live-now").await;
    page.click("to-the-show").await;
    page.until("live", ON_AIR).await;
    page.until("the picture moves", PLAYS).await;

    // While there is one, the page of a show offers its last replay, also on air.
    page.click("last-replay").await;
    page.until(
        "it is the last show's",
        "document.querySelector('[data-testid=title]').textContent === 'The first evening'",
    )
    .await;
    page.click("to-the-show").await;
    page.until("live again", PLAYS).await;

    addresses(&page, &on_air).await;
    five_thousand(&page, &on_air, &before.episode).await;

    page.open(&on_air.viewer_url).await;
    page.until("the picture moves", PLAYS).await;
    second.end().await;
    page.until("the show is over", &slate("ended")).await;
    page.until("the studio is gone", "document.querySelector('[data-testid=notice]') !== null").await;
    let words = page.text("slate").await;
    assert!(words.contains("The show is over") && !words.contains("reached"), "{words}");
    assert!(!page.shows("replay-video").await, "there is no replay while nobody serves it");
    page.looks_right("ended").await;
    page.close().await;
}

async fn addresses(page: &Page, on_air: &OnAir) {
    let base = on_air.base();
    for path in ["/", "/studio/", "/Studio"] {
        page.open(&format!("{base}{path}")).await;
        page.until(&format!("{path} leads to the show"), "location.pathname === '/studio'").await;
    }
    for (path, kind, name) in [
        ("/no-such-show".to_owned(), "elsewhere", "elsewhere"),
        (format!("/replays/{GONE}"), "gone", "replay-gone"),
        ("/replays/0123".to_owned(), "missing", "replay-missing"),
    ] {
        page.open(&format!("{base}{path}")).await;
        page.until(&format!("{path} is said to be {kind}"), &slate(kind)).await;
        page.find("way-on").await;
        page.looks_right(name).await;
        page.click("way-on").await;
        page.until("the way on leads to the show", "location.pathname === '/studio'").await;
    }
}

/// A phone's work is counted, not timed: what is in the page, and what a seek changes of it.
async fn five_thousand(page: &Page, on_air: &OnAir, episode: &str) {
    page.open(&format!("{}/replays/{episode}", on_air.base())).await;
    page.until("the replay can be played", "document.querySelector('[data-testid=replay-video]')?.readyState >= 1")
        .await;
    page.looks_right("replay").await;
    let measured = page
        .run(
            "const video = document.querySelector('[data-testid=replay-video]');
             const log = document.querySelector('[data-testid=chat-log]');
             const slider = document.querySelector('[data-testid=timeline]');
             let changed = 0;
             const watcher = new MutationObserver((records) => {
                 for (const { addedNodes, removedNodes } of records) changed += addedNodes.length + removedNodes.length;
             });
             watcher.observe(log, { childList: true, subtree: true });
             const seek = (part) => {
                 slider.value = String(part * Number(slider.max));
                 slider.dispatchEvent(new Event('input', { bubbles: true }));
             };
             const settled = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
             return (async () => {
                 let worst = { changed: 0, nodes: 0, ms: 0 };
                 for (const part of [0.99, 0.02, 0.5, 0.97, 0.3]) {
                     changed = 0;
                     const began = performance.now();
                     seek(part);
                     // What the page itself does about it, and laying it out: without the picture's decoder.
                     await Promise.resolve();
                     void log.scrollHeight;
                     const ms = performance.now() - began;
                     await settled();
                     await settled();
                     const nodes = log.querySelectorAll('*').length;
                     worst = { changed: Math.max(worst.changed, changed), nodes: Math.max(worst.nodes, nodes), ms: Math.max(worst.ms, ms) };
                 }
                 const last = [...log.querySelectorAll('[data-testid=chat-message]')].pop();
                 return { ...worst, last: Number(last.dataset.seq), at: Number(last.dataset.atMs), now: video.currentTime * 1000 };
             })();",
        )
        .await;
    let number = |name: &str| measured[name].as_f64().unwrap_or_else(|| panic!("{name}: {measured}"));
    report(format!("a seek among {COMMENTS} comments: {measured}"));
    assert!(number("nodes") > 100.0 && number("nodes") < 1500.0, "only what is near is in the page: {measured}");
    assert!(number("changed") < 400.0, "a seek changes what is near, and nothing else: {measured}");
    assert!((number("at") - number("now")).abs() < 400.0, "and shows what was said last: {measured}");

    // What is further back is there for whoever scrolls.
    let first = "Number(document.querySelector('[data-testid=chat-message]').dataset.seq)";
    let newest = page.run(&format!("return {first};")).await.as_u64().expect("a place");
    page.run("document.querySelector('[data-testid=chat-log]').scrollTop = 0;").await;
    page.until("older comments come", &format!("{first} < {newest}")).await;
}
