//! What the studio costs and how fast it is, as numbers: `make bench`.
//!
//! CPU is compared as seconds used in one run, baselines in turn with the studio, because timings
//! of one machine swing. Prints one table and writes `target/bench.json`.
//!
//! `BENCH=long` watches the memory for ten minutes instead of one; `BENCH="cost compositions window glass joining tap microphone"`
//! names parts; `BEFORE=COMMIT` measures that commit's program in turn with this one.

mod audience;
mod cost;
mod encoder;
mod latency;
mod microphone;
mod show;
mod table;
mod window;

use std::time::Duration;

use antenne_tests::measure::report;

use crate::table::Table;

#[tokio::main]
async fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let watched = Duration::from_secs(if asked.iter().any(|word| word == "long") { 600 } else { 60 });
    let parts = ["cost", "compositions", "window", "glass", "joining", "tap", "microphone"];
    let some = parts.iter().any(|part| asked.iter().any(|word| word == part));
    let wanted = |part: &str| !some || asked.iter().any(|word| word == part);
    let mut table = Table::default();
    let programs = show::programs();
    let mut baseline = None;
    if wanted("cost") {
        report("measuring: cost of the program");
        baseline = Some(cost::program(&mut table, &programs).await);
    }
    if wanted("compositions") {
        report("measuring: cost of compositions");
        cost::compositions(&mut table).await;
    }
    if wanted("window") {
        report("measuring: the window's cost");
        window::measure(&mut table, baseline, watched).await;
    }
    if wanted("glass") {
        report("measuring: glass to glass and lip-sync");
        latency::glass_to_glass(&mut table, &programs).await;
    }
    if wanted("joining") {
        report("measuring: joining");
        latency::joining(&mut table, &programs).await;
    }
    if wanted("tap") {
        report("measuring: from tap to picture");
        latency::tap_to_picture(&mut table, &programs).await;
    }
    if wanted("microphone") {
        report("measuring: a microphone on a busy computer");
        microphone::silent_pieces(&mut table).await;
    }
    report(&table);
    // Only a whole run replaces the file.
    if !some {
        table.write();
    }
}
