//! Another browser, and a real one without H.264 in WebRTC: it joins, watches by HLS, chats, and watches the
//! replay.

use antenne_tests::antenne::Antenne;
use antenne_tests::firefox::Firefox;
use antenne_tests::room::Guest;
use tempfile::TempDir;

use crate::{PLAYS, SHOW};

async fn fill(firefox: &mut Firefox, id: &str, text: &str) {
    firefox.until(&format!("{id} is there"), &format!("document.querySelector('[data-testid={id}]')")).await;
    let write = format!(
        "(() => {{ const field = document.querySelector('[data-testid={id}]'); field.value = '{text}';
            field.dispatchEvent(new Event('input', {{ bubbles: true }})); field.form.requestSubmit(); }})()"
    );
    firefox.run(&write).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firefox_without_h264_in_webrtc_watches_by_hls_chats_and_watches_the_replay() {
    let data = TempDir::new().expect("a folder");
    let arguments = [SHOW, &["--listen", "127.0.0.1:0", "--title", "In another browser", "--stay", "10m"]].concat();
    let mut antenne = Antenne::live(data.path(), &arguments);
    let on_air = antenne.on_air().await;
    let mut guest = Guest::join(&on_air.room_url, Some("Grace")).await;
    let mut firefox = Firefox::start().await;
    firefox.open(&on_air.viewer_url).await;
    firefox.until("HLS brings the picture", PLAYS).await;
    let details = "document.querySelector('[data-testid=details]')?.dataset.carrier";
    firefox.until("there are controls", "document.querySelector('[data-testid=show-details]')").await;
    firefox.run("document.querySelector('[data-testid=show-details]').click()").await;
    firefox.until("the details say so", &format!("{details} === 'hls'")).await;
    let offers = "performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/whep')).length";
    assert_eq!(firefox.run(offers).await, 0, "nobody is asked for what the browser cannot show");

    fill(&mut firefox, "message-input", "Salut from Firefox").await;
    fill(&mut firefox, "name-input", "Foxy").await;
    firefox.until("it is said", "document.querySelector('[data-testid=accepted]')").await;
    let said = guest.next("said").await;
    assert_eq!(said["text"], "Salut from Firefox");

    antenne.end_show().await;
    let video = "document.querySelector('[data-testid=replay-video]')";
    firefox.until("the page has become the replay", &format!("{video}?.readyState >= 1")).await;
    firefox.run(&format!("{video}.muted = true, {video}.play().then(() => true)")).await;
    firefox.until("the replay plays", &format!("{video}.currentTime > 0.3 && {video}.videoWidth === 640")).await;
    firefox.until("with its chat", "document.querySelector('[data-testid=chat-log]').textContent.includes('Salut') || document.querySelector('[data-testid=replay-video]').ended").await;
    firefox.close().await;
    antenne.end_show().await;
    assert!(antenne.exit().await.success());
}
