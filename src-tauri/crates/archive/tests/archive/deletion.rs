//! What goes, when, and what is left of it.

use std::fs;

use archive::{Archive, ArchiveError, End, Lookup};
use domain::{ReplayState, Seq, UnixMs};

use crate::support::{
    DAY, HASH, HOUR, Place, T, append, append_all, append_as, at, end, episode, identity, said, set, show,
};

const NOTHING: [domain::EpisodeId; 0] = [];

#[test]
fn a_replay_expires_with_file_thumbnail_and_rows_and_its_address_says_gone() {
    let place = Place::new();
    let archive = place.open_at_t();
    let recording = place.replay(&archive, 1, T, Some(DAY));
    let kept = place.replay(&archive, 2, T, None);
    assert_eq!(archive.expire(at(T + DAY - 1)).unwrap(), NOTHING);
    assert!(recording.exists());
    assert_eq!(archive.expire(at(T + DAY)).unwrap(), [episode(1)]);
    assert!(!recording.exists() && !recording.with_extension("jpg").exists());
    assert!(kept.exists() && kept.with_extension("jpg").exists());
    assert_eq!(archive.replay(&episode(1)).unwrap(), Lookup::Gone);
    assert_eq!(archive.timeline(&episode(1)).unwrap(), None);
    assert!(archive.as_run(&episode(1)).unwrap().is_empty());
    assert_eq!(archive.replays().unwrap().len(), 1);
    assert_eq!(archive.expire(at(T + DAY)).unwrap(), NOTHING);
    archive.close();
    assert!(!place.contains("comment in 1") && !place.contains("Episode 1"));
    assert!(place.contains("comment in 2") && place.contains(episode(1).as_str()));
    assert_eq!(place.open().replay(&episode(1)).unwrap(), Lookup::Gone);
}

#[test]
fn expiry_survives_restarts() {
    let place = Place::new();
    let archive = place.open_at_t();
    let recording = place.replay(&archive, 1, T, Some(DAY));
    archive.close();
    let archive = place.open();
    assert_eq!(archive.expire(at(T + 9 * DAY)).unwrap(), [episode(1)]);
    assert!(!recording.exists());
}

#[test]
fn a_clock_set_back_never_deletes_early() {
    let place = Place::new();
    let archive = place.open_at_t();
    place.replay(&archive, 1, T, Some(DAY));
    assert_eq!(archive.expire(at(T + HOUR)).unwrap(), NOTHING);
    // The battery of the clock is empty: 1970. A show is held, and the clock is put right.
    archive.close();
    let archive = place.open();
    assert_eq!(archive.expire(set(5, 2, 0)).unwrap(), NOTHING);
    place.replay(&archive, 2, HOUR, Some(DAY));
    let [_, listed] = archive.replays().unwrap().try_into().unwrap();
    assert_eq!((listed.episode, listed.expires_at), (episode(2), Some(UnixMs(HOUR + DAY))), "as that clock shows it");
    for minute in 1..60 {
        assert_eq!(archive.expire(set(HOUR + minute * 60_000, 2, HOUR + minute * 60_000)).unwrap(), NOTHING);
    }
    archive.close();
    let archive = place.open();
    assert_eq!(archive.expire(set(T + 4 * HOUR, 2, 3 * HOUR)).unwrap(), NOTHING);
    assert_eq!(archive.expire(set(T + DAY, 2, DAY - HOUR)).unwrap(), [episode(1)], "as if nothing had been");
    assert_eq!(archive.expire(set(T + DAY + 4 * HOUR, 2, DAY + 3 * HOUR)).unwrap(), [episode(2)]);
}

#[test]
fn a_clock_set_back_for_good_does_not_keep_for_ever_and_brings_nothing_back() {
    let place = Place::new();
    let archive = place.open_at_t();
    place.replay(&archive, 1, T, Some(DAY));
    place.replay(&archive, 2, T, Some(HOUR));
    assert_eq!(archive.expire(at(T + 2 * HOUR)).unwrap(), [episode(2)]);
    let back = T - 3000 * DAY;
    assert_eq!(archive.expire(set(back, 1, 2 * HOUR)).unwrap(), NOTHING);
    assert_eq!(archive.replay(&episode(2)).unwrap(), Lookup::Gone);
    for minute in (0..22 * 60).step_by(10) {
        assert_eq!(
            archive.expire(set(back + minute * 60_000, 1, 2 * HOUR + minute * 60_000)).unwrap(),
            NOTHING,
            "minute {minute}"
        );
    }
    assert_eq!(archive.expire(set(back + 22 * HOUR, 1, DAY)).unwrap(), [episode(1)]);
}

