//! What the host decides about people.

use super::*;
use crate::{HeldVoice, PublicViewer, Silenced, ViewerId, Voice};

fn room(production: &mut Production, news: RoomNews) -> Vec<Effect> {
    production.apply(UnixMs(9_000), Input::Room(news)).unwrap()
}

fn zed() -> PublicViewer {
    PublicViewer { id: ViewerId::from_random([9; 16]), name: "Zed".into(), hue: 12, badge: None, n: None }
}

#[test]
fn who_is_silenced_stays_listed_with_their_name_until_they_are_let_back() {
    let mut production = on_air();
    room(&mut production, RoomNews::Said(said(1)));
    let writer = said(1).viewer;
    let effects = command(&mut production, 9_001, Command::EjectViewer { viewer: writer.id.clone() });
    assert!(matches!(&effects[..], [Effect::SetVoice { voice: Voice::Ejected, .. }]), "{effects:?}");
    let effects = room(&mut production, RoomNews::Voice { viewer: writer.id.clone(), voice: Voice::Ejected });
    let as_run = |effect: &Effect| matches!(effect, Effect::AsRun { detail, .. } if detail.ends_with("ejected"));
    assert!(effects.iter().any(as_run), "{effects:?}");
    let Silenced { name, voice, .. } = &production.snapshot().moderation.silenced[0];
    assert_eq!((name, *voice), (&writer.name, Voice::Ejected));
    room(&mut production, RoomNews::Voice { viewer: writer.id.clone(), voice: Voice::Muted });
    assert_eq!(production.snapshot().moderation.silenced.len(), 1, "once");
    room(&mut production, RoomNews::Voice { viewer: writer.id, voice: Voice::Free });
    assert!(production.snapshot().moderation.silenced.is_empty());
}

#[test]
fn who_waits_can_be_let_in_and_nobody_else() {
    let mut production = on_air();
    let let_in = Command::LetIn { viewer: zed().id };
    assert!(production.apply(UnixMs(9_000), Input::Command(let_in.clone())).is_err());
    room(&mut production, RoomNews::Held(vec![HeldVoice { viewer: zed(), texts: vec!["hi".into()] }]));
    assert_eq!(production.snapshot().moderation.held.len(), 1);
    let effects = command(&mut production, 9_001, let_in);
    assert!(matches!(&effects[..], [Effect::LetIn(viewer)] if *viewer == zed().id), "{effects:?}");
    room(&mut production, RoomNews::Held(Vec::new()));
    assert!(production.snapshot().moderation.held.is_empty());
}

#[test]
fn a_comment_leaves_the_plan_with_the_first_word_of_its_removal_and_the_second_changes_nothing() {
    let mut production = on_air();
    room(&mut production, RoomNews::Said(said(1)));
    command(&mut production, 9_001, Command::ShowComment { seq: Seq(1) });
    let shown = |production: &Production| {
        let graphics = crate::plan(production, crate::PlanId(1)).graphics;
        graphics.comment.is_some() || !graphics.chat.is_empty()
    };
    assert!(shown(&production));
    let effects = room(&mut production, RoomNews::Removed(Seq(1)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::ShowPlan)) && !shown(&production));
    assert!(room(&mut production, RoomNews::Removed(Seq(1))).is_empty());
}

#[test]
fn the_host_says_what_others_can_read_while_the_chat_is_open() {
    let mut production = on_air();
    let say = |production: &mut Production, text: &str| {
        production.apply(UnixMs(5_000), Input::Command(Command::Say { text: text.to_owned() }))
    };
    let effects = say(&mut production, "  hello\u{202E} ").unwrap();
    assert!(matches!(&effects[..], [Effect::Say(text)] if text == "hello"), "{effects:?}");
    let code = |refused: Result<Vec<Effect>, Refusal>| refused.unwrap_err().code;
    assert_eq!(code(say(&mut production, "\u{2800}")), "chat.empty");
    assert_eq!(code(say(&mut production, &"x".repeat(501))), "chat.too_long");
    let mute = Command::SetViewerMuted { viewer: crate::names::host().id, muted: true };
    assert_eq!(code(production.apply(UnixMs(5_000), Input::Command(mute))), "chat.host");
    room(&mut production, RoomNews::NotSaid("what I said".to_owned()));
    let notice = production.snapshot().notices.iter().find(|notice| notice.code == "chat.not_kept").unwrap();
    assert!(notice.text.contains("“what I said”"), "the words are not lost: {}", notice.text);
    let mut comment = said(7);
    comment.viewer = crate::names::host();
    room(&mut production, RoomNews::Said(comment));
    let cards = production.graphics().chat;
    assert!(cards.iter().any(|card| card.seq == Seq(7) && card.is_hosts) && !cards.is_empty());
    production.apply(UnixMs(6_000), Input::Command(Command::End)).unwrap();
    assert_eq!(code(say(&mut production, "too late")), "chat.closed");
}
