//! CPU seconds of the studio beyond those of its own encoder on the same frames.

use std::path::{Path, PathBuf};

use antenne_tests::antenne::built;
use antenne_tests::browser::{Chromium, Page};
use antenne_tests::deadline::let_pass;
use antenne_tests::measure::Spread;
use antenne_tests::process::isolated;
use audience::client::WhepClient;
use tempfile::TempDir;
use tokio::process::Command;

use crate::audience::Crowd;
use crate::encoder::{Baseline, WARM_UP, load, load_of, raw_frames, still_slide};
use crate::show;
use crate::table::{Row, Table};

/// How often each side is measured, in turn.
const ROUNDS: usize = 3;
/// Program frames a second.
const FPS: f64 = 30.0;

/// Measures the studio with one viewer and no monitor, on a slide with noise and on one without;
/// returns the baseline of the noisy one for the window's turn.
pub(crate) async fn program(table: &mut Table, programs: &[PathBuf]) -> Baseline {
    let folder = TempDir::new().expect("a folder");
    let names = ["CPU beyond the encoder, noisy slide", "the same, a frame"];
    let baseline = beyond(table, programs, names, show::CORNER, true).await;
    let slide = still_slide(folder.path()).await;
    let image = format!("image:{}", slide.display());
    let names = ["CPU beyond the encoder, still slide", "the same, a frame"];
    beyond(table, programs, names, &["--camera", &image, "--layout", "solo"], false).await;
    baseline
}

async fn beyond(
    table: &mut Table,
    programs: &[PathBuf],
    [core, frame]: [&'static str; 2],
    sources: &[&str],
    moving: bool,
) -> Baseline {
    let folder = TempDir::new().expect("a folder");
    let frames = raw_frames(folder.path(), sources).await;
    let mut rounds = Vec::new();
    let mut sides = vec![Vec::new(); programs.len()];
    for _ in 0..ROUNDS {
        let round = Baseline::measure(&frames, moving).await;
        for (program, side) in programs.iter().zip(&mut sides) {
            side.push(one_show(program, sources).await - round.sources - round.own_profile);
        }
        rounds.push(round);
    }
    let median = |part: fn(&Baseline) -> f64| Spread::of(rounds.iter().map(part)).median;
    let baseline = Baseline {
        encoder: median(|round| round.encoder),
        own_profile: median(|round| round.own_profile),
        sources: median(|round| round.sources),
    };
    let spreads = |factor: f64| -> Vec<Spread> {
        sides.iter().map(|side| Spread::of(side.iter().map(|load| load * factor))).collect()
    };
    let remark = format!(
        "the encoder {:.1} % (in its own profile {:.1} %), sources {:.1} % of a core",
        baseline.own_profile * 100.0,
        baseline.encoder * 100.0,
        baseline.sources * 100.0
    );
    table.compare((core, "%"), &spreads(100.0), |spread| spread.median, (10.0, 6.0), remark);
    table.compare((frame, "ms"), &spreads(1000.0 / FPS), |spread| spread.median, (3.3, 2.0), "");
    baseline
}

/// The load of a show with five cards, twenty hearts and a viewer.
async fn one_show(program: &Path, sources: &[&str]) -> f64 {
    let data = TempDir::new().expect("a folder");
    let (mut antenne, on_air) = show::start(program, data.path(), sources).await;
    let crowd = Crowd::gather(&on_air.room_url).await;
    let viewer = WhepClient::connect(&on_air.whep_url).await.expect("one viewer");
    let mut units = viewer.units();
    let reading = tokio::spawn(async move { while units.recv().await.is_some() {} });
    let_pass(WARM_UP * 2).await;
    let load = load(&[antenne.process().id()]).await;
    viewer.close().await;
    reading.abort();
    drop(crowd);
    antenne.end().await;
    load
}

/// What sources cost that are keyed, and those that are only defined: a studio off air, whose
/// compositions are measured in turn with what they are compared with.
pub(crate) async fn compositions(table: &mut Table) {
    let (slide, keyed) = in_turn("slide", "keyed").await;
    added(table, "a keyed 720p camera over a slide", (20.0, 12.0), [slide, keyed]);
    let (three, sixteen) = in_turn("three", "sixteen").await;
    added(table, "13 closed sources beside 3 shown ones", (3.0, 3.0), [three, sixteen]);
}

async fn in_turn(one: &str, other: &str) -> (Vec<f64>, Vec<f64>) {
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ones.push(load_of(one, desk(one)).await);
        others.push(load_of(other, desk(other)).await);
    }
    (ones, others)
}

fn added(table: &mut Table, name: &'static str, limits: (f64, f64), [without, with]: [Vec<f64>; 2]) {
    let more = Spread::of(with.iter().zip(&without).map(|(with, without)| (with - without) * 100.0));
    let all = |loads: &[f64]| Spread::of(loads.iter().map(|load| load * 100.0)).median;
    let remark = format!("{more}; {:.1} % of a core without, {:.1} % with", all(&without), all(&with));
    table.add(Row::new(name, "%", more.median, limits).remark(remark));
}

fn desk(composition: &str) -> Command {
    let program = built("examples/desk", "cargo build --release -p antenne-studio --example desk");
    let mut command = isolated(program);
    command.arg(composition);
    command
}

/// Keeps a browser out of a measurement until it is wanted.
pub(crate) async fn viewer(url: &str) -> Page {
    let page = Chromium::start().await;
    page.open(url).await;
    page.until("the page is on air", "document.querySelector('[data-testid=state]')?.dataset.state === 'on_air'").await;
    page
}
