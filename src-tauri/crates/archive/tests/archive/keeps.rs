//! What goes in comes out again, in the same shape, also after a restart.

use std::collections::BTreeMap;

use crate::support::{self, DAY, Place, T, ada, append, at, end, episode, said, show};
use archive::{Archive, ArchiveError, AsRunEntry, AsRunKind, Lookup};
use domain::room::{Comment, CommentKey, Stored};
use domain::{PageId, ProgramMs, ReplayState, Seq, TimelineSecond, UnixMs, ViewerId, Voice};

#[test]
fn an_episode_goes_from_planned_to_replay_with_everything_that_happened() {
    let place = Place::new();
    let archive = place.open();
    let one = episode(1);
    assert_eq!(archive.planned(&show()).unwrap(), None);
    archive.plan_episode(&one, &show(), "First", UnixMs(T)).unwrap();
    assert_eq!(archive.planned(&show()).unwrap(), Some(one.clone()));
    assert!(append(&archive, &one, &said(1, 0, "early")));
    assert!(archive.replays().unwrap().is_empty(), "what was not begun is no replay");
    assert_eq!(archive.replay(&one).unwrap(), Lookup::Unknown);
    assert_eq!(archive.timeline(&one).unwrap(), None);

    let recording = place.recording("one.mp4");
    archive.begin_episode(&one, "First show", Some(&recording), UnixMs(T + 1000)).unwrap();
    assert_eq!(archive.planned(&show()).unwrap(), None);
    assert!(append(&archive, &one, &said(2, 81_234, "hello")));
    archive.append_hearts(&one, ProgramMs(5999), &BTreeMap::from([(204, 3), (340, 1)]));
    archive.append_hearts(&one, ProgramMs(5000), &BTreeMap::from([(204, 4)]));
    archive.append_hearts(&one, ProgramMs(2000), &BTreeMap::from([(0, 1), (1, 0)]));
    archive.append_as_run(&one, ProgramMs(7), AsRunKind::Layout, "corner");
    archive.append_as_run(&one, ProgramMs(3), AsRunKind::Broadcast, "began");
    let [unfinished] = archive.unfinished().unwrap().try_into().unwrap();
    assert_eq!((unfinished.episode, unfinished.started_at), (one.clone(), UnixMs(T + 1000)));
    assert_eq!(unfinished.recording.as_deref(), Some(recording.as_path()));
    archive.end_episode(&one, end(T + 61_000, Some(DAY))).unwrap();
    archive.close();

    let archive = place.open();
    assert!(archive.unfinished().unwrap().is_empty());
    let [replay] = archive.replays().unwrap().try_into().unwrap();
    assert_eq!((replay.title.as_str(), replay.hearts, replay.chat, replay.viewers), ("First show", 9, 2, 57));
    assert_eq!((replay.started_at, replay.ended_at), (UnixMs(T + 1000), Some(UnixMs(T + 61_000))));
    assert_eq!((replay.state, replay.expires_at), (ReplayState::Whole, Some(UnixMs(T + 61_000 + DAY))));
    assert_eq!(replay.path.as_deref(), recording.to_str());
    assert_eq!(archive.replay(&one).unwrap(), Lookup::Found(replay));
    let timeline = archive.timeline(&one).unwrap().unwrap();
    assert_eq!(timeline.chat, [said(1, 0, "early"), said(2, 81_234, "hello")]);
    let second =
        |at, by_hue: &[(u16, u32)]| TimelineSecond { at_ms: ProgramMs(at), by_hue: by_hue.iter().copied().collect() };
    assert_eq!(timeline.hearts, [second(2000, &[(0, 1)]), second(5000, &[(204, 7), (340, 1)])]);
    let line = |at, kind, detail: &str| AsRunEntry { at: ProgramMs(at), kind, detail: detail.to_owned() };
    let log = [line(7, AsRunKind::Layout, "corner"), line(3, AsRunKind::Broadcast, "began")];
    assert_eq!(archive.as_run(&one).unwrap(), log);
}

