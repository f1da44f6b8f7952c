use std::collections::BTreeMap;
use std::time::Duration;

use super::{
    ConnectionId, Delivery, Errand, HostOrder, Limits, Now, Page, Place, Room, RoomEffect, RoomInput, RoomNews, Stored,
    ViewerEvent,
};
use crate::{
    BroadcastState, Bye, OnPicture, PageId, ProgramMs, PublicViewer, RefusedCode, Said, Seq, ToViewer, ViewerId, Voice,
};

mod crowd;
mod moderation;
mod names;
mod order;
mod repeats;
mod restored;
mod simulation;

fn at(ms: u64) -> Now {
    Now { elapsed: Duration::from_millis(ms), program_ms: ProgramMs(ms) }
}

fn room() -> Room {
    Room::new("A title".into(), Seq(1), Vec::new(), Limits::default())
}

fn viewer(who: u8) -> ViewerId {
    ViewerId::from_random([who; 16])
}

/// Viewer `who` over a connection of their own.
fn join_as(room: &mut Room, now: Now, connection: u64, who: u8, name: Option<&str>) -> Vec<RoomEffect> {
    join_from(room, now, connection, who, name, None)
}

fn join_from(
    room: &mut Room,
    now: Now,
    connection: u64,
    who: u8,
    name: Option<&str>,
    place: Option<Place>,
) -> Vec<RoomEffect> {
    let viewer = PublicViewer { id: viewer(who), name: String::new(), hue: u16::from(who), badge: None, n: None };
    let random = u128::from(connection) << 64 | now.elapsed.as_millis();
    let page = Page::Ours(PageId::from_random(random.to_be_bytes()));
    let (connection, name, token) = (ConnectionId(connection), name.map(str::to_owned), "t".to_owned());
    let joined = ViewerEvent::Joined { connection, viewer, name, token, token_hash: [who; 32], page, place };
    room.apply(now, RoomInput::Viewer(joined))
}

fn left(connection: u64) -> RoomInput {
    RoomInput::Viewer(ViewerEvent::Left { connection: ConnectionId(connection) })
}

fn host(order: HostOrder) -> RoomInput {
    RoomInput::Host(order)
}

fn news(news: RoomNews) -> RoomEffect {
    RoomEffect::Errand(Errand::News(news))
}

fn join(room: &mut Room, now: Now, who: u8, name: Option<&str>) -> Vec<RoomEffect> {
    join_as(room, now, who.into(), who, name)
}

fn say(room: &mut Room, now: Now, who: u8, text: &str) -> Vec<RoomEffect> {
    say_as(room, now, who, text, None, None)
}

fn say_as(room: &mut Room, now: Now, who: u8, text: &str, name: Option<&str>, at_ms: Option<u64>) -> Vec<RoomEffect> {
    let (connection, name) = (ConnectionId(who.into()), name.map(str::to_owned));
    let (id, text, at_ms) = ("c".to_owned(), text.to_owned(), at_ms.map(ProgramMs));
    room.apply(now, RoomInput::Viewer(ViewerEvent::Say { connection, id, text, name, at_ms }))
}

fn hearts(room: &mut Room, now: Now, who: u8, count: u32) -> Vec<RoomEffect> {
    room.apply(now, RoomInput::Viewer(ViewerEvent::Hearts { connection: ConnectionId(who.into()), count }))
}

fn stored(effects: &[RoomEffect]) -> Option<Said> {
    effects.iter().find_map(|effect| match effect {
        RoomEffect::Errand(Errand::Store(comment)) => Some(comment.said.clone()),
        _ => None,
    })
}

fn refused(effects: &[RoomEffect]) -> Option<(RefusedCode, Option<u32>)> {
    effects.iter().find_map(|effect| match effect {
        RoomEffect::Deliver(Delivery::To(_, ToViewer::Refused { code, retry_ms, .. })) => Some((*code, *retry_ms)),
        _ => None,
    })
}

/// What everybody is sent, presence aside.
fn sent_to_all(effects: &[RoomEffect]) -> Vec<ToViewer> {
    let sent = effects.iter().filter_map(|effect| match effect {
        RoomEffect::Deliver(Delivery::ToAll(ToViewer::Presence { .. })) => None,
        RoomEffect::Deliver(Delivery::ToAll(message)) => Some(message.clone()),
        _ => None,
    });
    sent.collect()
}

fn presence(effects: &[RoomEffect]) -> Option<(u32, u32, u32, Vec<String>)> {
    effects.iter().find_map(|effect| match effect {
        RoomEffect::Deliver(Delivery::ToAll(ToViewer::Presence { viewers, peak, anonymous, joined })) => {
            Some((*viewers, *peak, *anonymous, joined.clone()))
        }
        _ => None,
    })
}

