//! Hearts and presence: what many people do at once.

use super::*;

#[test]
fn hearts_are_counted_exactly_and_told_at_most_five_times_a_second() {
    let mut room = room();
    for who in 1..=3 {
        join(&mut room, at(0), who, None);
    }
    let (mut accepted, mut windows, mut seconds, mut shown) = (0_u64, Vec::new(), 0_u64, 0_u64);
    let mut collect = |effects: Vec<RoomEffect>, ms: u64| {
        for effect in effects {
            match effect {
                RoomEffect::Deliver(Delivery::ToAll(ToViewer::Hearts { by_hue, total, .. })) => {
                    windows.push((ms, by_hue, total))
                }
                RoomEffect::Errand(Errand::KeepHearts { by_hue, .. }) => {
                    seconds += by_hue.values().map(|n| u64::from(*n)).sum::<u64>()
                }
                RoomEffect::Errand(Errand::News(RoomNews::Hearts { count, .. })) => shown += u64::from(count),
                _ => {}
            }
        }
    };
    for ms in (1000..8000).step_by(10) {
        let (who, count) = (u8::try_from(ms / 10 % 3 + 1).expect("small"), u32::try_from(ms % 50 + 1).expect("small"));
        let effects = hearts(&mut room, at(ms), who, count);
        if refused(&effects).is_none() {
            accepted += u64::from(count);
        }
        collect(effects, ms);
    }
    collect(room.apply(at(9000), host(HostOrder::Ended { replay_url: None })), 9000);
    let sum = windows.iter().flat_map(|(_, by_hue, _)| by_hue.values()).map(|count| u64::from(*count)).sum::<u64>();
    assert_eq!(
        (sum, seconds, shown, windows.last().map(|window| window.2)),
        (accepted, accepted, accepted, Some(accepted))
    );
    assert!(windows.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 200), "{windows:?}");
    assert!(accepted > 0);
}

#[test]
fn four_heart_messages_a_second_of_one_to_fifty_taps() {
    let mut room = room();
    join(&mut room, at(0), 1, None);
    assert_eq!(refused(&hearts(&mut room, at(1), 1, 51)), Some((RefusedCode::TooFast, None)));
    assert!(
        hearts(&mut room, at(2), 1, 0)
            .iter()
            .all(|effect| !matches!(effect, RoomEffect::Errand(Errand::News(RoomNews::Hearts { .. }))))
    );
    for _ in 0..3 {
        assert_eq!(refused(&hearts(&mut room, at(2), 1, 50)), None);
    }
    assert_eq!(refused(&hearts(&mut room, at(2), 1, 1)), Some((RefusedCode::TooFast, Some(250))));
    assert_eq!(refused(&hearts(&mut room, at(252), 1, 1)), None);
}

#[test]
fn a_heart_goes_to_the_picture_at_once_and_a_lonely_window_is_not_forgotten() {
    let mut room = room();
    join(&mut room, at(0), 7, None);
    let effects = hearts(&mut room, at(1000), 7, 2);
    assert!(effects.contains(&news(RoomNews::Hearts { at_ms: ProgramMs(1000), hue: 7, count: 2, total: 2 })));
    let first = ToViewer::Hearts { at_ms: ProgramMs(1000), by_hue: BTreeMap::from([(7, 2)]), total: 2 };
    assert_eq!(sent_to_all(&effects), [first], "the first window is sent at once");
    assert!(sent_to_all(&hearts(&mut room, at(1050), 7, 3)).is_empty());
    assert_eq!(room.deadline(), Some(Duration::from_millis(1200)));
    let effects = room.apply(at(1200), RoomInput::Tick);
    let second = ToViewer::Hearts { at_ms: ProgramMs(1200), by_hue: BTreeMap::from([(7, 3)]), total: 5 };
    assert_eq!(sent_to_all(&effects), [second]);
    assert_eq!(room.deadline(), None);
}

#[test]
fn hearts_before_the_show_are_kept_although_program_time_stands_still() {
    let mut room = room();
    let before = |ms| Now { elapsed: Duration::from_millis(ms), program_ms: ProgramMs(0) };
    join(&mut room, before(0), 1, None);
    let kept = |count| {
        RoomEffect::Errand(Errand::KeepHearts { second_ms: ProgramMs(0), by_hue: BTreeMap::from([(1, count)]) })
    };
    assert!(hearts(&mut room, before(10), 1, 5).contains(&kept(5)));
    assert!(!hearts(&mut room, before(20), 1, 6).contains(&kept(6)), "the archive is not asked at every tap");
    assert!(room.apply(before(60), RoomInput::Tick).contains(&kept(6)));
}

#[test]
fn what_was_counted_is_not_lost_when_the_room_closes() {
    let mut room = room();
    join(&mut room, at(0), 1, None);
    hearts(&mut room, at(10), 1, 5);
    hearts(&mut room, at(11), 1, 6);
    let kept = RoomEffect::Errand(Errand::KeepHearts { second_ms: ProgramMs(0), by_hue: BTreeMap::from([(1, 6)]) });
    assert!(room.apply(at(12), RoomInput::Flush).contains(&kept));
}

