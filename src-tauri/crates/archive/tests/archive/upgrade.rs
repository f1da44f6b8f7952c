//! An archive of an older version is brought up to date with everything in it.

use archive::{Archive, ArchiveError, Lookup, Reader};
use domain::{ProgramMs, Seq, UnixMs, Voice};
use rusqlite::Connection;

use crate::support::{DAY, HASH, Place, T, append, at, episode, identity, said, show};

/// An archive as version 1 left it: one replay that is due, one that is kept, a planned episode.
fn version_one(place: &Place) {
    place.recording("1.mp4");
    let connection = Connection::open(place.database()).unwrap();
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).unwrap();
    connection.execute_batch(include_str!("../../upgrades/1.sql")).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    let rows = format!(
        "INSERT INTO show VALUES ('late-night', 'Late Night'), ('never', 'Never on air');
         INSERT INTO episode VALUES
           ('{one}', 'late-night', 'One', 'whole', {T}, {T}, {T} + 60000, CAST('recordings/1.mp4' AS BLOB), 60000, 15, 9,
            {T} + {DAY}),
           ('{two}', 'late-night', 'Two', 'recovered', {T}, {T} + 5, {T} + 60000, NULL, 60000, 0, 0, NULL),
           ('{three}', 'late-night', 'Three', 'planned', {T}, NULL, NULL, NULL, 0, 0, 0, NULL);
         INSERT INTO viewer VALUES (x'{hash}', '{ada}', 'Ada', 204, NULL);
         INSERT INTO chat VALUES
           ('{one}', 1, 1234, '{ada}', 'Ada', 204, NULL, 0, 'from version one'),
           ('{one}', 2, 1234, '{ada}', '', 204, NULL, 1, '');
         INSERT INTO mute VALUES ('{one}', '{ada}');
         INSERT INTO heart VALUES ('{one}', 3, 204, 5);
         INSERT INTO as_run (episode, at_ms, kind, detail) VALUES ('{one}', 7, 'layout', 'solo');",
        one = episode(1),
        two = episode(2),
        three = episode(3),
        ada = crate::support::ada().id,
        hash = "07".repeat(32),
    );
    connection.execute_batch(&rows).unwrap();
}

#[test]
fn an_upgrade_loses_nothing() {
    let place = Place::new();
    version_one(&place);
    let error = Reader::open(&place.database()).unwrap_err();
    assert!(matches!(error, ArchiveError::OlderVersion { found: 1, known: 5, .. }), "{error}");
    assert!(error.to_string().contains("open the studio once"), "{error}");

    let archive = Archive::open(&place.database()).unwrap();
    let copies = || place.beside_the_database().into_iter().filter(|name| name.contains("before")).collect::<Vec<_>>();
    assert_eq!(copies(), ["archive.db.before-5"], "what it was before");
    let copy = Connection::open(place.folder().join("archive.db.before-5")).unwrap();
    let as_it_was = |sql: &str| copy.query_row(sql, (), |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(as_it_was("SELECT user_version || '' FROM pragma_user_version"), "1");
    assert_eq!(as_it_was("SELECT text FROM chat WHERE seq = 1"), "from version one");
    let timeline = archive.timeline(&episode(1)).unwrap().unwrap();
    assert_eq!(timeline.chat, [said(1, 1234, "from version one")]);
    assert_eq!(timeline.hearts[0].at_ms, ProgramMs(3000));
    assert_eq!(archive.as_run(&episode(1)).unwrap().len(), 1);
    assert_eq!(archive.silenced(&episode(1)).unwrap(), [(crate::support::ada().id, Voice::Muted)]);
    assert_eq!(archive.last_said(&episode(1)).unwrap().0, Seq(3));
    assert_eq!(archive.planned(&show()).unwrap(), Some(episode(3)));
    assert!(identity(&archive, HASH).is_some());
    let listed = archive.replays().unwrap();
    let seen: Vec<_> = listed.iter().map(|replay| (replay.title.as_str(), replay.chat, replay.hearts)).collect();
    assert_eq!(seen, [("Two", 0, 0), ("One", 1, 5)], "totals are counted once, by the upgrade");
    let shows = place.reader().shows().unwrap();
    let last: Vec<_> = shows.iter().map(|show| (show.title.as_str(), show.last_started_at)).collect();
    assert_eq!(last, [("Late Night", Some(UnixMs(T + 5))), ("Never on air", None)], "filled in by the upgrade");

    drop(copy);
    archive.remove_backups();
    assert_eq!(copies(), [""; 0]);

    // What version 1 could not do.
    assert_eq!(archive.expire(at(T + DAY)).unwrap(), [episode(1)]);
    assert_eq!(archive.replay(&episode(1)).unwrap(), Lookup::Gone);
    assert!(append(&archive, &episode(3), &said(1, 0, "before the show")));
    archive.close();
    place.open().close();
    assert_eq!(place.reader().replays().unwrap().len(), 1);
}
