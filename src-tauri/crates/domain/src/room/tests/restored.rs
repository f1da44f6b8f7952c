//! A removed comment that the host puts back.

use super::*;
use crate::room::{Edge, EdgeEffect, EdgeId, EdgeInput, Epoch, Mark, Present, Standing, ToEdge, WholeState};

/// A room with three comments, of which `removed` was taken back.
fn with_three(removed: u64) -> (Room, Vec<Said>) {
    let mut room = room();
    join(&mut room, at(0), 1, Some("Ada"));
    let said = (1..=3).map(|n| {
        let said = stored(&say_as(&mut room, at(n), 1, &format!("comment {n}"), None, None)).expect("new");
        room.apply(at(n), RoomInput::Stored(said.seq, Stored::Kept));
        said
    });
    let said = said.collect();
    room.apply(at(10), host(HostOrder::Remove(Seq(removed))));
    (room, said)
}

fn backlog(room: &mut Room, who: u8) -> Vec<Said> {
    let effects = join(room, at(20), who, None);
    let welcome = effects.iter().find_map(|effect| match effect {
        RoomEffect::Deliver(Delivery::To(_, ToViewer::Welcome { backlog, .. })) => Some(backlog.to_vec()),
        _ => None,
    });
    welcome.expect("whoever joins is welcome")
}

#[test]
fn a_comment_that_is_put_back_is_said_to_everybody_once_and_stands_at_its_place_for_newcomers() {
    for removed in 1..=3 {
        let (mut room, said) = with_three(removed);
        let back = said[removed as usize - 1].clone();
        assert_eq!(backlog(&mut room, 2).len(), 2);
        let effects = room.apply(at(21), host(HostOrder::Restore(back.clone())));
        assert_eq!(effects, [RoomEffect::Deliver(Delivery::ToAll(ToViewer::Said(back.clone())))]);
        assert!(room.apply(at(22), host(HostOrder::Restore(back.clone()))).is_empty(), "once");
        assert_eq!(backlog(&mut room, 3), said);
        let effects = room.apply(at(23), host(HostOrder::Remove(back.seq)));
        assert!(sent_to_all(&effects).contains(&ToViewer::Removed { seq: back.seq }), "and may be removed again");
        assert_eq!(backlog(&mut room, 4).len(), 2);
    }
}

#[test]
fn what_was_never_removed_is_not_put_back() {
    let (mut room, said) = with_three(1);
    assert!(room.apply(at(21), host(HostOrder::Restore(said[1].clone()))).is_empty());
    assert_eq!(backlog(&mut room, 2), said[1..]);
}

#[test]
fn an_edge_that_missed_the_word_learns_it_from_the_whole_state_and_says_it_once() {
    let (_, said) = with_three(2);
    let epoch = Epoch(1);
    let mut edge = Edge::new(EdgeId(1), epoch, Limits::default());
    let mut state = |n, backlog: &[Said], removed: &[u64]| {
        let state = WholeState {
            mark: Mark { epoch, n },
            passing: n,
            standing: Standing::default(),
            backlog: backlog.to_vec(),
            removed: removed.iter().map(|seq| Seq(*seq)).collect(),
            silenced: Vec::new(),
            hearts: 0,
            present: Present::default(),
        };
        let effects = edge.apply(at(n), EdgeInput::Received(ToEdge::State(Box::new(state))));
        let told = effects.into_iter().filter_map(|effect| match effect {
            EdgeEffect::Deliver(Delivery::ToAll(message)) => Some(message),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(state(1, &[said[0].clone(), said[2].clone()], &[2]), []);
    assert_eq!(state(2, &said, &[]), [ToViewer::Said(said[1].clone())]);
    assert_eq!(state(3, &said, &[]), []);
}
