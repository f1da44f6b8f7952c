//! What coming and going costs does not depend on how many are here.

use std::time::{Duration, Instant};

use domain::room::{ConnectionId, Limits, Now, Page, Room, RoomInput, ViewerEvent};
use domain::{PageId, ProgramMs, PublicViewer, Seq, ViewerId};

const FEW: u32 = 100;
const MANY: u32 = 10_000;
/// How often somebody comes and goes in one measurement, and how often it is measured.
const TIMES: u32 = 1_000;
const ROUNDS: u32 = 7;
/// A tree of a hundred times as many is twice as deep, and no longer in the nearest cache. Where each
/// coming looked at everybody, it would be a hundred.
const RATIO: u32 = 12;

fn now() -> Now {
    Now { elapsed: Duration::from_millis(1), program_ms: ProgramMs(1) }
}

fn joined(number: u32) -> RoomInput {
    // Spread over the trees as real ids are.
    let id = (u128::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes();
    RoomInput::Viewer(ViewerEvent::Joined {
        connection: ConnectionId(number.into()),
        viewer: PublicViewer {
            id: ViewerId::from_random(id),
            name: format!("N{number}"),
            hue: 0,
            badge: None,
            n: None,
        },
        name: None,
        token: "t".to_owned(),
        token_hash: [0; 32],
        page: Page::Ours(PageId::from_random(id)),
        place: None,
    })
}

fn room(people: u32) -> Room {
    let limits = Limits { connections: 20_000, ..Limits::default() };
    let mut room = Room::new(String::new(), Seq(1), Vec::new(), limits);
    for number in 0..people {
        room.apply(now(), joined(number));
    }
    room
}

fn come_and_go(room: &mut Room) -> Duration {
    let began = Instant::now();
    for number in 0..TIMES {
        room.apply(now(), joined(MANY + number));
    }
    for number in 0..TIMES {
        let connection = ConnectionId((MANY + number).into());
        room.apply(now(), RoomInput::Viewer(ViewerEvent::Left { connection }));
    }
    began.elapsed()
}

#[test]
fn joining_and_leaving_cost_no_more_among_ten_thousand_than_among_a_hundred() {
    let (mut few, mut many) = (room(FEW), room(MANY));
    let (mut fastest_few, mut fastest_many) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        fastest_few = fastest_few.min(come_and_go(&mut few));
        fastest_many = fastest_many.min(come_and_go(&mut many));
    }
    println!("{TIMES} times: {fastest_few:?} among {FEW}, {fastest_many:?} among {MANY}");
    assert!(fastest_many < fastest_few * RATIO, "{fastest_few:?} among {FEW}, {fastest_many:?} among {MANY}");
}
