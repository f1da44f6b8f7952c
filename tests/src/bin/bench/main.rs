//! What the studio costs and how fast it is, as numbers: `make bench`.
//!
//! CPU is compared as seconds used in one run, baselines in turn with the studio, because timings
//! of one machine swing. Prints one table and writes `target/bench.json`.
//!
//! `BENCH=long` watches the memory for ten minutes instead of one.

mod audience;
mod cost;
mod latency;
mod show;
mod table;
mod window;

use std::time::Duration;

use antenne_tests::measure::tell;

use crate::table::Table;

#[tokio::main]
async fn main() {
    let long = std::env::args().any(|argument| argument == "long");
    let mut table = Table::default();
    tell("measuring: cost of the program");
    let encoder = cost::program(&mut table).await;
    tell("measuring: the window");
    window::measure(&mut table, encoder, Duration::from_secs(if long { 600 } else { 60 })).await;
    tell("measuring: glass to glass and lip-sync");
    latency::glass_to_glass(&mut table).await;
    tell("measuring: joining");
    latency::joining(&mut table).await;
    tell("measuring: from tap to picture");
    latency::tap_to_picture(&mut table).await;
    tell(&table);
    table.write();
}