#[test]
fn a_comment_is_told_and_acknowledged_only_when_it_is_kept() {
    let mut room = room();
    join(&mut room, at(0), 1, Some("Ada"));
    let effects = say(&mut room, at(100), 1, "  hello \u{202e}");
    let said = stored(&effects).expect("the archive is asked");
    assert_eq!((said.seq, said.text.as_str(), said.at_ms), (Seq(1), "hello", ProgramMs(100)));
    assert!(sent_to_all(&effects).is_empty());
    let effects = room.apply(at(150), RoomInput::Stored(Seq(1), Stored::Kept));
    let accepted = ToViewer::Accepted { id: "c".into(), seq: Seq(1) };
    let expected = [
        RoomEffect::Deliver(Delivery::ToAll(ToViewer::Said(said.clone()))),
        RoomEffect::Deliver(Delivery::To(ConnectionId(1), accepted)),
        news(RoomNews::Said(said)),
    ];
    assert_eq!(effects, expected);
}

#[test]
fn a_name_comes_with_the_hello_or_with_the_first_comment() {
    let mut room = room();
    join(&mut room, at(0), 1, None);
    assert_eq!(refused(&say(&mut room, at(1), 1, "hi")), Some((RefusedCode::NameNeeded, None)));
    assert_eq!(
        refused(&say_as(&mut room, at(1), 1, "hi", Some(" \u{200b} "), None)),
        Some((RefusedCode::NameNeeded, None))
    );
    let said = stored(&say_as(&mut room, at(1), 1, "hi", Some(" Ada \u{7} "), None)).expect("accepted");
    assert_eq!(said.viewer.name, "Ada");
    let said = stored(&say_as(&mut room, at(1), 1, "hi", Some("Eve"), None)).expect("accepted");
    assert_eq!(said.viewer.name, "Ada", "a name is given once");
    let effects = join(&mut room, at(2), 2, Some(&"x".repeat(100)));
    let RoomEffect::Deliver(Delivery::To(_, ToViewer::Welcome { viewer, .. })) = &effects[0] else {
        panic!("{effects:?}")
    };
    assert_eq!(viewer.name.len(), 40);
}

#[test]
fn a_refused_first_comment_gives_no_name() {
    let mut room = room();
    join(&mut room, at(0), 1, None);
    assert_eq!(refused(&say_as(&mut room, at(1), 1, " ", Some("Ada"), None)), Some((RefusedCode::Empty, None)));
    assert_eq!(refused(&say(&mut room, at(1), 1, "hi")), Some((RefusedCode::NameNeeded, None)));
}

#[test]
fn comments_come_in_bursts_of_five_and_then_one_each_second_and_a_half() {
    let mut room = room();
    join(&mut room, at(0), 1, Some("Ada"));
    for _ in 0..5 {
        assert!(stored(&say(&mut room, at(1000), 1, "hi")).is_some());
    }
    assert_eq!(refused(&say(&mut room, at(1000), 1, "hi")), Some((RefusedCode::TooFast, Some(1500))));
    assert_eq!(refused(&say(&mut room, at(2499), 1, "hi")), Some((RefusedCode::TooFast, Some(1))));
    let said = stored(&say(&mut room, at(2500), 1, "hi")).expect("accepted");
    assert_eq!(said.seq, Seq(6), "a refused comment has no place");
    // Another connection of the same person has the same bucket; so has coming back.
    join_as(&mut room, at(2500), 9, 1, None);
    assert_eq!(refused(&say(&mut room, at(2500), 9, "hi")), Some((RefusedCode::TooFast, Some(1500))));
    room.apply(at(2500), left(1));
    room.apply(at(2500), left(9));
    join(&mut room, at(2600), 1, None);
    assert_eq!(refused(&say(&mut room, at(2600), 1, "hi")), Some((RefusedCode::TooFast, Some(1400))));
}

#[test]
fn what_cannot_be_said_costs_no_token() {
    let mut room = room();
    join(&mut room, at(0), 1, Some("Ada"));
    for _ in 0..20 {
        assert_eq!(refused(&say(&mut room, at(1), 1, "\u{202e} \n")), Some((RefusedCode::Empty, None)));
        assert_eq!(refused(&say(&mut room, at(1), 1, &"é".repeat(501))), Some((RefusedCode::TooLong, None)));
    }
    let longest = "é".repeat(500);
    assert_eq!(stored(&say(&mut room, at(1), 1, &format!("  {longest}  "))).map(|said| said.text), Some(longest));
}