#[test]
fn the_last_title_of_an_episode_is_its_title_in_every_state() {
    let place = Place::new();
    let archive = place.open();
    let one = episode(1);
    assert!(matches!(archive.retitle(&one, "Nobody"), Err(ArchiveError::NoSuchEpisode(_))));
    archive.plan_episode(&one, &show(), "First", UnixMs(T)).unwrap();
    archive.retitle(&one, "Second").unwrap();
    archive.begin_episode(&one, "Third", Some(&place.recording("one.mp4")), UnixMs(T)).unwrap();
    archive.retitle(&one, "On air").unwrap();
    archive.end_episode(&one, end(T + 61_000, Some(DAY))).unwrap();
    assert_eq!(archive.replays().unwrap()[0].title, "On air");
    archive.retitle(&one, "Afterwards").unwrap();
    assert_eq!(archive.replays().unwrap()[0].title, "Afterwards");
    archive.delete(&one).unwrap();
    assert!(archive.retitle(&one, "Gone").is_err(), "deleted is deleted");
}

#[test]
fn a_token_resumes_its_identity_and_only_its_hash_is_known() {
    let place = Place::new();
    let archive = place.open();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    assert_eq!(support::identity(&archive, [9; 32]), None);
    let mut first = said(1, 0, "hello");
    first.viewer.badge = Some("host".to_owned());
    assert!(append(&archive, &episode(1), &first));
    assert_eq!(support::identity(&archive, support::HASH), Some(first.viewer));
    let mut renamed = said(2, 0, "again");
    renamed.viewer.name = "Countess".to_owned();
    assert!(append(&archive, &episode(1), &renamed));
    assert_eq!(support::identity(&archive, support::HASH).map(|viewer| viewer.name), Some("Countess".to_owned()));
    let (_, backlog) = archive.last_said(&episode(1)).unwrap();
    assert_eq!(backlog[0].viewer.name, "Ada", "a replay shows people as they were called then");
}

#[test]
fn a_comment_keeps_the_number_of_its_writers_name_and_the_hosts_badge() {
    let place = Place::new();
    let archive = place.open();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    let (mut twin, mut host, mut old) = (said(2, 0, "hello"), said(3, 0, "welcome"), said(1, 0, "first"));
    (twin.viewer.n, host.viewer, old.viewer.n) = (Some(2), domain::names::host(), None);
    for said in [&old, &twin, &host] {
        assert!(append(&archive, &episode(1), said));
    }
    assert_eq!(archive.last_said(&episode(1)).unwrap().1, [old, twin.clone(), host]);
    assert_eq!(archive.who_was_called(&episode(1)).unwrap(), [twin.viewer], "the host's name is not to be had");
}

#[test]
fn the_backlog_is_the_last_fifty_and_places_rise_for_ever() {
    let place = Place::new();
    let archive = place.open();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    assert_eq!(archive.last_said(&episode(1)).unwrap(), (Seq(1), Vec::new()));
    let all: Vec<_> = (1..=70).map(|seq| said(seq, seq * 10, &format!("comment {seq}"))).collect();
    support::append_all(&archive, &episode(1), &all);
    archive.remove_message(&episode(1), Seq(70)).unwrap();
    archive.close();
    let archive = place.open();
    assert_eq!(archive.last_said(&episode(1)).unwrap(), (Seq(71), all[19..69].to_vec()));
    assert!(!append(&archive, &episode(1), &said(70, 0, "twice")), "a place is given once");
}

#[test]
fn who_is_silenced_outlives_a_restart_and_can_be_taken_back() {
    let place = Place::new();
    let archive = place.open();
    let somebody = ViewerId::from_random([3; 16]);
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    archive.set_voice(&episode(1), &ada().id, Voice::Muted).unwrap();
    archive.set_voice(&episode(1), &somebody, Voice::Muted).unwrap();
    archive.set_voice(&episode(1), &somebody, Voice::Ejected).unwrap();
    archive.close();
    let archive = place.open();
    archive.set_voice(&episode(1), &ada().id, Voice::Free).unwrap();
    assert_eq!(archive.silenced(&episode(1)).unwrap(), [(somebody, Voice::Ejected)]);
}

