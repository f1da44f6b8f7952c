//! Undo for *remove*.

use super::*;

fn with_three() -> Production {
    let mut production = on_air();
    for seq in [1, 2, 3] {
        production.apply(UnixMs(3_000), Input::Room(RoomNews::Said(said(seq)))).unwrap();
    }
    production.apply(UnixMs(4_000), Input::Room(RoomNews::Removed(Seq(2)))).unwrap();
    production
}

fn chat(production: &Production) -> Vec<u64> {
    production.snapshot().chat.iter().map(|said| said.seq.0).collect()
}

fn undo(production: &mut Production, now: u64) -> Result<Vec<Effect>, Refusal> {
    production.apply(UnixMs(now), Input::Command(Command::RestoreMessage { seq: Seq(2) }))
}

fn tick(production: &mut Production, now: u64) {
    production.apply(UnixMs(now), Input::Tick).unwrap();
}

#[test]
fn a_removed_comment_comes_back_at_its_place_once_and_not_onto_the_picture() {
    let mut production = with_three();
    assert_eq!(chat(&production), [1, 3]);
    let waits = &production.snapshot().removals;
    assert_eq!((waits.len(), &waits[0].said, waits[0].until), (1, &said(2), UnixMs(12_000)));
    let cards = production.graphics().chat;
    let effects = undo(&mut production, 11_999).unwrap();
    let asked = |effect: &&Effect| matches!(effect, Effect::RestoreMessage(back) if *back == said(2));
    assert_eq!(effects.iter().filter(asked).count(), 1, "{effects:?}");
    assert_eq!(chat(&production), [1, 2, 3]);
    assert_eq!(production.graphics().chat, cards);
    assert!(production.snapshot().removals.is_empty());
    assert_eq!(undo(&mut production, 11_999).unwrap_err().code, "chat.erased");
    assert_eq!(chat(&production), [1, 2, 3]);
}

#[test]
fn what_nobody_asks_back_in_time_is_gone_for_good_and_a_clock_set_back_does_not_keep_it() {
    for now in [12_000, 3_999] {
        let mut production = with_three();
        tick(&mut production, 11_999);
        assert_eq!(production.snapshot().removals.len(), 1);
        tick(&mut production, now);
        assert!(production.snapshot().removals.is_empty(), "{now}");
        assert_eq!(undo(&mut production, now).unwrap_err().code, "chat.erased");
    }
}

#[test]
fn the_end_of_the_show_ends_every_undo_and_a_new_show_knows_none() {
    let mut production = with_three();
    command(&mut production, 5_000, Command::End);
    assert_eq!(undo(&mut production, 5_001).unwrap_err().code, "chat.erased");
    production.apply(UnixMs(5_100), Input::EndedOnDisk).unwrap();
    production.apply(UnixMs(5_200), Input::Room(RoomNews::Removed(Seq(3)))).unwrap();
    assert_eq!(production.snapshot().removals.len(), 1, "what is removed afterwards has its own seconds");
    command(&mut production, 5_300, Command::NewEpisode);
    assert!(production.snapshot().removals.is_empty());
}