#[test]
fn a_clock_that_leaps_two_days_ahead_deletes_nothing_before_it_was_seen_for_an_hour() {
    let place = Place::new();
    let archive = place.open_at_t();
    let recording = place.replay(&archive, 1, T, Some(DAY));
    for second in (10..3600).step_by(10) {
        assert_eq!(archive.expire(set(T + 2 * DAY + second * 1000, 1, second * 1000)).unwrap(), NOTHING);
    }
    // A show that ends meanwhile is kept for its whole time, by the clock as it is.
    place.replay(&archive, 2, T + 2 * DAY + HOUR, Some(DAY));
    assert_eq!(archive.replays().unwrap()[0].expires_at, Some(UnixMs(T + 3 * DAY + HOUR)));
    // The studio is started again, and the clock put right.
    archive.close();
    let archive = place.open();
    assert_eq!(archive.expire(at(T + 2 * HOUR)).unwrap(), NOTHING);
    assert!(recording.exists());
    assert_eq!(archive.expire(at(T + DAY)).unwrap(), [episode(1)]);
    assert_eq!(archive.expire(at(T + DAY + HOUR)).unwrap(), [episode(2)]);
    // It leaps for good: the second look an hour later says so.
    place.replay(&archive, 3, T + DAY + HOUR, Some(DAY));
    assert_eq!(archive.expire(set(T + 9 * DAY, 1, DAY + HOUR)).unwrap(), NOTHING);
    assert_eq!(archive.expire(set(T + 9 * DAY + HOUR, 1, DAY + 2 * HOUR)).unwrap(), [episode(3)]);
}

#[test]
fn the_late_end_of_a_recovered_show_says_nothing_about_the_present() {
    let place = Place::new();
    let archive = place.open_at_t();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    archive.begin_episode(&episode(1), "Cut short", None, UnixMs(T)).unwrap();
    place.replay(&archive, 2, T + 20 * DAY, Some(DAY));
    archive.expire(at(T + 20 * DAY)).unwrap();
    let state = ReplayState::Recovered;
    let late = End { state, expires_at: Some(UnixMs(T + 21 * DAY)), ..end(T + HOUR, None) };
    archive.end_episode(&episode(1), late).unwrap();
    assert_eq!(archive.expire(at(T + 20 * DAY + HOUR)).unwrap(), NOTHING);
    assert_eq!(archive.replays().unwrap().len(), 2);
    assert_eq!(archive.expire(at(T + 21 * DAY)).unwrap().len(), 2);
}

#[test]
fn keep_holds_a_replay_and_letting_go_gives_it_the_whole_time_again() {
    let place = Place::new();
    let archive = place.open_at_t();
    place.replay(&archive, 1, T, Some(DAY));
    archive.keep(&episode(1), true, UnixMs(T + HOUR), 24).unwrap();
    assert_eq!(archive.replays().unwrap()[0].expires_at, None);
    assert_eq!(archive.expire(at(T + 900 * DAY)).unwrap(), NOTHING);
    archive.keep(&episode(1), false, UnixMs(T + 900 * DAY), 24).unwrap();
    assert_eq!(archive.replays().unwrap()[0].expires_at, Some(UnixMs(T + 901 * DAY)));
    assert_eq!(archive.expire(at(T + 901 * DAY)).unwrap(), [episode(1)]);
}

