//! Mute, eject, and those who come back as somebody else.

use super::*;

const HOME: Option<Place> = Some(Place([1; 16]));
const ELSEWHERE: Option<Place> = Some(Place([2; 16]));

fn join_at(room: &mut Room, ms: u64, who: u8, place: Option<Place>) -> Vec<RoomEffect> {
    join_from(room, at(ms), who.into(), who, Some(&format!("N{who}")), place)
}

/// Says something that the archive keeps; whether everybody was sent it.
fn speaks(room: &mut Room, ms: u64, who: u8) -> bool {
    let effects = say(room, at(ms), who, "hi");
    keep(room, ms, &effects) > 0
}

/// The archive keeps what it is asked to; how many comments everybody is sent then.
fn keep(room: &mut Room, ms: u64, effects: &[RoomEffect]) -> usize {
    let asked = effects.iter().filter_map(|effect| match effect {
        RoomEffect::Errand(Errand::Store(comment)) => Some(comment.said.seq),
        _ => None,
    });
    let kept: Vec<Seq> = asked.collect();
    let said = kept.into_iter().map(|seq| sent_to_all(&room.apply(at(ms), RoomInput::Stored(seq, Stored::Kept))));
    said.flatten().filter(|message| matches!(message, ToViewer::Said(_))).count()
}

fn silence(room: &mut Room, ms: u64, who: u8, voice: Voice) -> Vec<RoomEffect> {
    room.apply(at(ms), host(HostOrder::Voice { viewer: viewer(who), voice }))
}

fn held(effects: &[RoomEffect]) -> Option<Vec<(u64, Vec<String>)>> {
    effects.iter().rev().find_map(|effect| match effect {
        RoomEffect::Errand(Errand::News(RoomNews::Held(held))) => {
            Some(held.iter().map(|held| (held.viewer.hue.into(), held.texts.clone())).collect())
        }
        _ => None,
    })
}

fn sent(effects: &[RoomEffect], who: u64) -> Vec<ToViewer> {
    let sent = effects.iter().filter_map(|effect| match effect {
        RoomEffect::Deliver(Delivery::To(connection, message)) if connection.0 == who => Some(message.clone()),
        _ => None,
    });
    sent.collect()
}

fn is_held(effects: &[RoomEffect], who: u64) -> bool {
    matches!(sent(effects, who).as_slice(), [ToViewer::Held { .. }])
}

#[test]
fn whoever_was_muted_and_comes_back_as_somebody_new_waits_for_the_host() {
    let mut room = room();
    join_at(&mut room, 0, 1, HOME);
    assert!(speaks(&mut room, 1, 1));
    silence(&mut room, 2, 1, Voice::Muted);
    room.apply(at(3), left(1));
    join_at(&mut room, 4, 2, HOME);
    let effects = say(&mut room, at(5), 2, "it is me again");
    assert!(is_held(&effects, 2) && stored(&effects).is_none(), "{effects:?}");
    assert_eq!(held(&effects), Some(vec![(2, vec!["it is me again".to_owned()])]));
    join_at(&mut room, 6, 3, ELSEWHERE);
    assert!(speaks(&mut room, 7, 3), "people elsewhere do not wait");
    // Refused is muted: they are answered, and the next identity from there waits again.
    let effects = silence(&mut room, 8, 2, Voice::Muted);
    assert_eq!((refused(&effects), held(&effects)), (Some((RefusedCode::Muted, None)), Some(vec![])));
    join_at(&mut room, 9, 4, HOME);
    assert!(is_held(&say(&mut room, at(10), 4, "and again"), 4));
}

#[test]
fn who_is_let_in_is_heard_with_everything_and_does_not_wait_again() {
    let mut room = room();
    join_at(&mut room, 0, 1, HOME);
    silence(&mut room, 1, 1, Voice::Muted);
    join_at(&mut room, 2, 2, HOME);
    say(&mut room, at(3), 2, "one");
    say(&mut room, at(60_000), 2, "two");
    let effects = room.apply(at(70_000), host(HostOrder::LetIn { viewer: viewer(2) }));
    assert_eq!(held(&effects), Some(vec![]));
    let moments = effects.iter().filter_map(|effect| match effect {
        RoomEffect::Errand(Errand::Store(comment)) => Some((comment.said.text.as_str(), comment.said.at_ms.0)),
        _ => None,
    });
    assert_eq!(moments.collect::<Vec<_>>(), [("one", 70_000), ("two", 60_000)], "what is long ago is said now");
    assert_eq!(keep(&mut room, 70_001, &effects), 2);
    assert!(speaks(&mut room, 70_002, 2));
    assert!(room.apply(at(70_003), host(HostOrder::LetIn { viewer: viewer(2) })).is_empty(), "nobody waits");
}

