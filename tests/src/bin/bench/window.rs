//! The window: how soon it shows a moving monitor, what it costs on air, and how much memory.

use std::time::Duration;

use antenne_tests::browser::Page;
use antenne_tests::deadline::let_pass;
use antenne_tests::measure::{family, memory};
use antenne_tests::surroundings::Screen;
use antenne_tests::window;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::audience::Crowd;
use crate::encoder::{Baseline, load};
use crate::show;
use crate::table::{Row, Table};

const MONITOR: &str = "Number(document.querySelector('[data-testid=monitor]')?.dataset.frames ?? 0)";
const MIB: f64 = 1024.0 * 1024.0;

/// Asks the studio for something, as the page does.
async fn dispatch(page: &Page, command: &str) {
    page.run(&format!("window.__TAURI_INTERNALS__.invoke('dispatch', {{ command: {command} }}); return null;")).await;
}

/// The studio's process and those of its web view, by their programs' names.
fn processes(page: &Page) -> (u32, Vec<u32>) {
    let name = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned();
    let all = family(page.driver_id());
    let main = *all.iter().find(|pid| name(pid) == "antenne").expect("the studio runs below its driver");
    let web = family(main).into_iter().filter(|pid| *pid != main && name(pid).starts_with("WebKit")).collect();
    (main, web)
}

/// Measures the window, for `watched` on air.
pub(crate) async fn measure(table: &mut Table, baseline: Option<Baseline>, watched: Duration) {
    let baseline = match baseline {
        Some(baseline) => baseline,
        None => Baseline::alone(show::CORNER).await,
    };
    let data = TempDir::new().expect("a folder");
    let screen = Screen::start(1280, 800).await;
    let folder = data.path().join("studio");
    let began = Instant::now();
    let page = window::open(&screen, data.path(), &["--data-dir", folder.to_str().expect("a path in UTF-8")]).await;
    page.at_least("pictures in the monitor", MONITOR, 3).await;
    let opened = began.elapsed().as_secs_f64();
    let row = Row::new("from start to a moving monitor", "s", opened, (3.0, 2.0));
    table.add(row.remark("with the driver's own start"));

    for command in [
        "{ type: 'select_source', id: 'camera', choice: { kind: 'test' } }",
        "{ type: 'select_source', id: 'microphone', choice: { kind: 'test' } }",
        "{ type: 'select_source', id: 'screen', choice: { kind: 'test' } }",
        "{ type: 'set_layout', layout: 'corner' }",
        "{ type: 'set_reach', reach: 'this_computer' }",
        "{ type: 'set_countdown', countdown: false }",
    ] {
        dispatch(&page, command).await;
    }
    page.until(
        "the camera runs",
        "document.querySelector('[data-testid=source-camera-row]').dataset.state === 'running'",
    )
    .await;
    dispatch(&page, "{ type: 'go_live' }").await;
    page.until("it is on air", "document.querySelector('[data-testid=on-air]')?.dataset.phase === 'on_air'").await;
    page.run("window.__TAURI_INTERNALS__.invoke('snapshot').then((snapshot) => (window.links = snapshot.links)); return null;").await;
    page.until("the links are known", "window.links").await;
    let links = page.run("return window.links;").await;
    let crowd = Crowd::gather(links["room_url"].as_str().expect("an address")).await;
    let whep_url = links["whep_url"].as_str().expect("an address");
    let viewer = audience::client::WhepClient::connect(whep_url).await.expect("one viewer");
    let mut units = viewer.units();
    let reading = tokio::spawn(async move { while units.recv().await.is_some() {} });
    let_pass(Duration::from_secs(6)).await;

    let (main, web) = processes(&page);
    let everything: Vec<u32> = [main].iter().chain(&web).copied().collect();
    let frames = page.run(&format!("return {MONITOR};")).await.as_f64().unwrap_or_default();
    let alone = [main];
    let (used, studio_alone) = tokio::join!(load(&everything), load(&alone));
    let shown = page.run(&format!("return {MONITOR};")).await.as_f64().unwrap_or_default() - frames;
    let ratio = (used - baseline.sources) / baseline.encoder;
    let remark = format!(
        "studio {:.0} %, web {:.0} % of a core, {:.1} pictures a second in the monitor",
        studio_alone * 100.0,
        (used - studio_alone) * 100.0,
        shown / 10.0
    );
    table.add(Row::new("CPU with monitor and window over x264enc alone", "x", ratio, (1.9, 1.6)).remark(remark));

    let main_memory = || memory(main) as f64 / MIB;
    let first = main_memory();
    let all = everything.iter().map(|pid| memory(*pid)).sum::<u64>() as f64 / MIB;
    table.add(Row::new("memory (PSS) of the main process on air", "MiB", first, (250.0, 180.0)));
    table.add(Row::new("memory (PSS) with the web processes", "MiB", all, (600.0, 600.0)));
    let_pass(watched).await;
    let growth = main_memory() - first;
    let row = Row::new("growth of the main process on air", "MiB", growth, (20.0, 10.0));
    table.add(row.remark(format!("in {} s", watched.as_secs())));

    viewer.close().await;
    reading.abort();
    drop(crowd);
    dispatch(&page, "{ type: 'end' }").await;
    page.until("it is over", "document.querySelector('[data-testid=on-air]')?.dataset.phase === 'ended'").await;
    page.close().await;
}
