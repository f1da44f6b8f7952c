//! The same comment, however often and over whatever socket it arrives, is said once.

use super::*;

/// Viewer `who` over `connection`, with a page of their own.
fn join_with_page(room: &mut Room, now: Now, connection: u64, who: u8) {
    let viewer = PublicViewer { id: viewer(who), name: "Ada".into(), hue: 1, badge: None, n: None };
    let page = Page::Theirs(PageId::from_random([who; 16]));
    let (connection, token) = (ConnectionId(connection), "t".to_owned());
    room.apply(
        now,
        RoomInput::Viewer(ViewerEvent::Joined {
            connection,
            viewer,
            name: None,
            token,
            token_hash: [who; 32],
            page,
            place: None,
        }),
    );
}

fn say_over(room: &mut Room, now: Now, connection: u64, id: &str, text: &str) -> Vec<RoomEffect> {
    let (connection, id, text) = (ConnectionId(connection), id.to_owned(), text.to_owned());
    room.apply(now, RoomInput::Viewer(ViewerEvent::Say { connection, id, text, name: None, at_ms: None }))
}

fn accepted(effects: &[RoomEffect]) -> Vec<(u64, String, u64)> {
    let accepted = effects.iter().filter_map(|effect| match effect {
        RoomEffect::Deliver(Delivery::To(connection, ToViewer::Accepted { id, seq })) => {
            Some((connection.0, id.clone(), seq.0))
        }
        _ => None,
    });
    accepted.collect()
}

#[test]
fn a_repeated_id_is_accepted_again_at_the_same_place_and_said_once() {
    let mut room = room();
    join_with_page(&mut room, at(0), 1, 1);
    let said = stored(&say_over(&mut room, at(1), 1, "c1", "hi")).expect("new");
    room.apply(at(2), left(1));
    join_with_page(&mut room, at(3), 2, 1);
    let effects = say_over(&mut room, at(4), 2, "c1", "hi");
    assert_eq!((stored(&effects), refused(&effects)), (None, None), "the archive is asked once");
    let effects = room.apply(at(5), RoomInput::Stored(said.seq, Stored::Kept));
    assert_eq!(accepted(&effects), [(2, "c1".to_owned(), 1)], "whoever is gone is not answered");
    assert_eq!(sent_to_all(&effects), [ToViewer::Said(said)]);
    let effects = say_over(&mut room, at(6), 2, "c1", "hi");
    assert_eq!(accepted(&effects), [(2, "c1".to_owned(), 1)]);
    assert_eq!((stored(&effects), sent_to_all(&effects)), (None, Vec::new()));
    assert_eq!(stored(&say_over(&mut room, at(7), 2, "c2", "hi")).map(|said| said.seq), Some(Seq(2)), "another id");
}

#[test]
fn what_only_the_archive_remembers_is_answered_too() {
    let mut room = Room::new(String::new(), Seq(10), Vec::new(), Limits::default());
    join_with_page(&mut room, at(0), 1, 1);
    let said = stored(&say_over(&mut room, at(1), 1, "c1", "hi")).expect("asked");
    let effects = room.apply(at(2), RoomInput::Stored(said.seq, Stored::Repeated(Seq(4))));
    assert_eq!(accepted(&effects), [(1, "c1".to_owned(), 4)]);
    assert!(sent_to_all(&effects).is_empty(), "everybody was sent it before the restart");
    assert_eq!(accepted(&say_over(&mut room, at(3), 1, "c1", "hi")), [(1, "c1".to_owned(), 4)]);
}

#[test]
fn after_the_end_and_for_the_muted_a_repetition_still_has_its_answer() {
    let mut room = room();
    join_with_page(&mut room, at(0), 1, 1);
    say_over(&mut room, at(1), 1, "c1", "hi");
    room.apply(at(2), RoomInput::Stored(Seq(1), Stored::Kept));
    room.apply(at(3), host(HostOrder::Remove(Seq(1))));
    room.apply(at(3), host(HostOrder::Voice { viewer: viewer(1), voice: Voice::Muted }));
    let effects = say_over(&mut room, at(4), 1, "c1", "hi");
    assert_eq!((accepted(&effects), sent_to_all(&effects)), (vec![(1, "c1".to_owned(), 1)], Vec::new()));
    assert_eq!(refused(&say_over(&mut room, at(5), 1, "c2", "hi")), Some((RefusedCode::Muted, None)));
    room.apply(at(6), host(HostOrder::Ended { replay_url: None }));
    assert_eq!(accepted(&say_over(&mut room, at(7), 1, "c1", "hi")), [(1, "c1".to_owned(), 1)]);
    assert_eq!(refused(&say_over(&mut room, at(8), 1, "c3", "hi")), Some((RefusedCode::Closed, None)));
}

#[test]
fn a_comment_that_could_not_be_kept_may_be_tried_again() {
    let mut room = room();
    join_with_page(&mut room, at(0), 1, 1);
    say_over(&mut room, at(1), 1, "c1", "hi");
    let effects = room.apply(at(2), RoomInput::Stored(Seq(1), Stored::Failed));
    assert_eq!(refused(&effects), Some((RefusedCode::Closed, Some(3000))));
    assert_eq!(stored(&say_over(&mut room, at(3), 1, "c1", "hi")).map(|said| said.seq), Some(Seq(2)));
}

#[test]
fn ids_of_a_page_that_names_itself_not_mean_nothing() {
    let mut room = room();
    join(&mut room, at(0), 1, Some("Ada"));
    assert_eq!(stored(&say(&mut room, at(1), 1, "one")).map(|said| said.seq), Some(Seq(1)));
    assert_eq!(stored(&say(&mut room, at(1), 1, "one")).map(|said| said.seq), Some(Seq(2)), "the same id, said twice");
}
