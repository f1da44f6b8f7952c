//! `docs/contract.md` names every event of `live --json`, every list's line, and all that is in them.

use std::collections::BTreeSet;

use domain::{Replay, ReplayState, ShowSlug, UnixMs};
use serde_json::Value;

use super::*;

const CONTRACT: &str = include_str!("../../../docs/contract.md");

/// The names that the rows of a section set in code, by their first one: `event` → its fields.
fn documented(section: &str) -> Vec<(String, BTreeSet<String>)> {
    let body = CONTRACT.split(&format!("\n{section}\n")).nth(1).expect("the section is there");
    let body = body.split("\n#").next().unwrap_or_default();
    let rows = body.lines().filter(|line| line.starts_with("| `"));
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect::<Vec<_>>();
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        (words(cells[1]).concat(), words(cells[2]).into_iter().collect())
    })
    .collect()
}

fn keys(line: &Value) -> BTreeSet<String> {
    line.as_object().expect("a line is an object").keys().filter(|key| *key != "event").cloned().collect()
}

fn episode() -> EpisodeId {
    EpisodeId::from_random([7; 16])
}

/// One of each, with everything in it.
fn one_of_each() -> Vec<LiveEvent> {
    let text = || "x".to_owned();
    vec![
        LiveEvent::Devices { camera: Some(Taken { id: text(), name: text() }), microphone: None, screen: None },
        LiveEvent::OnAir {
            episode: episode(),
            at: text(),
            verified: false,
            reason: Some(text()),
            viewer_url: text(),
            whep_url: text(),
            hls_url: text(),
            room_url: text(),
        },
        LiveEvent::Proof { verified: true, reason: None },
        LiveEvent::Stats {
            program_ms: 1,
            fps: 29.97,
            dropped: 0,
            dropped_by: DroppedBy { rendering: 0, encoder: 0, network: 0 },
            encoded_kbps: 1,
            recording_bytes: 1,
            viewers: 1,
            hearts: 1,
            chat: 1,
        },
        LiveEvent::Destination {
            index: 0,
            host: text(),
            state: DestinationState::OnAir,
            code: text(),
            message: text(),
        },
        LiveEvent::Source {
            source: SourceId::parse("camera").expect("a name"),
            id: text(),
            role: SourceKind::Camera,
            state: SourceTurn::Back,
            message: None,
        },
        LiveEvent::Notice { severity: Severity::Alarm, code: text(), message: text() },
        LiveEvent::LeftOut { lines: 7 },
        LiveEvent::Ended { episode: episode(), recording: None, duration_ms: None, replay_url: None },
    ]
}

#[test]
fn the_contract_names_every_event_and_all_that_it_holds() {
    let written: Vec<_> = one_of_each()
        .iter()
        .map(|event| {
            let line = serde_json::to_value(event).expect("an event is JSON");
            (line["event"].as_str().expect("an event has a name").to_owned(), keys(&line))
        })
        .collect();
    assert_eq!(written.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), LiveEvent::VARIANTS);
    assert_eq!(documented("### Events of `antenne live --json`"), written);
}

#[test]
fn the_contract_names_all_that_the_lines_of_the_lists_hold() {
    let replay = Replay {
        episode: episode(),
        show: ShowSlug::default(),
        title: String::new(),
        started_at: UnixMs(0),
        ended_at: None,
        duration_ms: 0,
        bytes: 0,
        path: None,
        hearts: 0,
        chat: 0,
        viewers: 0,
        state: ReplayState::Whole,
        expires_at: None,
    };
    let device = domain::Device {
        kind: domain::DeviceKind::Camera,
        id: String::new(),
        name: String::new(),
        detail: String::new(),
        unusable: None,
    };
    let device = serde_json::to_value(device).expect("a device is JSON");
    let written = vec![
        ("antenne devices --json".to_owned(), keys(&device)),
        ("antenne shows --json".to_owned(), keys(&studio::lines::show("studio", "", 0, None))),
        ("antenne replays --json".to_owned(), keys(&studio::lines::replay(&replay))),
    ];
    assert_eq!(documented("### Lines of the lists"), written);
}

#[test]
fn people_read_states_as_words() {
    let sentences: Vec<_> = one_of_each().iter().filter_map(LiveEvent::sentence).collect();
    assert!(
        sentences.contains(&"x: on air x".to_owned()) && sentences.contains(&"x is back.".to_owned()),
        "{sentences:?}"
    );
}