#[test]
fn an_unfinished_recording_never_expires_and_ends_once_more_when_it_is_finished() {
    let place = Place::new();
    let archive = place.open_at_t();
    let recording = place.recording("1.mp4");
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    archive.begin_episode(&episode(1), "Cut short", Some(&recording), UnixMs(T)).unwrap();
    let unfinished = End { state: ReplayState::Unfinished, ..end(T, Some(DAY)) };
    archive.end_episode(&episode(1), unfinished.clone()).unwrap();
    archive.end_episode(&episode(1), unfinished).unwrap();
    assert_eq!(archive.expire(at(T + 900 * DAY)).unwrap(), NOTHING);
    let listed = &archive.replays().unwrap()[0];
    assert_eq!((listed.state, listed.expires_at), (ReplayState::Unfinished, None));
    assert!(matches!(archive.keep(&episode(1), false, UnixMs(T), 1), Err(ArchiveError::WrongState { .. })));
    let [known] = archive.unfinished().unwrap().try_into().unwrap();
    assert!(known.has_ended && known.recording == Some(recording.clone()) && known.peak_viewers == 57);
    assert_eq!(place.reader().shows().unwrap()[0].episodes, 1);
    let finished = End { state: ReplayState::Recovered, ..end(T + 900 * DAY, Some(DAY)) };
    archive.end_episode(&episode(1), finished.clone()).unwrap();
    assert!(matches!(archive.end_episode(&episode(1), finished), Err(ArchiveError::WrongState { .. })), "once");
    assert!(archive.unfinished().unwrap().is_empty());
    archive.delete(&episode(1)).unwrap();
    assert!(!recording.exists());
    // Nobody has to wait for a recording that will never be finished.
    archive.plan_episode(&episode(2), &show(), "", UnixMs(T)).unwrap();
    archive.begin_episode(&episode(2), "", None, UnixMs(T)).unwrap();
    archive.end_episode(&episode(2), End { state: ReplayState::Unfinished, ..end(T, None) }).unwrap();
    archive.delete(&episode(2)).unwrap();
}

#[test]
fn what_is_on_air_or_planned_never_expires() {
    let place = Place::new();
    let archive = place.open_at_t();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    archive.begin_episode(&episode(1), "", Some(&place.recording("1.mp4")), UnixMs(T)).unwrap();
    archive.plan_episode(&episode(2), &show(), "", UnixMs(T)).unwrap();
    assert_eq!(archive.expire(at(u64::MAX)).unwrap(), NOTHING);
    assert_eq!(archive.planned(&show()).unwrap(), Some(episode(2)));
    archive.delete(&episode(2)).unwrap();
    assert_eq!(archive.planned(&show()).unwrap(), None);
}

#[test]
fn a_file_that_somebody_removed_is_no_obstacle() {
    let place = Place::new();
    let archive = place.open_at_t();
    let recording = place.replay(&archive, 1, T, Some(DAY));
    fs::remove_file(&recording).unwrap();
    assert_eq!(archive.replays().unwrap()[0].path, None, "a replay without its file says so");
    assert_eq!(archive.expire(at(T + DAY)).unwrap(), [episode(1)]);
    assert!(!recording.with_extension("jpg").exists());
    place.replay(&archive, 2, T, None);
    fs::remove_dir_all(place.folder().join("recordings")).unwrap();
    archive.delete(&episode(2)).unwrap();
    archive.delete(&episode(2)).unwrap();
    assert_eq!(archive.replay(&episode(2)).unwrap(), Lookup::Gone);
}

#[test]
fn a_file_that_somebody_holds_open_goes_nevertheless() {
    let place = Place::new();
    let archive = place.open();
    let recording = place.replay(&archive, 1, T, None);
    let held = fs::File::open(&recording).unwrap();
    archive.delete(&episode(1)).unwrap();
    assert!(!recording.exists());
    drop(held);
}

#[test]
fn a_file_that_cannot_be_removed_stays_doomed_and_is_tried_again_also_after_a_restart() {
    let place = Place::new();
    let archive = place.open_at_t();
    let recording = place.replay(&archive, 1, T, Some(DAY));
    fs::remove_file(&recording).unwrap();
    fs::create_dir(&recording).unwrap();
    let error = archive.delete(&episode(1)).unwrap_err();
    assert!(matches!(&error, ArchiveError::FileStays { path, .. } if *path == recording), "{error}");
    assert!(!recording.with_extension("jpg").exists(), "what can go goes");
    assert_eq!(archive.replay(&episode(1)).unwrap(), Lookup::Gone);
    assert!(archive.replays().unwrap().is_empty());
    assert!(!append(&archive, &episode(1), &said(9, 0, "too late")));
    assert_eq!(archive.expire(at(T)).unwrap(), NOTHING);
    archive.close();
    assert!(!place.contains("comment in 1") && !place.contains("Episode 1"), "words do not wait for a file");
    let archive = place.open();
    assert_eq!(archive.expire(at(T)).unwrap(), NOTHING);
    fs::remove_dir(&recording).unwrap();
    fs::write(&recording, "as if it could be removed now").unwrap();
    assert_eq!(archive.expire(at(T)).unwrap(), NOTHING);
    assert!(!recording.exists());
    assert_eq!(archive.replay(&episode(1)).unwrap(), Lookup::Gone);
    archive.delete(&episode(1)).unwrap();
}