#[test]
fn where_comments_came_from_is_known_under_the_episodes_key_and_goes_with_it() {
    let place = Place::new();
    let archive = place.open();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    assert_eq!(archive.place_key(&episode(1), [1; 32]).unwrap(), [1; 32]);
    assert_eq!(archive.place_key(&episode(1), [2; 32]).unwrap(), [1; 32], "it keeps its key");
    let from = domain::room::Place(*b"an address' hmac");
    let comment = domain::room::Comment { place: Some(from), ..support::comment(&said(1, 10, "hi")) };
    assert!(support::append_comment(&archive, &episode(1), comment));
    assert!(append(&archive, &episode(1), &said(2, 20, "on this computer")));
    archive.close();
    let archive = place.open();
    let ada = ada().id;
    assert_eq!(archive.who_spoke(&episode(1)).unwrap(), [(ada.clone(), Some(from)), (ada, None)]);
    let bytes = || std::fs::read(place.database()).unwrap();
    let holds = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    archive.delete(&episode(1)).unwrap();
    assert_eq!(archive.who_spoke(&episode(1)).unwrap(), []);
    assert!(matches!(archive.place_key(&episode(1), [3; 32]), Err(ArchiveError::NoSuchEpisode(_))));
    archive.close();
    assert!(!holds(&bytes(), &from.0) && !holds(&bytes(), &[1; 32]), "neither is left in the file");
}

#[test]
fn what_makes_no_sense_is_refused_with_a_sentence_and_changes_nothing() {
    let place = Place::new();
    let archive = place.open();
    let (one, unknown) = (episode(1), episode(2));
    archive.plan_episode(&one, &show(), "", UnixMs(T)).unwrap();
    let wrong = |outcome: Result<(), ArchiveError>| {
        let error = outcome.unwrap_err();
        assert!(matches!(error, ArchiveError::WrongState { .. }), "{error}");
    };
    wrong(archive.plan_episode(&one, &show(), "", UnixMs(T)));
    wrong(archive.end_episode(&one, end(T, None)));
    wrong(archive.keep(&one, true, UnixMs(T), 24));
    archive.begin_episode(&one, "On", None, UnixMs(T)).unwrap();
    wrong(archive.begin_episode(&one, "Twice", None, UnixMs(T)));
    wrong(archive.delete(&one));
    wrong(archive.end_episode(&one, archive::End { state: ReplayState::OnAir, ..end(T, None) }));
    for outcome in [
        archive.begin_episode(&unknown, "", None, UnixMs(T)),
        archive.end_episode(&unknown, end(T, None)),
        archive.keep(&unknown, true, UnixMs(T), 24),
        archive.delete(&unknown),
        archive.set_voice(&unknown, &ada().id, Voice::Muted),
    ] {
        assert!(matches!(outcome, Err(ArchiveError::NoSuchEpisode(_))), "{outcome:?}");
    }
    archive.remove_message(&unknown, Seq(1)).unwrap();
    assert!(!append(&archive, &unknown, &said(1, 0, "nowhere")));
    archive.append_hearts(&unknown, ProgramMs(0), &BTreeMap::from([(1, 1)]));
    archive.append_as_run(&unknown, ProgramMs(0), AsRunKind::Layout, "nowhere");
    let [replay] = archive.replays().unwrap().try_into().unwrap();
    assert_eq!((replay.title.as_str(), replay.state, replay.path), ("On", ReplayState::OnAir, None));
    assert!(append(&archive, &one, &said(1, 0, "after all that")), "one failure stays one failure");
}

#[test]
fn a_closed_archive_says_so_to_every_clone() {
    let place = Place::new();
    let archive = place.open();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    let clone: Archive = archive.clone();
    archive.close();
    assert!(!append(&clone, &episode(1), &said(1, 0, "late")));
    assert_eq!(support::identity(&clone, support::HASH), None);
    assert!(matches!(clone.replays(), Err(ArchiveError::Closed)));
    assert!(matches!(clone.expire(at(T)), Err(ArchiveError::Closed)));
    clone.append_hearts(&episode(1), ProgramMs(0), &BTreeMap::from([(1, 1)]));
    assert_eq!(place.beside_the_database(), ["archive.db"], "closed cleanly: no log is left");
}

