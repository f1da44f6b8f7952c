//! How late: glass to glass, joining, and from a tap to the picture.

use std::path::{Path, PathBuf};
use std::time::Duration;

use antenne_tests::browser::{Chromium, Page};
use antenne_tests::colour::{appeared, where_hearts_rise};
use antenne_tests::deadline::let_pass;
use antenne_tests::measure::Spread;
use antenne_tests::recording::{Picture, Recording, lip_sync};
use antenne_tests::room::Guest;
use tempfile::TempDir;

use crate::cost::viewer;
use crate::show;
use crate::table::Table;

/// How often a viewer joins.
const JOINS: usize = 20;
/// How often somebody taps.
const TAPS: usize = 12;

/// What one show measured of its lateness.
struct Glass {
    late: Spread,
    signed: Spread,
    apart: Spread,
    recorded: Spread,
}

/// The clock strip in Chromium, and the beeps against it, in browser and recording.
pub(crate) async fn glass_to_glass(table: &mut Table, programs: &[PathBuf]) {
    let mut sides = Vec::new();
    for program in programs {
        sides.push(glass(program).await);
    }
    let of = |part: fn(&Glass) -> Spread| -> Vec<Spread> { sides.iter().map(part).collect() };
    table.compare(("glass to glass, p50", "ms"), &of(|side| side.late), |late| late.median, (85.0, 60.0), "");
    table.compare(("glass to glass, p95", "ms"), &of(|side| side.late), |late| late.p95, (400.0, 250.0), "");
    let remark = sides.iter().map(|side| format!("signed: {}", side.signed)).collect::<Vec<_>>().join("; before ");
    let apart = of(|side| side.apart);
    table.compare(("lip-sync in the browser, p95 of distance", "ms"), &apart, |apart| apart.p95, (40.0, 20.0), remark);
    let recorded = of(|side| side.recorded);
    table.compare(("lip-sync in the recording, p95 of distance", "ms"), &recorded, |ms| ms.p95, (40.0, 20.0), "");
}

async fn glass(program: &Path) -> Glass {
    let data = TempDir::new().expect("a folder");
    let (mut antenne, on_air) = show::start(program, data.path(), show::SOLO).await;
    let page = viewer(&on_air.viewer_url).await;
    // Joining and the decoder's first seconds are not what a viewer lives with.
    let_pass(Duration::from_secs(5)).await;
    page.follow_video().await;
    let_pass(Duration::from_secs(30)).await;
    let followed = page.followed().await;
    page.close().await;
    let recording = show::end(&mut antenne).await;
    Glass {
        late: Spread::of(followed.latencies()),
        signed: Spread::of(followed.lip_sync()),
        apart: Spread::of(followed.lip_sync().into_iter().map(f64::abs)),
        recorded: Spread::of(lip_sync(&recording.stamps(), &recording.beeps()).iter().map(|ms| ms.abs())),
    }
}

/// From the offer, and from navigation, to the first decoded frame.
pub(crate) async fn joining(table: &mut Table, programs: &[PathBuf]) {
    let mut sides = Vec::new();
    for program in programs {
        sides.push(joins(program).await);
    }
    let (offers, navigations): (Vec<_>, Vec<_>) = sides.into_iter().unzip();
    let half = |spread: &Spread| spread.median;
    table.compare(("from the offer to the first picture, p50", "ms"), &offers, half, (110.0, 70.0), "");
    table.compare(("from navigation to the first picture, p50", "ms"), &navigations, half, (1200.0, 600.0), "");
}

async fn joins(program: &Path) -> (Spread, Spread) {
    let data = TempDir::new().expect("a folder");
    let (mut antenne, on_air) = show::start(program, data.path(), show::SOLO).await;
    let page = Chromium::start().await;
    page.before_pages(include_str!("first_picture.js")).await;
    let (mut from_offer, mut from_navigation) = (Vec::new(), Vec::new());
    for _ in 0..JOINS {
        page.open(&on_air.viewer_url).await;
        page.until("the first picture", "window.firstPicture?.at !== undefined").await;
        let first = page.run("return window.firstPicture;").await;
        from_navigation.extend(first["at"].as_f64());
        from_offer.extend(first["at"].as_f64().zip(first["offered"].as_f64()).map(|(at, offered)| at - offered));
    }
    page.close().await;
    antenne.end().await;
    (Spread::of(from_offer), Spread::of(from_navigation))
}

/// From a tap in the browser to the time of the first program frame with its heart.
pub(crate) async fn tap_to_picture(table: &mut Table, programs: &[PathBuf]) {
    let mut sides = Vec::new();
    for program in programs {
        sides.push(taps(program).await);
    }
    let p95 = |spread: &Spread| if spread.count * 2 < TAPS { f64::NAN } else { spread.p95 };
    table.compare(("tap to the first program picture, p95", "ms"), &sides, p95, (250.0, 120.0), "");
}

async fn taps(program: &Path) -> Spread {
    let data = TempDir::new().expect("a folder");
    let (mut antenne, on_air) = show::start(program, data.path(), show::SOLO).await;
    let page = viewer(&on_air.viewer_url).await;
    page.enter("message-input", "hello").await;
    page.enter("name-input", "Ada").await;
    page.find("accepted").await;
    let guest = Guest::join(&on_air.room_url, None).await;
    let hue = guest.welcome()["backlog"][0]["viewer"]["hue"].as_f64().expect("the comment has a hue") as f32;
    // Its card carries the same colour: it goes first.
    let_pass(Duration::from_secs(15)).await;
    let mut taps = Vec::new();
    for _ in 0..TAPS {
        taps.push(tap(&page).await);
        let_pass(Duration::from_secs(5)).await;
    }
    page.close().await;
    let recording = show::end(&mut antenne).await;
    Spread::of(taps.iter().filter_map(|tapped| heart_after(&recording, *tapped, hue)))
}

/// Taps, and says when, in Unix time in milliseconds.
async fn tap(page: &Page) -> f64 {
    let script = "const heart = document.querySelector('[data-testid=heart]');
        const at = performance.timeOrigin + performance.now();
        heart.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0 }));
        return at;";
    page.run(script).await.as_f64().expect("a time")
}

/// How long after `tapped` (Unix time in milliseconds) the first picture with a heart is.
fn heart_after(recording: &Recording, tapped: f64, hue: f32) -> Option<f64> {
    let stamps = recording.stamps();
    // A picture's strip says when its moment was, in the same clock as the tap.
    let near = stamps.iter().find(|stamp| stamp.strip.is_some_and(|strip| strip as f64 >= tapped))?;
    let pictures = recording.pictures_between(near.pts - 0.5, near.pts + 1.0, 1);
    let (width, height) = recording.size();
    let count =
        |picture: &Picture| appeared(&pictures[0].rgb, &picture.rgb, width, where_hearts_rise(width, height), hue);
    let usual = pictures.iter().filter(|picture| picture.pts < near.pts - 0.2).map(count).max()?;
    let first = pictures.iter().find(|picture| picture.pts >= near.pts - 0.2 && count(picture) > usual + 12);
    let pts = first?.pts;
    Some((pts - near.pts) * 1000.0 + near.strip? as f64 - tapped)
}