#[test]
fn a_comment_belongs_to_the_moment_its_writer_saw_if_that_is_believable() {
    let mut room = room();
    join(&mut room, at(0), 1, Some("Ada"));
    let cases = [(Some(95_000), 95_000), (Some(70_000), 70_000), (Some(69_999), 100_000), (Some(100_001), 100_000)];
    for (seen, expected) in cases.into_iter().chain([(None, 100_000)]) {
        let said = stored(&say_as(&mut room, at(100_000), 1, "hi", None, seen)).expect("accepted");
        assert_eq!(said.at_ms, ProgramMs(expected), "{seen:?}");
    }
}

#[test]
fn a_removed_comment_is_in_no_backlog_and_a_muted_viewer_reaches_nobody() {
    let mut room = room();
    join(&mut room, at(0), 1, Some("Ada"));
    say(&mut room, at(1), 1, "rude");
    room.apply(at(2), RoomInput::Stored(Seq(1), Stored::Kept));
    let effects = room.apply(at(3), host(HostOrder::Remove(Seq(1))));
    assert_eq!(
        effects,
        [RoomEffect::Deliver(Delivery::ToAll(ToViewer::Removed { seq: Seq(1) })), news(RoomNews::Removed(Seq(1)))]
    );
    let effects = join(&mut room, at(4), 2, None);
    let RoomEffect::Deliver(Delivery::To(_, ToViewer::Welcome { backlog, .. })) = &effects[0] else {
        panic!("{effects:?}")
    };
    assert!(backlog.is_empty());
    assert!(room.apply(at(5), host(HostOrder::Remove(Seq(99)))).is_empty(), "there is no such comment");

    room.apply(at(6), host(HostOrder::Voice { viewer: viewer(1), voice: Voice::Muted }));
    assert_eq!(refused(&say(&mut room, at(7), 1, "hi")), Some((RefusedCode::Muted, None)));
    assert_eq!(refused(&hearts(&mut room, at(7), 1, 1)), Some((RefusedCode::Muted, None)));
    room.apply(at(8), left(1));
    join(&mut room, at(90_000), 1, Some("Someone else"));
    assert_eq!(
        refused(&say(&mut room, at(90_001), 1, "hi")),
        Some((RefusedCode::Muted, None)),
        "also under a new name"
    );
    room.apply(at(90_002), host(HostOrder::Voice { viewer: viewer(1), voice: Voice::Free }));
    assert!(stored(&say(&mut room, at(90_003), 1, "hi")).is_some());
}

#[test]
fn a_comment_removed_on_its_way_to_the_archive_is_never_told() {
    let mut room = room();
    join(&mut room, at(0), 1, Some("Ada"));
    say(&mut room, at(1), 1, "rude");
    room.apply(at(2), host(HostOrder::Remove(Seq(1))));
    let effects = room.apply(at(3), RoomInput::Stored(Seq(1), Stored::Kept));
    assert!(
        sent_to_all(&effects).is_empty()
            && !effects.iter().any(|effect| matches!(effect, RoomEffect::Errand(Errand::News(RoomNews::Said(_)))))
    );
}

#[test]
fn the_show_goes_through_its_states_and_over_is_over() {
    let mut room = room();
    join(&mut room, at(0), 1, Some("Ada"));
    let states = |effects: &[RoomEffect]| match sent_to_all(effects).as_slice() {
        [ToViewer::State { state, .. }] => Some(*state),
        _ => None,
    };
    assert_eq!(states(&room.apply(at(1), host(HostOrder::Interrupted(true)))), None, "nothing to interrupt yet");
    assert_eq!(states(&room.apply(at(2), host(HostOrder::OnAir))), Some(BroadcastState::OnAir));
    assert_eq!(states(&room.apply(at(3), host(HostOrder::OnAir))), None);
    assert_eq!(states(&room.apply(at(4), host(HostOrder::Interrupted(true)))), Some(BroadcastState::Interrupted));
    assert_eq!(states(&room.apply(at(5), host(HostOrder::Interrupted(false)))), Some(BroadcastState::OnAir));
    say(&mut room, at(6), 1, "last words");
    let effects = room.apply(at(7), host(HostOrder::Ended { replay_url: Some("/replays/x".into()) }));
    assert_eq!(states(&effects), Some(BroadcastState::Ended));
    assert_eq!(refused(&say(&mut room, at(8), 1, "late")), Some((RefusedCode::Closed, None)));
    assert_eq!(refused(&hearts(&mut room, at(8), 1, 1)), Some((RefusedCode::Closed, None)));
    assert!(say(&mut room, at(8), 9, "late").is_empty(), "who never came in is sent nothing");
    let effects = room.apply(at(9), RoomInput::Stored(Seq(1), Stored::Kept));
    assert_eq!(effects.len(), 3, "what was said in time is still acknowledged: {effects:?}");
    for event in [host(HostOrder::OnAir), host(HostOrder::Interrupted(true)), host(HostOrder::Interrupted(false))] {
        assert_eq!(states(&room.apply(at(10), event)), None);
    }
    assert_eq!(room.state(), BroadcastState::Ended);
    let effects = join(&mut room, at(11), 2, None);
    let RoomEffect::Deliver(Delivery::To(_, ToViewer::Welcome { state, replay_url, .. })) = &effects[0] else {
        panic!("{effects:?}")
    };
    assert_eq!((*state, replay_url.as_deref()), (BroadcastState::Ended, Some("/replays/x")));
}

