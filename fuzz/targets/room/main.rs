//! Any sequence of events, in any order, at any pace: the room keeps its promises.
#![no_main]

mod events;
mod model;

use std::time::Duration;

use domain::room::{HostOrder, Limits, Now, Room, RoomInput};
use domain::{ProgramMs, Seq};
use libfuzzer_sys::arbitrary::Unstructured;

use events::{NAMES, any_event};
use model::Model;

/// So few connections that the room is full now and then.
const CONNECTIONS: usize = 6;
/// After this long every window and every second is over.
const LATER: Duration = Duration::from_secs(5);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut input = Unstructured::new(bytes);
    let first = Seq(u64::from(input.arbitrary::<u16>().unwrap_or_default()));
    // What a rush leaves out is `rush.rs`'s own promise.
    let (accepted_a_second, shown_a_second) = (1_000_000, 1_000_000);
    let limits = Limits { connections: CONNECTIONS, accepted_a_second, shown_a_second, ..Limits::default() };
    let mut room = Room::new(NAMES[0].to_owned(), first, Vec::new(), limits.clone());
    let mut model = Model::new(first, limits);
    let mut now = Now { elapsed: Duration::ZERO, program_ms: ProgramMs(0) };
    while !input.is_empty() {
        let Ok(event) = any_event(&mut input, first) else { break };
        now = later(&mut input, now);
        step(&mut room, &mut model, now, event);
    }
    now.elapsed += LATER;
    step(&mut room, &mut model, now, RoomInput::Host(HostOrder::Ended { replay_url: None }));
    now.elapsed += LATER;
    step(&mut room, &mut model, now, RoomInput::Tick);
    model.assert_settled();
    assert_eq!(room.deadline(), None, "when everything was told nothing is waited for");
});

fn step(room: &mut Room, model: &mut Model, now: Now, event: RoomInput) {
    model.expect(now, &event);
    let effects = room.apply(now, event);
    for effect in &effects {
        model.check(effect);
    }
    assert!(model.state_is(room.state()), "nobody was told that the room is {:?}", room.state());
    // Else its owner would turn in circles.
    assert!(room.deadline().is_none_or(|deadline| deadline > now.elapsed), "what is due was not done");
}

/// Monotonic time only rises. Program time is what a stranger's encoder wrote: anything.
fn later(input: &mut Unstructured<'_>, now: Now) -> Now {
    let step = match input.arbitrary::<u8>().unwrap_or_default() % 4 {
        0 => 0,
        1 => u64::from(input.arbitrary::<u8>().unwrap_or_default()),
        2 => u64::from(input.arbitrary::<u16>().unwrap_or_default()),
        _ => 1000,
    };
    let program_ms = match input.arbitrary::<u8>().unwrap_or_default() % 8 {
        0 => input.arbitrary().unwrap_or_default(),
        1 => u64::MAX,
        _ => now.program_ms.0.saturating_add(step),
    };
    Now { elapsed: now.elapsed + Duration::from_millis(step), program_ms: ProgramMs(program_ms) }
}
