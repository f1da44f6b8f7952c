use std::time::Duration;

use super::{ConnectionId, Limits, Now, Room, RoomEffect, RoomEvent};
use crate::{ProgramMs, PublicViewer, Seq, ToViewer, ViewerId};

pub(super) fn at(ms: u64) -> Now {
    Now { elapsed: Duration::from_millis(ms), program_ms: ProgramMs(ms) }
}

pub(super) fn join(room: &mut Room, now: Now, who: u8, name: Option<&str>) -> Vec<RoomEffect> {
    let viewer =
        PublicViewer { id: ViewerId::from_random([who; 16]), name: String::new(), hue: u16::from(who), badge: None };
    let (connection, name) = (ConnectionId(who.into()), name.map(str::to_owned));
    room.apply(now, RoomEvent::Joined { connection, viewer, name, token: "t".into(), token_hash: [who; 32] })
}

#[test]
fn a_newcomer_is_welcomed() {
    let mut room = Room::new("A title".into(), Seq(1), Vec::new(), Limits::default());
    let effects = join(&mut room, at(0), 1, Some("Ada"));
    assert!(
        matches!(&effects[0], RoomEffect::Tell(ConnectionId(1), ToViewer::Welcome { title, .. }) if title == "A title")
    );
}