#[test]
fn a_removed_comment_is_nowhere_not_even_in_the_bytes_of_the_file() {
    let place = Place::new();
    let archive = place.open();
    place.replay(&archive, 1, T, None);
    archive.plan_episode(&episode(2), &show(), "", UnixMs(T)).unwrap();
    archive.begin_episode(&episode(2), "", None, UnixMs(T)).unwrap();
    let mut vile = said(1, 0, "something-vile-to-remove");
    vile.viewer.name = "vile-name".to_owned();
    assert!(append_as(&archive, &episode(2), &vile, [8; 32]));
    assert!(append(&archive, &episode(2), &said(2, 0, "something nice")));
    assert!(place.contains("something-vile-to-remove"), "else this test could not fail");
    archive.remove_message(&episode(2), Seq(1)).unwrap();
    archive.remove_message(&episode(2), Seq(1)).unwrap();
    let (next, backlog) = archive.last_said(&episode(2)).unwrap();
    assert_eq!((next, backlog.as_slice()), (Seq(3), [said(2, 0, "something nice")].as_slice()));
    assert_eq!(archive.timeline(&episode(2)).unwrap().unwrap().chat, backlog);
    assert_eq!(archive.replays().unwrap().iter().map(|replay| replay.chat).collect::<Vec<_>>(), [1, 1]);
    // The next call is answered after the writer emptied its log.
    archive.remove_message(&episode(2), Seq(99)).unwrap();
    assert!(!place.contains("something-vile-to-remove"), "while the show is on air");
    archive.close();
    assert!(!place.contains("something-vile-to-remove"));
}

#[test]
fn a_comment_that_is_put_back_is_as_it_was_at_its_place_and_counted_once() {
    let place = Place::new();
    let archive = place.open();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    archive.begin_episode(&episode(1), "", None, UnixMs(T)).unwrap();
    let all = [said(1, 10, "one"), said(2, 20, "two"), said(3, 30, "three")];
    append_all(&archive, &episode(1), &all);
    archive.remove_message(&episode(1), Seq(2)).unwrap();
    assert_eq!(archive.timeline(&episode(1)).unwrap().unwrap().chat.len(), 2);
    for _ in 0..2 {
        archive.restore_message(&episode(1), all[1].clone()).unwrap();
        assert_eq!(archive.timeline(&episode(1)).unwrap().unwrap().chat, all);
        assert_eq!(archive.last_said(&episode(1)).unwrap(), (Seq(4), all.to_vec()));
        assert_eq!(archive.replays().unwrap()[0].chat, 3);
    }
    archive.restore_message(&episode(1), said(9, 90, "never said")).unwrap();
    let other = said(3, 30, "another text");
    archive.restore_message(&episode(1), other).unwrap();
    assert_eq!(archive.timeline(&episode(1)).unwrap().unwrap().chat, all, "only what was removed is put back");
}

#[test]
fn whoever_spoke_only_in_deleted_episodes_is_forgotten() {
    let place = Place::new();
    let archive = place.open();
    place.replay(&archive, 1, T, None);
    place.replay(&archive, 2, T, None);
    let mut once = said(2, 0, "only here");
    once.viewer.id = domain::ViewerId::from_random([2; 16]);
    assert!(append_as(&archive, &episode(1), &once, [2; 32]));
    archive.delete(&episode(1)).unwrap();
    assert_eq!(identity(&archive, [2; 32]), None);
    assert!(identity(&archive, HASH).is_some());
    archive.delete(&episode(2)).unwrap();
    assert_eq!(identity(&archive, HASH), None);
}

