use super::*;
use crate::names;

fn rename(room: &mut Room, now: Now, who: u8, name: &str) -> Vec<RoomEffect> {
    let (connection, id) = (ConnectionId(who.into()), Some("r1".to_owned()));
    room.apply(now, RoomInput::Viewer(ViewerEvent::Rename { connection, id, name: name.to_owned() }))
}

/// What somebody is called by what they are sent about it themselves, or with everybody.
fn renamed(effects: &[RoomEffect]) -> Vec<(bool, String, Option<u16>)> {
    let renamed = effects.iter().filter_map(|effect| match effect {
        RoomEffect::Deliver(Delivery::To(_, ToViewer::Renamed { viewer })) => Some((false, viewer)),
        RoomEffect::Deliver(Delivery::ToAll(ToViewer::Renamed { viewer })) => Some((true, viewer)),
        _ => None,
    });
    renamed.map(|(to_all, viewer)| (to_all, viewer.name.clone(), viewer.n)).collect()
}

fn words(effects: &[RoomEffect]) -> Option<String> {
    effects.iter().find_map(|effect| match effect {
        RoomEffect::Deliver(Delivery::To(_, ToViewer::Refused { message, .. })) => Some(message.clone()),
        _ => None,
    })
}

#[test]
fn what_the_host_says_carries_a_badge_and_passes_every_pace() {
    let limits = Limits { accepted_a_second: 1, shown_a_second: 1, ..Limits::default() };
    let mut room = Room::new(String::new(), Seq(1), Vec::new(), limits);
    join(&mut room, at(0), 1, Some("Ada"));
    for n in 1..=3 {
        let effects = room.apply(at(10), host(HostOrder::Say(format!("welcome {n}"))));
        let said = stored(&effects).expect("the archive is asked");
        assert_eq!((said.viewer, said.at_ms), (names::host(), ProgramMs(10)));
        let effects = room.apply(at(20), RoomInput::Stored(said.seq, Stored::Kept));
        assert!(
            matches!(&sent_to_all(&effects)[..], [ToViewer::Said(said)] if said.viewer.badge.as_deref() == Some("host"))
        );
        assert!(effects.iter().any(|effect| matches!(effect, RoomEffect::Errand(Errand::News(RoomNews::Said(_))))));
    }
    let effects = room.apply(at(30), host(HostOrder::Say("lost".into())));
    let seq = stored(&effects).expect("the archive is asked").seq;
    assert!(
        room.apply(at(40), RoomInput::Stored(seq, Stored::Failed)).contains(&news(RoomNews::NotSaid("lost".into())))
    );
    room.apply(at(50), host(HostOrder::Ended { replay_url: None }));
    let effects = room.apply(at(60), host(HostOrder::Say("too late".into())));
    assert_eq!(effects, [news(RoomNews::NotSaid("too late".into()))]);
}

#[test]
fn nobody_has_the_hosts_name_or_badge() {
    let mut room = room();
    let id = viewer(1);
    // As a row of an archive could say it, were it forged.
    let viewer = PublicViewer { id, name: "Host".into(), hue: 1, badge: Some("host".into()), n: Some(7) };
    let (connection, page) = (ConnectionId(1), Page::Ours(PageId::from_random([1; 16])));
    let (name, token, token_hash, place) = (Some("H\u{43e}st".to_owned()), "t".to_owned(), [1; 32], None);
    let joined = ViewerEvent::Joined { connection, viewer, name, token, token_hash, page, place };
    let effects = room.apply(at(0), RoomInput::Viewer(joined));
    let welcomed = effects.iter().find_map(|effect| match effect {
        RoomEffect::Deliver(Delivery::To(_, ToViewer::Welcome { viewer, .. })) => Some(viewer.clone()),
        _ => None,
    });
    let welcomed = welcomed.expect("they are welcomed all the same");
    assert_eq!((welcomed.name.as_str(), welcomed.badge, welcomed.n), ("", None, None));
    let effects = say_as(&mut room, at(10), 1, "I am the host", Some("HOST"), None);
    assert_eq!(refused(&effects), Some((RefusedCode::NameNeeded, None)));
    assert_eq!(words(&effects).as_deref(), Some("That is what the host is called. Choose another name."));
    let effects = rename(&mut room, at(20), 1, "★ h0st ★");
    assert_eq!((refused(&effects), renamed(&effects)), (Some((RefusedCode::NameNeeded, None)), vec![]));
    let said = stored(&say_as(&mut room, at(30), 1, "hello", Some("Ghost"), None)).expect("they may speak");
    assert_eq!((said.viewer.name.as_str(), said.viewer.badge), ("Ghost", None));
}

