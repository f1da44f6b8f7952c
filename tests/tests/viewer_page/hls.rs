//! Where WebRTC brings no picture, LL-HLS does: without a word but in the details, with chat on program time,
//! and with a way back.

use antenne_tests::antenne::Antenne;
use antenne_tests::browser::{Chromium, Page};
use antenne_tests::measure::report;
use antenne_tests::room::Guest;
use serde_json::json;
use tempfile::TempDir;

use crate::{ON_AIR, PLAYS, SHOW};

/// A network without UDP until `window.udp` is true, and a clock on which a minute takes three seconds: for the
/// way back.
const BLOCKED: &str = r"
    window.udp = location.search !== '?blocked';
    if (location.search === '?webrtc') delete window.RTCPeerConnection;
    window.slates = [];
    addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
        const kind = document.querySelector('[data-testid=slate]')?.dataset.kind;
        if (kind !== undefined && window.slates.at(-1) !== kind) window.slates.push(kind);
    }).observe(document, { childList: true, subtree: true, attributes: true }));
    if (window.RTCPeerConnection) {
        const answer = RTCPeerConnection.prototype.setRemoteDescription;
        RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
            const blocked = sdp.replace(/^(a=candidate:\S+ \d+ udp \d+ )\S+ \d+/gim, '$1127.0.0.1 9');
            return answer.call(this, { type, sdp: window.udp ? sdp : blocked });
        };
    }
    const every = window.setInterval;
    window.setInterval = (act, ms, ...more) => every(act, ms === 60000 ? 3000 : ms, ...more);
";

const CARRIER: &str = "document.querySelector('[data-testid=details]')?.dataset.carrier";

async fn details(page: &Page) -> String {
    page.until("there are controls", "document.querySelector('[data-testid=show-details]')").await;
    page.run("document.querySelector('[data-testid=show-details]').click();").await;
    page.until("they are open", &format!("{CARRIER} !== undefined")).await;
    let words = page.run("return document.querySelector('[data-testid=details]').textContent;").await;
    words.as_str().expect("words").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_webrtc_the_picture_comes_by_hls_and_chat_keeps_to_program_time() {
    let data = TempDir::new().expect("a folder");
    let arguments = [SHOW, &["--listen", "127.0.0.1:0", "--title", "For everybody"]].concat();
    let mut antenne = Antenne::live(data.path(), &arguments);
    let on_air = antenne.on_air().await;
    assert_eq!(on_air.hls_url, format!("{}/index.m3u8", on_air.viewer_url));
    let mut guest = Guest::join(&on_air.room_url, Some("Grace")).await;
    let page = Chromium::start_sized(390, 844).await;
    page.before_pages(BLOCKED).await;
    page.open(&format!("{}?webrtc", on_air.viewer_url)).await;
    page.until("the page is on air", ON_AIR).await;
    page.until("the picture moves", PLAYS).await;
    let words = details(&page).await;
    assert!(words.starts_with("Picture by HLS"), "{words}");
    assert_eq!(page.run(&format!("return {CARRIER};")).await, "hls");
    let said = page.run("return window.slates.filter((kind) => kind !== 'connecting' && kind !== 'tuning');").await;
    assert_eq!(said, json!([]), "nobody is told of obstacles that are none");

    latency(&page).await;
    page.run("document.querySelector('[data-testid=show-details]').focus({ focusVisible: true });").await;
    page.looks_right("by-hls").await;

    page.enter("message-input", "Seen by HLS").await;
    page.enter("name-input", "Ada").await;
    let comment = guest.next("said").await;
    let seen = page.run("return Number(document.querySelector('video').dataset.programMs);").await;
    let (at, seen) = (comment["at_ms"].as_f64().expect("a time"), seen.as_f64().expect("a time"));
    // What is read here is a little later than what was seen at the comment.
    assert!((-500.0..4000.0).contains(&(seen - at)), "said at {at}, {seen} was seen");

    // A pause is a pause, and what follows is live.
    page.run("document.querySelector('video').pause(); window.pausedAt = performance.now();").await;
    page.until("three seconds passed", "performance.now() - window.pausedAt > 3000").await;
    page.click("play").await;
    page.until("the picture moves", PLAYS).await;
    let back = format!("Number(document.querySelector('video').dataset.programMs) >= {seen} + 3000");
    page.until("back at what is live", &back).await;
    page.close().await;
    antenne.end().await;
}

/// The clock in the picture says when a frame was made.
async fn latency(page: &Page) {
    page.follow_video().await;
    page.until("pictures were read", "window.antenneFollowed?.pictures.length > 90").await;
    let late = page
        .run(
            "const late = window.antenneFollowed.pictures.filter(({ strip }) => strip !== null).map(({ strip, shown }) => shown - strip).sort((a, b) => a - b);
             return [late[Math.floor(late.length / 2)], late[Math.floor(late.length * 0.95)]];",
        )
        .await;
    report(format!("glass to glass by LL-HLS into Chromium, ms (p50, p95): {late}"));
    let p50 = late[0].as_f64().expect("a number");
    assert!(p50 < 2500.0, "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_without_udp_gets_hls_within_seconds_and_webrtc_when_it_works() {
    let data = TempDir::new().expect("a folder");
    let arguments = [SHOW, &["--listen", "127.0.0.1:0", "--title", "Behind a firewall"]].concat();
    let mut antenne = Antenne::live(data.path(), &arguments);
    let on_air = antenne.on_air().await;
    let page = Chromium::start_sized(1280, 800).await;
    page.before_pages(BLOCKED).await;
    page.open(&format!("{}?blocked", on_air.viewer_url)).await;
    page.until("the picture moves", PLAYS).await;
    let took = page.run("return performance.now();").await;
    report(format!("without UDP the picture came by HLS {took} ms after the page"));
    let words = details(&page).await;
    assert!(words.starts_with("Picture by HLS"), "{words}");
    assert_eq!(page.run("return window.slates.includes('no_path');").await, json!(false));

    page.run("window.udp = true;").await;
    page.until("WebRTC takes over again", &format!("{CARRIER} === 'webrtc'")).await;
    page.until("the picture moves", PLAYS).await;
    page.until("without HLS", "document.querySelector('video').srcObject !== null").await;
    page.close().await;
    antenne.end().await;
}