#[test]
fn title_and_picture_are_told_when_they_change() {
    let mut room = room();
    assert!(room.apply(at(0), host(HostOrder::Title("A title".into()))).is_empty());
    let effects = room.apply(at(0), host(HostOrder::Title("Another".into())));
    assert!(matches!(sent_to_all(&effects).as_slice(), [ToViewer::State { title, .. }] if title == "Another"));
    let carried = vec![OnPicture::Chat, OnPicture::Hearts];
    let effects = room.apply(at(0), host(HostOrder::OnPicture(carried.clone())));
    assert!(matches!(sent_to_all(&effects).as_slice(), [ToViewer::State { on_picture, .. }] if *on_picture == carried));
    assert!(room.apply(at(0), host(HostOrder::OnPicture(carried))).is_empty());
}

#[test]
fn an_archive_that_does_not_answer_makes_writers_wait() {
    let mut room = room();
    for who in 1..=120 {
        join(&mut room, at(0), who, Some("Ada"));
    }
    let mut accepted = 0;
    let mut waiting = 0;
    for who in 1..=120_u8 {
        for _ in 0..5 {
            // Slow enough for the room's pace.
            let effects = say(&mut room, at(u64::from(who) * 100), who, "hi");
            accepted += usize::from(stored(&effects).is_some());
            waiting += usize::from(refused(&effects) == Some((RefusedCode::TooFast, Some(1000))));
        }
    }
    assert_eq!((accepted, waiting), (512, 88));
}

/// Any order of any events: nobody who is not in the room is heard, and nothing panics.
#[test]
fn events_in_any_order_keep_the_books() {
    let mut chance = fastrand::Rng::with_seed(0x1234_5678_9abc_def1);
    let mut random = move |bound: u64| chance.u64(0..bound);
    let mut room = Room::new(String::new(), Seq(1), Vec::new(), Limits { connections: 6, ..Limits::default() });
    let (mut ms, mut last_seq, mut total) = (0, 0, 0);
    for _ in 0..20_000 {
        ms += random(400);
        let who = u8::try_from(random(8)).expect("small");
        let effects = match random(9) {
            0 => join(&mut room, at(ms), who, Some("N").filter(|_| who.is_multiple_of(2))),
            1 => room.apply(at(ms), left(who.into())),
            2 | 3 => say(&mut room, at(ms), who, "text"),
            4 | 5 => hearts(&mut room, at(ms), who, u32::from(who) * 9),
            6 => room.apply(
                at(ms),
                RoomInput::Stored(Seq(random(last_seq + 2)), [Stored::Kept, Stored::Failed][random(2) as usize]),
            ),
            7 => room.apply(at(ms), host(HostOrder::Interrupted(random(2) == 0))),
            _ => room.apply(at(ms), RoomInput::Tick),
        };
        for effect in effects {
            match effect {
                RoomEffect::Errand(Errand::Store(super::Comment { said, .. })) => {
                    assert_eq!(said.seq.0, last_seq + 1, "no gap, no repetition");
                    last_seq = said.seq.0;
                }
                RoomEffect::Errand(Errand::News(RoomNews::Hearts { count, total: now, .. })) => {
                    total += u64::from(count);
                    assert_eq!(now, total);
                }
                RoomEffect::Errand(Errand::News(RoomNews::Presence(crate::AudienceStatus {
                    viewers,
                    peak,
                    anonymous,
                    ..
                }))) => {
                    assert!(anonymous <= viewers && viewers <= peak && peak <= 6);
                }
                _ => {}
            }
        }
        assert!(room.deadline().is_none_or(|due| due > at(ms).elapsed), "everything due was done");
    }
    assert!(last_seq > 100 && total > 1000, "{last_seq} {total}");
}