#[test]
fn the_second_of_a_name_has_a_number_wherever_they_are_seen() {
    let mut room = room();
    assert_eq!(renamed(&join(&mut room, at(0), 1, Some("Ada"))), vec![]);
    assert_eq!(renamed(&join(&mut room, at(10), 2, Some("А\u{200B}dа"))), vec![(false, "А\u{200B}dа".into(), Some(2))]);
    let number = |said: Option<Said>| said.expect("it is accepted").viewer.n;
    assert_eq!(number(stored(&say(&mut room, at(20), 2, "me"))), Some(2));
    assert_eq!(number(stored(&say(&mut room, at(30), 1, "no, me"))), None);
    // Over another connection, and in another life of the room.
    join_as(&mut room, at(40), 20, 2, None);
    let mut room = Room::after(room.past(), Limits::default());
    join(&mut room, at(50), 3, Some("ADA"));
    join(&mut room, at(60), 2, Some("Ada"));
    assert_eq!(number(stored(&say(&mut room, at(70), 3, "who?"))), Some(3));
    assert_eq!(number(stored(&say(&mut room, at(80), 2, "still"))), Some(2));
}

#[test]
fn a_viewer_changes_their_name_and_everybody_is_told() {
    let mut room = room();
    join(&mut room, at(0), 1, Some("Ada"));
    join(&mut room, at(0), 2, None);
    assert_eq!(renamed(&rename(&mut room, at(10), 1, "  Grace ")), vec![(true, "Grace".into(), None)]);
    assert_eq!(
        renamed(&rename(&mut room, at(20), 2, "Grace")),
        vec![(false, "Grace".into(), None), (false, "Grace".into(), Some(2))]
    );
    assert_eq!(stored(&say(&mut room, at(30), 1, "hi")).map(|said| said.viewer.name), Some("Grace".into()));
    assert_eq!(
        renamed(&rename(&mut room, at(40), 1, "Grace")),
        vec![(false, "Grace".into(), None)],
        "she is it already"
    );
    let effects = rename(&mut room, at(50), 1, "\u{2800}");
    assert_eq!(words(&effects).as_deref(), Some("There is nothing in this name that others could read."));
    let paces: Vec<_> = (0..3).map(|n| refused(&rename(&mut room, at(60), 1, &format!("Grace {n}")))).collect();
    assert!(matches!(paces[..], [None, None, Some((RefusedCode::TooFast, Some(9000..)))]), "{paces:?}");
    room.apply(at(70), host(HostOrder::Voice { viewer: viewer(1), voice: Voice::Muted }));
    assert_eq!(refused(&rename(&mut room, at(60_000), 1, "Free")), Some((RefusedCode::Muted, None)));
    room.apply(at(60_010), host(HostOrder::Ended { replay_url: None }));
    assert_eq!(refused(&rename(&mut room, at(60_020), 2, "Late")), Some((RefusedCode::Closed, None)));
}

#[test]
fn a_rush_of_changed_names_is_not_told_to_everybody() {
    let mut room = room();
    let people = 1..=40;
    people.clone().for_each(|who| drop(join(&mut room, at(0), who, Some(&format!("Nobody {who}")))));
    let told = people.map(|who| renamed(&rename(&mut room, at(100), who, &format!("Somebody {who}"))));
    let told: Vec<_> = told.flatten().collect();
    assert_eq!(told.len(), 40, "each knows");
    assert!(told.iter().filter(|(to_all, ..)| *to_all).count() <= 5);
}
