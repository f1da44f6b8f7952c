//! How late the picture is and how well the sound keeps to it: measured and printed, so that every
//! run shows. What is asserted is that it could be measured; `make bench` judges the numbers.

use std::path::Path;

use antenne_tests::antenne::{Antenne, SMALL_SHOW};
use antenne_tests::browser::Chromium;
use antenne_tests::measure::{Spread, report};
use antenne_tests::recording::{Recording, lip_sync};
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn lateness_and_lip_sync_can_be_measured_in_browser_and_recording() {
    let data = TempDir::new().expect("a folder");
    let mut antenne = Antenne::live(data.path(), SMALL_SHOW);
    let on_air = antenne.on_air().await;
    let page = Chromium::start().await;
    page.open(&on_air.viewer_url).await;
    page.until("the page is on air", "document.querySelector('[data-testid=state]')?.dataset.state === 'on_air'").await;
    page.follow_video().await;
    page.at_least("pictures", "window.antenneFollowed?.pictures.length ?? 0", 200).await;
    page.at_least("beeps", "window.antenneFollowed.beeps.length", 5).await;
    let followed = page.followed().await;
    page.close().await;
    let ended = antenne.end().await;
    let recording = Recording::open(Path::new(ended["recording"].as_str().expect("it was recorded")));
    let (stamps, beeps) = (recording.stamps(), recording.beeps());

    let late = Spread::of(followed.latencies());
    let in_browser = Spread::of(followed.lip_sync());
    let in_recording = Spread::of(lip_sync(&stamps, &beeps));
    report(format!(
        "glass to glass in ms: {late}\nlip-sync in the browser in ms: {in_browser}\nlip-sync in the recording in ms: {in_recording}"
    ));
    assert!(late.count >= 100 && in_browser.count >= 3 && in_recording.count >= 3);
    // A second is the distance of two beeps: beyond half of it a measurement would mean nothing.
    assert!(in_recording.median.abs() < 400.0, "{in_recording}");
}
