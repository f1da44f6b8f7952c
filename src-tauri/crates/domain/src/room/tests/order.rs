//! Comments have places, and everybody sees them in their order.

use super::*;

#[test]
fn the_very_first_place_is_told_as_every_other() {
    let mut room = Room::new("A title".into(), Seq(0), Vec::new(), Limits::default());
    join(&mut room, at(0), 1, Some("Ada"));
    let said = stored(&say(&mut room, at(0), 1, "first")).unwrap();
    let effects = room.apply(at(0), RoomInput::Stored(said.seq, Stored::Kept));
    assert_eq!(sent_to_all(&effects), [ToViewer::Said(said)]);
}

#[test]
fn comments_are_told_in_their_order_whatever_the_archive_answers_first() {
    let mut room = room();
    join(&mut room, at(0), 1, Some("Ada"));
    for text in ["one", "two", "three"] {
        say(&mut room, at(1), 1, text);
    }
    assert!(sent_to_all(&room.apply(at(2), RoomInput::Stored(Seq(2), Stored::Kept))).is_empty());
    assert!(sent_to_all(&room.apply(at(2), RoomInput::Stored(Seq(3), Stored::Failed))).is_empty());
    let effects = room.apply(at(2), RoomInput::Stored(Seq(1), Stored::Kept));
    let seqs = sent_to_all(&effects).into_iter().map(|message| match message {
        ToViewer::Said(said) => said.seq.0,
        other => panic!("{other:?}"),
    });
    assert_eq!(seqs.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(
        refused(&effects),
        Some((RefusedCode::Closed, Some(3000))),
        "the third was not kept, and its writer knows"
    );
    assert!(room.apply(at(2), RoomInput::Stored(Seq(1), Stored::Kept)).is_empty(), "twice is once");
}

#[test]
fn the_backlog_is_the_last_fifty_and_order_goes_on_where_the_archive_stands() {
    let old = |seq| Said {
        seq: Seq(seq),
        at_ms: ProgramMs(seq),
        viewer: PublicViewer { id: viewer(9), name: "Old".into(), hue: 9, badge: None, n: None },
        text: "old".into(),
    };
    let mut room = Room::new(String::new(), Seq(101), (1..=60).map(old).collect(), Limits::default());
    join(&mut room, at(0), 1, Some("Ada"));
    assert_eq!(stored(&say(&mut room, at(1), 1, "new")).map(|said| said.seq), Some(Seq(101)));
    room.apply(at(2), RoomInput::Stored(Seq(101), Stored::Kept));
    let effects = join(&mut room, at(3), 2, None);
    let RoomEffect::Deliver(Delivery::To(_, ToViewer::Welcome { backlog, .. })) = &effects[0] else {
        panic!("{effects:?}")
    };
    assert_eq!((backlog.len(), backlog[0].seq, backlog[49].seq), (50, Seq(12), Seq(101)));
}
