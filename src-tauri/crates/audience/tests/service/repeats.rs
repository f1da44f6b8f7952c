//! The network loses connections; comments are said once all the same.

use std::collections::BTreeSet;

use audience::ServiceLimits;
use domain::room::Limits;
use serde_json::{Value, json};

use crate::support::{Service, TestJournal, TestLibrary, Viewer};

const PAGE: &str = "00112233445566778899aabbccddeeff";
const TOKEN: &str = "ffeeddccbbaa99887766554433221100";
const RECONNECTS: usize = 200;

async fn come_back(service: &Service) -> Viewer {
    let mut viewer = service.viewer().await;
    viewer.send(json!({ "type": "hello", "name": "Ada", "token": TOKEN, "page": PAGE })).await;
    viewer.next("welcome").await;
    viewer
}

/// Sends everything that has no receipt yet, as a page does after a welcome.
async fn send_open(viewer: &mut Viewer, receipts: &[Option<u64>]) {
    for (number, _) in receipts.iter().enumerate().filter(|(_, receipt)| receipt.is_none()) {
        viewer.send(json!({ "type": "say", "id": format!("c{number}"), "text": "the same words" })).await;
    }
}

fn note(receipts: &mut [Option<u64>], accepted: &Value) {
    let number: usize = accepted["id"].as_str().unwrap()[1..].parse().unwrap();
    let seq = accepted["seq"].as_u64();
    assert!(receipts[number].is_none() || receipts[number] == seq, "another place than before");
    receipts[number] = seq;
}

#[tokio::test]
async fn over_two_hundred_reconnects_every_comment_is_said_exactly_once() {
    let seed = 20_271_127;
    let mut random = fastrand::Rng::with_seed(seed);
    // People do not write that fast; lost connections are what this is about.
    let room = Limits { say_burst: 100_000, accepted_a_second: 100_000, shown_a_second: 100_000, ..Limits::default() };
    let limits = ServiceLimits { room, outbox: 8192, ..ServiceLimits::default() };
    let service = Service::start_with(limits, TestJournal::default(), TestLibrary::default()).await;
    let mut witness = service.viewer().await;
    witness.hello(None).await;
    let mut receipts: Vec<Option<u64>> = Vec::new();
    for _ in 0..RECONNECTS {
        let mut viewer = come_back(&service).await;
        receipts.push(None);
        send_open(&mut viewer, &receipts).await;
        // The connection is gone at once, or after so many receipts.
        for _ in 0..random.usize(0..4) {
            if receipts.iter().any(Option::is_none) {
                note(&mut receipts, &viewer.next("accepted").await);
            }
        }
        drop(viewer);
    }
    let mut viewer = come_back(&service).await;
    send_open(&mut viewer, &receipts).await;
    while receipts.iter().any(Option::is_none) {
        note(&mut receipts, &viewer.next("accepted").await);
    }
    let mut said = Vec::new();
    while said.len() < RECONNECTS {
        let entry = witness.next("said").await;
        assert_eq!(entry["text"], "the same words");
        said.push(entry["seq"].as_u64().unwrap());
    }
    // Had one been said once too often, it would stand before this.
    viewer.send(json!({ "type": "say", "id": "last", "text": "the last words" })).await;
    assert_eq!(witness.next("said").await["text"], "the last words", "seed {seed}");
    assert!(said.is_sorted_by(|one, next| one < next), "{said:?}");
    let places: BTreeSet<u64> = receipts.into_iter().flatten().collect();
    assert_eq!(places, said.into_iter().collect(), "seed {seed}: each receipt names a comment of its own");
    assert_eq!(service.journal.kept.lock().unwrap().len(), RECONNECTS + 1, "seed {seed}");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_comment_that_only_the_archive_knows_is_accepted_again_and_not_said() {
    let mut service = Service::start().await;
    let mut ada = come_back(&service).await;
    ada.send(json!({ "type": "say", "id": "c1", "text": "hello" })).await;
    let first = ada.next("accepted").await;
    // Another room on the same journal: as after a restart of the program.
    service.open(1);
    let mut witness = service.viewer().await;
    witness.hello(Some("Bob")).await;
    let mut ada = come_back(&service).await;
    ada.send(json!({ "type": "say", "id": "c1", "text": "hello" })).await;
    assert_eq!(ada.next("accepted").await, first);
    ada.send(json!({ "type": "say", "id": "c2", "text": "and this" })).await;
    assert_eq!(witness.next("said").await["text"], "and this", "the repetition was not said again");
    service.audience.shutdown().await;
}

#[tokio::test]
async fn a_client_that_never_heard_of_pages_may_use_an_id_twice() {
    let service = Service::start().await;
    let mut ada = service.viewer().await;
    ada.hello(Some("Ada")).await;
    for seq in 1..=2 {
        ada.send(json!({ "type": "say", "id": "x", "text": "hello" })).await;
        assert_eq!(ada.next("accepted").await, json!({ "type": "accepted", "id": "x", "seq": seq }));
    }
    service.audience.shutdown().await;
}