/// Hands an episode as many comments as a school writes in an evening.
fn fill(place: &Place, number: u8, comments: u32) {
    let sql = "WITH RECURSIVE n (n) AS (VALUES (2) UNION ALL SELECT n + 1 FROM n WHERE n <= ?2)
         INSERT INTO chat (episode, seq, at_ms, viewer, name, hue, text)
         SELECT ?1, n, n * 100, '02020202020202020202020202020202', 'Grace', 1, 'one of very many comments' FROM n";
    let connection = rusqlite::Connection::open(place.database()).unwrap();
    connection.pragma_update(None, "secure_delete", true).unwrap();
    connection.execute(sql, rusqlite::params![episode(number).as_str(), comments]).unwrap();
}

#[test]
fn comments_do_not_wait_for_the_deletion_of_a_large_episode() {
    let place = Place::new();
    let archive = place.open();
    let recording = place.replay(&archive, 1, T, None);
    fill(&place, 1, 40_000);
    archive.plan_episode(&episode(2), &show(), "", UnixMs(T)).unwrap();
    let deleting = archive.clone();
    let thread = std::thread::spawn(move || deleting.delete(&episode(1)).unwrap());
    let (mut answered, mut longest) = (0, std::time::Duration::ZERO);
    while !thread.is_finished() {
        let begun = std::time::Instant::now();
        answered += 1;
        assert!(append(&archive, &episode(2), &said(answered, 0, "meanwhile")));
        longest = longest.max(begun.elapsed());
    }
    thread.join().unwrap();
    println!("{answered} comments meanwhile, the slowest after {longest:?}");
    // A transaction collects for 50 ms.
    assert!(longest < std::time::Duration::from_millis(5 * 50), "{longest:?}");
    assert!(answered > 10, "{answered}");
    assert!(!recording.exists() && archive.replay(&episode(1)).unwrap() == Lookup::Gone);
    archive.close();
    assert!(!place.contains("one of very many"));
}

#[test]
fn a_deletion_that_a_crash_cut_off_is_finished_by_the_next_expiry() {
    let place = Place::new();
    let archive = place.open();
    place.replay(&archive, 1, T, None);
    archive.close();
    fill(&place, 1, 2_500);
    let connection = rusqlite::Connection::open(place.database()).unwrap();
    // Doomed, its file gone, the first thousand rows too.
    connection
        .execute_batch("UPDATE episode SET state = 'doomed'; DELETE FROM viewer; DELETE FROM chat WHERE seq <= 1000")
        .unwrap();
    drop(connection);
    let archive = place.open();
    assert_eq!(archive.replay(&episode(1)).unwrap(), Lookup::Gone);
    assert_eq!(archive.expire(at(T)).unwrap(), NOTHING);
    archive.close();
    let connection = rusqlite::Connection::open(place.database()).unwrap();
    let rows = "SELECT (SELECT count(*) FROM chat) + (SELECT count(*) FROM viewer) + (SELECT count(*) FROM episode)";
    assert_eq!(connection.query_row(rows, (), |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[test]
fn two_threads_that_delete_at_once_do_not_disturb_each_other() {
    let place = Place::new();
    let archive = place.open_at_t();
    for number in 1..=20 {
        place.replay(&archive, number, T, Some(DAY));
    }
    let other: Archive = archive.clone();
    let thread = std::thread::spawn(move || other.expire(at(T + DAY)).unwrap());
    for number in 1..=20 {
        archive.delete(&episode(number)).unwrap();
    }
    thread.join().unwrap();
    assert!(archive.replays().unwrap().is_empty());
    assert_eq!(fs::read_dir(place.folder().join("recordings")).unwrap().count(), 0);
}

#[test]
fn the_last_replay_of_a_show_is_the_newest_that_can_be_watched() {
    let place = Place::new();
    let archive = place.open_at_t();
    assert_eq!(archive.last_replay(&show()).unwrap(), None);
    place.replay(&archive, 1, T, None);
    let second = place.replay(&archive, 2, T + HOUR, Some(DAY));
    let last = || archive.last_replay(&show()).unwrap().map(|replay| replay.episode);
    assert_eq!(last(), Some(episode(2)));
    assert_eq!(archive.last_replay(&"another".to_owned().try_into().unwrap()).unwrap(), None);
    // Somebody removed its file: nobody can watch it.
    fs::remove_file(second).unwrap();
    assert_eq!(last(), Some(episode(1)));
    archive.delete(&episode(1)).unwrap();
    assert_eq!(last(), None);
}
