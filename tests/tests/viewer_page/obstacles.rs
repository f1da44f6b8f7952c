//! Browsers and networks that cannot: each has words of its own, with what to do.

use antenne_tests::antenne::Antenne;
use antenne_tests::browser::{Chromium, Page};
use fantoccini::key::Key;
use serde_json::json;
use tempfile::TempDir;

use crate::{PLAYS, SHOW, slate};

/// What a browser lacks, by the page's query; counts what is asked of the server, and what nobody caught.
const LACKS: &str = r"
    window.offers = 0;
    window.uncaught = [];
    addEventListener('error', ({ message }) => window.uncaught.push(message));
    addEventListener('unhandledrejection', ({ reason }) => window.uncaught.push(String(reason)));
    const { fetch: ask } = window;
    window.fetch = (address, more) => {
        if (more?.method === 'POST') window.offers += 1;
        return ask(address, more);
    };
    const lacks = location.search.slice(1);
    // Nothing else can bring the picture: HLS would take over.
    if (lacks !== 'tap') {
        delete window.MediaSource;
        delete window.ManagedMediaSource;
        HTMLMediaElement.prototype.canPlayType = () => '';
    }
    const peer = window.RTCPeerConnection;
    if (lacks === 'webrtc') delete window.RTCPeerConnection;
    if (lacks === 'h264' || lacks === 'profile') {
        const fits = ({ mimeType, sdpFmtpLine = '' }) => lacks === 'h264'
            ? mimeType !== 'video/H264'
            : mimeType === 'video/H264' && sdpFmtpLine.includes('packetization-mode=0');
        const offer = peer.prototype.createOffer;
        peer.prototype.createOffer = function (...more) {
            const video = this.getTransceivers().find(({ receiver }) => receiver.track.kind === 'video');
            video.setCodecPreferences(RTCRtpReceiver.getCapabilities('video').codecs.filter(fits));
            return offer.apply(this, more);
        };
    }
    if (lacks === 'udp') {
        const answer = peer.prototype.setRemoteDescription;
        peer.prototype.setRemoteDescription = function ({ type, sdp }) {
            // Nobody is there: as behind a firewall, nothing comes back.
            return answer.call(this, { type, sdp: sdp.replace(/^(a=candidate:\S+ \d+ udp \d+ )\S+ \d+/gim, '$1127.0.0.1 9') });
        };
    }
    if (lacks === 'tap') {
        const play = HTMLMediaElement.prototype.play;
        HTMLMediaElement.prototype.play = function () {
            return navigator.userActivation.hasBeenActive ? play.call(this) : Promise.reject(new DOMException('', 'NotAllowedError'));
        };
        const autoplay = { get: () => false, set: () => {} };
        Object.defineProperty(HTMLMediaElement.prototype, 'autoplay', autoplay);
        new MutationObserver(() => document.querySelector('video[autoplay]')?.removeAttribute('autoplay')).observe(document, { childList: true, subtree: true });
    }
";

async fn without(page: &Page, viewer_url: &str, what: &str, kind: &str) {
    page.open(&format!("{viewer_url}?{what}")).await;
    page.until(&format!("the page knows that there is no {what}"), &slate(kind)).await;
}

async fn nothing_uncaught(page: &Page) {
    assert_eq!(page.run("return window.uncaught;").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_obstacle_is_said_in_its_own_words_with_what_to_do() {
    let data = TempDir::new().expect("a folder");
    let arguments = [SHOW, &["--listen", "127.0.0.1:0", "--title", "A second evening"]].concat();
    let mut antenne = Antenne::live(data.path(), &arguments);
    let url = antenne.on_air().await.viewer_url;
    let page = Chromium::start_sized(390, 844).await;
    page.before_pages(LACKS).await;

    without(&page, &url, "webrtc", "no_webrtc").await;
    assert!(page.text("slate").await.contains("WebRTC"));
    page.looks_right("no-webrtc").await;
    // The chat is whole all the same.
    page.enter("message-input", "I only read").await;
    page.enter("name-input", "Ada").await;
    page.find("accepted").await;
    nothing_uncaught(&page).await;

    without(&page, &url, "h264", "no_h264").await;
    assert!(page.text("slate").await.contains("H.264"));
    page.looks_right("no-h264").await;
    assert_eq!(page.run("return window.offers;").await, 0, "the browser itself knows");
    nothing_uncaught(&page).await;

    // The service is asked once; its answer will not change.
    without(&page, &url, "profile", "no_h264").await;
    page.run("window.since = performance.now();").await;
    page.until("four seconds passed", "performance.now() - window.since > 4000").await;
    assert_eq!(page.run("return window.offers;").await, 1);
    page.click("retry").await;
    page.until("asked again, as somebody wanted", "window.offers === 2").await;

    without(&page, &url, "udp", "no_path").await;
    assert!(page.text("slate").await.contains("another network"));
    page.looks_right("no-path").await;
    nothing_uncaught(&page).await;

    without(&page, &url, "tap", "tap").await;
    page.looks_right("tap-to-play").await;
    page.resize(390, 844).await;
    page.tap(195.0, 130.0).await;
    page.until("the first tap plays", PLAYS).await;
    let hearts = "Number(document.querySelector('[data-testid=hearts-count]').dataset.count)";
    assert_eq!(page.run(&format!("return {hearts};")).await, 0, "and is no heart");
    page.until("with sound", "!document.querySelector('video').muted").await;
    page.tap(195.0, 130.0).await;
    page.until("the second one is", &format!("{hearts} === 1")).await;

    // The same by keyboard.
    without(&page, &url, "tap", "tap").await;
    page.run("document.querySelector('[data-testid=play]').focus();").await;
    page.press(Key::Enter).await;
    page.until("Enter plays", PLAYS).await;
    nothing_uncaught(&page).await;
    page.close().await;
    antenne.end().await;
}
