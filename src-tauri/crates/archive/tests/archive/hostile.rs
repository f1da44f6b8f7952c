//! What strangers write is only text.

use std::collections::BTreeMap;

use domain::{ProgramMs, Seq, UnixMs};

use crate::support::{HASH, Place, T, append, append_as, episode, identity, said, show};

#[test]
fn quotes_nul_and_a_megabyte_come_back_as_they_went_in() {
    let place = Place::new();
    let archive = place.open();
    let huge = "ü".repeat(1 << 20);
    let texts = [
        "'; DROP TABLE chat; --",
        "\"'`\\%s%n{}$1?1:name@x",
        "before\0after",
        "\0",
        "",
        "\u{202e}\u{feff}\u{1F469}\u{200d}\u{1F469}",
        "<script>alert(1)</script>",
        "NULL",
        "1e999",
        huge.as_str(),
    ];
    for title in texts {
        let number = u8::try_from(texts.iter().position(|text| *text == title).unwrap()).unwrap();
        archive.plan_episode(&episode(number), &show(), title, UnixMs(T)).unwrap();
        archive.begin_episode(&episode(number), title, None, UnixMs(T + u64::from(number))).unwrap();
    }
    let mut all = Vec::new();
    for (seq, text) in (1..).zip(texts) {
        let mut comment = said(seq, 0, text);
        comment.viewer.name = text.to_owned();
        comment.viewer.badge = Some(text.to_owned());
        assert!(append_as(&archive, &episode(0), &comment, [u8::try_from(seq).unwrap(); 32]));
        assert_eq!(identity(&archive, [u8::try_from(seq).unwrap(); 32]), Some(comment.viewer.clone()));
        archive.append_as_run(&episode(0), ProgramMs(seq), archive::AsRunKind::Source, text);
        all.push(comment);
    }
    archive.close();
    let archive = place.open();
    assert_eq!(archive.timeline(&episode(0)).unwrap().unwrap().chat, all);
    let details: Vec<String> = archive.as_run(&episode(0)).unwrap().into_iter().map(|line| line.detail).collect();
    assert_eq!(details, texts);
    let titles: Vec<String> = archive.replays().unwrap().into_iter().rev().map(|replay| replay.title).collect();
    assert_eq!(titles, texts);
}

#[test]
fn numbers_at_the_end_of_their_range_disturb_nobody() {
    let place = Place::new();
    let archive = place.open();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(u64::MAX)).unwrap();
    archive.begin_episode(&episode(1), "", None, UnixMs(u64::MAX)).unwrap();
    let mut odd = said(u64::MAX, u64::MAX, "last");
    odd.viewer.hue = u16::MAX;
    assert!(append(&archive, &episode(1), &odd));
    assert!(!append(&archive, &episode(1), &odd));
    for _ in 0..3 {
        archive.append_hearts(&episode(1), ProgramMs(u64::MAX), &BTreeMap::from([(u16::MAX, u32::MAX), (359, 0)]));
    }
    archive.end_episode(&episode(1), crate::support::end(u64::MAX - 1_000, Some(1))).unwrap();
    let timeline = archive.timeline(&episode(1)).unwrap().unwrap();
    assert_eq!(timeline.hearts[0].by_hue, BTreeMap::from([(15, u32::MAX)]), "65535 degrees are 15");
    assert_eq!(archive.replays().unwrap()[0].hearts, 3 * u64::from(u32::MAX));
    assert_eq!(archive.last_said(&episode(1)).unwrap().0, Seq(1 << 63));
    assert!(identity(&archive, HASH).is_some());
}

#[test]
fn a_token_that_turns_up_with_another_id_is_no_reason_to_lose_a_comment() {
    let place = Place::new();
    let archive = place.open();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    assert!(append(&archive, &episode(1), &said(1, 0, "before")));
    let mut other = said(2, 0, "after");
    other.viewer.id = domain::ViewerId::from_random([5; 16]);
    assert!(append(&archive, &episode(1), &other));
    assert_eq!(identity(&archive, HASH), Some(other.viewer.clone()));
    assert_eq!(archive.last_said(&episode(1)).unwrap().1, [said(1, 0, "before"), other]);
}
