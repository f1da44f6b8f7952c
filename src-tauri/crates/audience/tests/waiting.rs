//! Two thousand people who wait for the same part cost little. A process of its own: it measures the process.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    dead_code,
    reason = "what fails to be set up fails the test; not every helper is used"
)]

#[path = "service/hls_client.rs"]
mod hls_client;
#[path = "service/support.rs"]
mod support;

use futures_util::future::join_all;

const PEOPLE: usize = 2000;
/// For all of them: sockets' buffers in this process, requests, and what waits for the answer.
const MOST_KIB: u64 = 30 << 10;

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn two_thousand_people_who_wait_for_a_part_are_held_in_thirty_megabytes_and_get_it_together() {
    let service = hls_client::service().await;
    hls_client::publish(&service, 0, 130);
    let stream = hls_client::stream(&service).await;
    let query = format!("{stream}live.m3u8?_HLS_msn=2&_HLS_part=5");
    hls_client::waiting(&service, 0).await;
    let before = resident_kib();
    let people =
        join_all((0..PEOPLE).map(|_| hls_client::asked(&service, &query, "Accept-Encoding: identity\r\n"))).await;
    hls_client::waiting(&service, PEOPLE).await;
    let held = resident_kib() - before;
    println!("{PEOPLE} people who wait hold {held} KiB");
    assert!(held <= MOST_KIB, "{held} KiB");
    hls_client::publish(&service, 130, 165);
    let answers = join_all(people.into_iter().map(hls_client::answer)).await;
    let first = answers[0].text();
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text() == first), "one text for everybody");
    service.audience.shutdown().await;
}