#[test]
fn what_waits_is_written_and_acknowledged_when_the_archive_closes() {
    let place = Place::new();
    let archive = place.open();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    let (stored, answers) = std::sync::mpsc::channel();
    for seq in 1..=3000 {
        let stored = stored.clone();
        let done = Box::new(move |answer| stored.send(answer == Stored::Kept).unwrap());
        archive.append_chat(&episode(1), support::comment(&said(seq, 0, "quick")), done);
    }
    archive.append_hearts(&episode(1), ProgramMs(0), &BTreeMap::from([(1, 41)]));
    archive.close();
    assert_eq!(answers.try_iter().filter(|is_stored| *is_stored).count(), 3000);
    let archive = place.open();
    assert_eq!(archive.last_said(&episode(1)).unwrap().0, Seq(3001));
    archive.begin_episode(&episode(1), "", None, UnixMs(T)).unwrap();
    assert_eq!(archive.replays().unwrap()[0].hearts, 41);
}

#[test]
fn a_moved_data_folder_keeps_its_recordings() {
    let place = Place::new();
    let archive = place.open();
    place.replay(&archive, 1, T, None);
    archive.close();
    let elsewhere = Place::new();
    let moved = elsewhere.folder().join("moved");
    std::fs::rename(place.folder(), &moved).unwrap();
    let archive = Archive::open(&moved.join("archive.db")).unwrap();
    let path = archive.replays().unwrap()[0].path.clone().unwrap();
    assert_eq!(path, moved.join("recordings/1.mp4").to_str().unwrap());
}

#[test]
fn shows_are_listed_with_their_last_broadcast_also_after_its_replay_is_gone() {
    let place = Place::new();
    let archive = place.open();
    place.replay(&archive, 1, T - DAY, None);
    place.replay(&archive, 2, T, None);
    archive.delete(&episode(2)).unwrap();
    archive.close();
    let [listed] = place.reader().shows().unwrap().try_into().unwrap();
    assert_eq!((listed.slug, listed.episodes, listed.last_started_at), (show(), 1, Some(UnixMs(T))));
}

#[test]
fn a_comment_that_arrives_again_has_the_place_it_has_also_after_a_restart_and_a_removal() {
    let place = Place::new();
    let archive = place.open();
    let (one, two) = (episode(1), episode(2));
    archive.plan_episode(&one, &show(), "", UnixMs(T)).unwrap();
    archive.plan_episode(&two, &show(), "", UnixMs(T)).unwrap();
    let comment = |seq, id: &str| {
        let key = CommentKey { page: PageId::from_random([7; 16]), id: id.to_owned() };
        Comment { key, ..support::comment(&said(seq, 0, "the same words")) }
    };
    let file = |archive: &Archive, episode, comment| {
        let (answer, answered) = std::sync::mpsc::channel();
        archive.append_chat(episode, comment, Box::new(move |stored| answer.send(stored).unwrap()));
        answered.recv_timeout(support::DEADLINE).unwrap()
    };
    assert_eq!(file(&archive, &one, comment(1, "c1")), Stored::Kept);
    assert_eq!(file(&archive, &one, comment(2, "c1")), Stored::Repeated(Seq(1)));
    assert_eq!(file(&archive, &one, comment(2, "c2")), Stored::Kept, "another comment of the same words");
    assert_eq!(file(&archive, &two, comment(1, "c1")), Stored::Kept, "another episode");
    archive.remove_message(&one, Seq(1)).unwrap();
    archive.close();
    let archive = place.open();
    assert_eq!(file(&archive, &one, comment(3, "c1")), Stored::Repeated(Seq(1)));
    assert_eq!(file(&archive, &one, comment(3, "c2")), Stored::Repeated(Seq(2)));
    let (next, backlog) = archive.last_said(&one).unwrap();
    assert_eq!((next, backlog.len()), (Seq(3), 1));
}