#[test]
fn one_who_is_muted_silences_no_school() {
    let mut room = room();
    for who in 1..=4 {
        join_at(&mut room, 0, who, HOME);
        assert!(speaks(&mut room, 1, who));
    }
    silence(&mut room, 2, 1, Voice::Muted);
    join_at(&mut room, 3, 5, HOME);
    assert!(speaks(&mut room, 4, 5), "more than three speak from there");
}

#[test]
fn nobody_waits_where_addresses_say_nothing_and_nobody_who_spoke_before() {
    let mut room = room();
    for who in 1..=2 {
        join_at(&mut room, 0, who, None);
        assert!(speaks(&mut room, 1, who));
    }
    silence(&mut room, 2, 1, Voice::Ejected);
    join_at(&mut room, 3, 3, None);
    assert!(speaks(&mut room, 4, 3), "on this computer, and behind a proxy that says nothing");
    join_at(&mut room, 5, 4, HOME);
    join_at(&mut room, 5, 5, HOME);
    assert!(speaks(&mut room, 6, 4) && speaks(&mut room, 6, 5));
    silence(&mut room, 7, 4, Voice::Muted);
    assert!(speaks(&mut room, 8, 5), "their flatmate spoke before");
}

#[test]
fn whoever_need_not_wait_any_more_is_heard() {
    let mut room = room();
    join_at(&mut room, 0, 1, HOME);
    silence(&mut room, 1, 1, Voice::Muted);
    join_at(&mut room, 2, 2, HOME);
    say(&mut room, at(3), 2, "hello");
    let effects = silence(&mut room, 4, 1, Voice::Free);
    assert_eq!((held(&effects), keep(&mut room, 5, &effects)), (Some(vec![]), 1), "{effects:?}");
}

#[test]
fn what_waits_has_a_bound_a_repetition_and_an_end() {
    let mut room = Room::new(String::new(), Seq(1), Vec::new(), Limits { say_burst: 100, ..Limits::default() });
    join_at(&mut room, 0, 1, HOME);
    silence(&mut room, 1, 1, Voice::Muted);
    for who in 2..=7 {
        join_at(&mut room, 2, who, HOME);
        for number in 1..=4 {
            let effects = say(&mut room, at(3), who, "hello");
            let fits = who <= 6 && number <= 3;
            assert_eq!(is_held(&effects, who.into()), fits, "{who} {number}");
            assert!(fits || refused(&effects) == Some((RefusedCode::TooFast, Some(30_000))));
        }
    }
    let effects = room.apply(at(4), host(HostOrder::Ended { replay_url: None }));
    let closed = |effect: &&RoomEffect| {
        matches!(effect, RoomEffect::Deliver(Delivery::To(_, ToViewer::Refused { code: RefusedCode::Closed, .. })))
    };
    assert_eq!((effects.iter().filter(closed).count(), held(&effects)), (15, Some(vec![])));
}

#[test]
fn a_muted_viewer_is_told_so_at_once_and_when_they_come_back() {
    let mut room = room();
    join_at(&mut room, 0, 1, HOME);
    let effects = silence(&mut room, 1, 1, Voice::Muted);
    let [ToViewer::Voice { muted: true, message }] = &sent(&effects, 1)[..] else { panic!("{effects:?}") };
    let refusal = hearts(&mut room, at(2), 1, 1);
    assert!(
        matches!(&sent(&refusal, 1)[..], [ToViewer::Refused { code: RefusedCode::Muted, message: other, .. }] if other == message),
        "one wording: {refusal:?}"
    );
    room.apply(at(3), left(1));
    let effects = join_at(&mut room, 4, 1, HOME);
    assert!(matches!(&sent(&effects, 1)[..], [ToViewer::Welcome { .. }, ToViewer::Voice { muted: true, .. }]));
    let effects = silence(&mut room, 5, 1, Voice::Free);
    assert!(matches!(&sent(&effects, 1)[..], [ToViewer::Voice { muted: false, .. }]));
}