#[test]
fn presence_is_told_at_most_once_a_second_and_names_at_most_five() {
    let mut room = room();
    let first = join(&mut room, at(0), 1, Some("Ada"));
    assert_eq!(presence(&first), Some((1, 1, 0, vec!["Ada".to_owned()])));
    for who in 2..=9 {
        let name = format!("Viewer {who}");
        assert_eq!(presence(&join(&mut room, at(100), who, Some(name.as_str()).filter(|_| who != 9))), None);
    }
    room.apply(at(200), left(2));
    assert_eq!(room.deadline(), Some(Duration::from_secs(1)));
    let effects = room.apply(at(1000), RoomInput::Tick);
    let (viewers, peak, anonymous, joined) = presence(&effects).expect("it is time");
    assert_eq!((viewers, peak, anonymous, joined.len()), (8, 9, 1, 5));
    let people = effects.iter().find_map(|effect| match effect {
        RoomEffect::Errand(Errand::News(RoomNews::Presence(status))) => Some(status.people.len()),
        _ => None,
    });
    assert_eq!(people, Some(7), "those with a name");
    assert_eq!(room.deadline(), None, "nothing changed since");
    // Two tabs are one person, and coming back soon is no arrival.
    join_as(&mut room, at(2000), 50, 1, None);
    let back = join_as(&mut room, at(3000), 51, 2, None);
    assert_eq!(presence(&back), Some((9, 9, 1, Vec::new())));
}

#[test]
fn who_was_away_for_long_arrives_anew() {
    let mut room = room();
    join(&mut room, at(0), 1, Some("Ada"));
    room.apply(at(2000), left(1));
    join(&mut room, at(70_000), 2, None);
    let back = join(&mut room, at(80_000), 1, Some("Ada"));
    assert_eq!(presence(&back), Some((2, 2, 1, vec!["Ada".to_owned()])));
}

#[test]
fn a_full_room_says_so() {
    let mut room = Room::new(String::new(), Seq(1), Vec::new(), Limits { connections: 1, ..Limits::default() });
    join(&mut room, at(0), 1, None);
    assert_eq!(join(&mut room, at(0), 2, None), [RoomEffect::Deliver(Delivery::Dismiss(ConnectionId(2), Bye::Full))]);
    room.apply(at(1), left(2));
    room.apply(at(1), left(1));
    assert!(matches!(
        join(&mut room, at(2), 2, None)[0],
        RoomEffect::Deliver(Delivery::To(_, ToViewer::Welcome { .. }))
    ));
}

/// Everybody says something as often as they may; what each gets is noted.
#[test]
fn of_what_two_thousand_say_a_hundred_a_second_are_accepted_and_thirty_shown_to_all() {
    let mut room = room();
    for who in 1..=250 {
        join(&mut room, at(0), who, Some("N"));
    }
    let (mut accepted, mut shown, mut shown_to_writer, mut skipped) = (Vec::new(), Vec::new(), 0, 0);
    let mut longest = 0;
    for ms in (1000..11_000).step_by(10) {
        for who in 0..4_u64 {
            let who = u8::try_from((ms / 10 * 4 + who) % 250 + 1).expect("small");
            let mut effects = say(&mut room, at(ms), who, "hi");
            if let Some((RefusedCode::TooFast, Some(retry))) = refused(&effects) {
                longest = longest.max(retry);
            }
            if let Some(said) = stored(&effects) {
                accepted.push(ms);
                effects.extend(room.apply(at(ms), RoomInput::Stored(said.seq, Stored::Kept)));
            }
            for effect in effects {
                match effect {
                    RoomEffect::Deliver(Delivery::ToAll(ToViewer::Said(_))) => shown.push(ms),
                    RoomEffect::Deliver(Delivery::To(writer, ToViewer::Said(said))) => {
                        assert_eq!((said.viewer.id, writer.0), (viewer(who), who.into()));
                        shown_to_writer += 1;
                    }
                    RoomEffect::Deliver(Delivery::ToAll(ToViewer::Skipped { count, .. })) => skipped += count,
                    _ => {}
                }
            }
        }
    }
    let most =
        |of: &[u64]| of.iter().map(|end| of.iter().filter(|ms| **ms <= *end && **ms + 1000 > *end).count()).max();
    assert!(accepted.len() >= 600 && most(&accepted) <= Some(100), "{} {:?}", accepted.len(), most(&accepted));
    assert!(shown.len() >= 200 && most(&shown) <= Some(30), "{} {:?}", shown.len(), most(&shown));
    assert_eq!(shown.len() + shown_to_writer, accepted.len(), "each writer sees their own");
    let effects = room.apply(at(12_000), RoomInput::Tick);
    let last = sent_to_all(&effects)
        .iter()
        .map(|word| if let ToViewer::Skipped { count, .. } = word { *count } else { 0 })
        .sum::<u32>();
    assert_eq!((skipped + last) as usize, shown_to_writer, "and it is said how many are missing");
    assert!(longest > 2000, "whoever is turned away waits longer the more there are: {longest} ms");
    let status = effects.iter().find_map(|effect| match effect {
        RoomEffect::Errand(Errand::News(RoomNews::Presence(status))) => Some(status.skipped as usize),
        _ => None,
    });
    assert_eq!(status, Some(shown_to_writer), "the host knows");
}

#[test]
fn newcomers_share_one_backlog_until_it_changes() {
    let mut room = room();
    let backlog = |effects: &[RoomEffect]| match &effects[0] {
        RoomEffect::Deliver(Delivery::To(_, ToViewer::Welcome { backlog, .. })) => backlog.clone(),
        other => panic!("{other:?}"),
    };
    join(&mut room, at(0), 1, Some("Ada"));
    say(&mut room, at(1), 1, "hi");
    room.apply(at(2), RoomInput::Stored(Seq(1), Stored::Kept));
    let (first, second) = (backlog(&join(&mut room, at(3), 2, None)), backlog(&join(&mut room, at(3), 3, None)));
    assert!(first.is_same(&second) && first.len() == 1);
    room.apply(at(4), host(HostOrder::Remove(Seq(1))));
    let third = backlog(&join(&mut room, at(5), 4, None));
    assert!(third.is_empty() && !third.is_same(&first));
}