#[test]
fn an_ejected_viewer_leaves_with_every_tab_and_cannot_come_back() {
    let mut room = room();
    join_at(&mut room, 0, 1, HOME);
    join_from(&mut room, at(0), 11, 1, None, ELSEWHERE);
    let effects = silence(&mut room, 1, 1, Voice::Ejected);
    let dismissed = |connection| RoomEffect::Deliver(Delivery::Dismiss(ConnectionId(connection), Bye::Removed));
    assert!(effects.contains(&dismissed(1)) && effects.contains(&dismissed(11)), "{effects:?}");
    assert!(say(&mut room, at(2), 1, "hi").is_empty(), "they are gone");
    assert_eq!(join_at(&mut room, 3, 1, HOME)[0], dismissed(1));
    for place in [HOME, ELSEWHERE] {
        let who = if place == HOME { 2 } else { 3 };
        join_at(&mut room, 4, who, place);
        assert!(is_held(&say(&mut room, at(5), who, "hi"), who.into()), "a new name from there");
    }
    silence(&mut room, 6, 1, Voice::Free);
    let effects = join_at(&mut room, 7, 1, HOME);
    assert!(matches!(&sent(&effects, 1)[..], [ToViewer::Welcome { .. }]));
}

#[test]
fn a_successor_knows_who_is_silenced_who_spoke_and_who_waits() {
    use crate::room::owner::{Owner, OwnerEffect, OwnerInput};
    use crate::room::{CommentKey, EdgeId, Envelope, Epoch, Say, ToEdge, ToOwner, Up};
    let say = |who: u8| Say {
        viewer: PublicViewer { id: viewer(who), name: "N".into(), hue: who.into(), badge: None, n: None },
        token_hash: [who; 32],
        key: CommentKey { page: PageId::from_random([who; 16]), id: "c1".into() },
        text: "hi".into(),
        at_ms: ProgramMs(0),
        place: HOME,
    };
    let word = |n, who| {
        let frame = ToOwner::Word { oldest: 0, envelope: Envelope { epoch: Epoch(1), n, word: Up::Say(say(who)) } };
        OwnerInput::Received(EdgeId(0), frame)
    };
    let mut owner = Owner::new(Epoch(1), crate::room::Past { next: Seq(1), ..Default::default() });
    owner.apply(at(0), word(0, 1));
    owner.apply(at(1), OwnerInput::Host(HostOrder::Voice { viewer: viewer(1), voice: Voice::Muted }));
    owner.apply(at(2), word(1, 2));
    let mut next = Owner::new(Epoch(2), owner.past());
    assert_eq!(next.past(), owner.past());
    let effects = next.apply(at(3), word(2, 3));
    let waits = |effect: &OwnerEffect| {
        matches!(effect, OwnerEffect::ToEdge(_, ToEdge::Word(Envelope { word: crate::room::Down::Held { .. }, .. })))
    };
    assert!(effects.iter().any(waits), "{effects:?}");
    assert!(next.past().pending.len() == 1 && next.past().held.len() == 2);
}

#[test]
fn whoever_repeats_what_waits_takes_no_place_from_others() {
    let mut room = Room::new(String::new(), Seq(1), Vec::new(), Limits { say_burst: 10_000, ..Limits::default() });
    join_at(&mut room, 0, 1, HOME);
    silence(&mut room, 1, 1, Voice::Muted);
    join_at(&mut room, 2, 3, ELSEWHERE);
    let page = Page::Theirs(PageId::from_random([2; 16]));
    for again in 0..600 {
        let connection = ConnectionId(100 + again);
        let viewer = PublicViewer { id: viewer(2), name: "N2".into(), hue: 2, badge: None, n: None };
        let (name, token, token_hash, place, page) = (None, "t".to_owned(), [2; 32], HOME, page.clone());
        let joined = ViewerEvent::Joined { connection, viewer, name, token, token_hash, page, place };
        room.apply(at(3), RoomInput::Viewer(joined));
        let (id, text) = ("c1".to_owned(), "hi".to_owned());
        let effects =
            room.apply(at(3), RoomInput::Viewer(ViewerEvent::Say { connection, id, text, name: None, at_ms: None }));
        assert!(is_held(&effects, 100 + again), "{again}: {effects:?}");
        room.apply(at(3), left(99 + again));
    }
    assert!(speaks(&mut room, 4, 3));
    let effects = room.apply(at(5), host(HostOrder::LetIn { viewer: viewer(2) }));
    let said = stored(&effects).expect("once");
    let effects = room.apply(at(6), RoomInput::Stored(said.seq, Stored::Kept));
    assert!(matches!(&sent(&effects, 699)[..], [ToViewer::Accepted { .. }]), "{effects:?}");
}
