use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, mpsc};

use domain::{EpisodeId, ProgramMs, PublicViewer, Said, Seq, ShowSlug, UnixMs, ViewerId};

use super::*;
use crate::AsRunKind;

fn episode() -> EpisodeId {
    EpisodeId::from_random([1; 16])
}

fn comment(queue: &Queue, seq: u64, text: &str) -> mpsc::Receiver<bool> {
    let viewer = PublicViewer { id: ViewerId::from_random([1; 16]), name: "Ada".into(), hue: 0, badge: None, n: None };
    let said = Said { seq: Seq(seq), at_ms: ProgramMs(0), viewer, text: text.into() };
    let (stored, answer) = mpsc::channel();
    let row = ChatRow { episode: episode(), comment: rows::comment(said) };
    queue.chat(row, Box::new(move |answer| stored.send(answer == Stored::Kept).unwrap()));
    answer
}

fn planned(file: &Path) -> Connection {
    let connection = connection::to_write(file).unwrap();
    let (episode, show) = (&episode(), &ShowSlug::default());
    rows::plan(&connection, rows::Planning { episode, show, title: "", now: UnixMs(0) }).unwrap();
    connection
}

fn number(file: &Path, sql: &str) -> i64 {
    connection::to_read(file).unwrap().unwrap().query_row(sql, (), |row| row.get(0)).unwrap()
}

/// A full disk is a file that may not grow.
fn full(connection: &Connection, is_full: bool) {
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let limit = if is_full { pages } else { 1_000_000 };
    connection.pragma_update_and_check(None, "max_page_count", limit, |_| Ok(())).unwrap();
}

#[test]
fn a_full_disk_refuses_comments_keeps_hearts_and_is_over_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    let mut connection = planned(&file);
    full(&connection, true);
    let queue = Queue::default();
    queue.hearts(&episode(), ProgramMs(0), &BTreeMap::from([(1, 2)]));
    queue.as_run(AsRunRow { episode: episode(), at: ProgramMs(0), kind: AsRunKind::Layout, detail: "solo".into() });
    let small = comment(&queue, 1, "would fit");
    let large = comment(&queue, 2, &"x".repeat(100_000));
    let behind = comment(&queue, 3, "never reached");
    write(&mut connection, &queue, queue.next(None).unwrap(), 1, &AtomicU64::default());
    let answers = [&small, &large, &behind].map(|answer| answer.try_recv().unwrap());
    assert_eq!(answers, [false; 3], "nothing was committed, so nobody is answered that it was");
    assert_eq!(number(&file, "SELECT count(*) FROM chat"), 0);

    full(&connection, false);
    let again = comment(&queue, 1, "again");
    write(&mut connection, &queue, queue.next(None).unwrap(), 1, &AtomicU64::default());
    assert!(again.try_recv().unwrap());
    assert_eq!(number(&file, "SELECT sum(count) FROM heart"), 2, "hearts are never lost");
    assert_eq!(number(&file, "SELECT count(*) FROM as_run"), 1);
}

#[test]
fn the_acknowledgement_comes_after_the_commit() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    let mut connection = planned(&file);
    let queue = Queue::default();
    let (seen, answers) = mpsc::channel();
    for seq in 1..=3 {
        let (seen, file) = (seen.clone(), file.clone());
        let viewer =
            PublicViewer { id: ViewerId::from_random([1; 16]), name: "Ada".into(), hue: 0, badge: None, n: None };
        let said = Said { seq: Seq(seq), at_ms: ProgramMs(0), viewer, text: "hello".into() };
        let row = ChatRow { episode: episode(), comment: rows::comment(said) };
        let look = move |_| seen.send(number(&file, "SELECT count(*) FROM chat")).unwrap();
        queue.chat(row, Box::new(look));
    }
    write(&mut connection, &queue, queue.next(None).unwrap(), 1, &AtomicU64::default());
    assert_eq!(answers.try_iter().collect::<Vec<_>>(), [3, 3, 3], "others saw all three when the first was told");
}

#[test]
fn a_crash_between_two_steps_of_a_deletion_is_finished_by_the_next_expiry() {
    use crate::files::Files;
    use crate::{Archive, End, Lookup, retention};
    let folder = tempfile::tempdir().unwrap();
    let (file, recording) = (folder.path().join("archive.db"), folder.path().join("1.mp4"));
    let files = Files::beside(&file);
    for is_file_removed in [false, true] {
        let id = EpisodeId::from_random([u8::from(is_file_removed); 16]);
        std::fs::write(&recording, "moving").unwrap();
        let connection = connection::to_write(&file).unwrap();
        let show = &ShowSlug::default();
        rows::plan(&connection, rows::Planning { episode: &id, show, title: "", now: UnixMs(0) }).unwrap();
        let (title, started_at) = ("", UnixMs(0));
        let beginning = rows::Beginning { episode: &id, title, recording: Some(&recording), started_at };
        rows::begin(&connection, &files, &beginning).unwrap();
        let state = domain::ReplayState::Whole;
        let ended_at = UnixMs(1);
        let end = End { ended_at, duration_ms: 1, bytes: 1, state, peak_viewers: 0, expires_at: None };
        retention::end(&connection, &id, &end).unwrap();
        retention::doom(&connection, &files, &id).unwrap().unwrap();
        if is_file_removed {
            std::fs::remove_file(&recording).unwrap();
        }
        drop(connection);
        let archive = Archive::open(&file).unwrap();
        assert_eq!(archive.replay(&id).unwrap(), Lookup::Gone, "never offered again");
        assert_eq!(archive.expire(crate::Moment { wall: UnixMs(2), boot: None }).unwrap(), []);
        archive.close();
        assert!(!recording.exists());
        assert_eq!(number(&file, "SELECT count(*) FROM episode"), 0);
    }
}

#[test]
fn the_log_is_emptied_later_where_a_reader_stands_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    let mut connection = planned(&file);
    let queue = Arc::new(Queue::default());
    let reader = connection::to_read(&file).unwrap().unwrap();
    let look = reader.unchecked_transaction().unwrap();
    look.query_row("SELECT count(*) FROM chat", (), |_| Ok(())).unwrap();
    let stored = comment(&queue, 1, "something");
    write(&mut connection, &queue, queue.next(None).unwrap(), 1, &AtomicU64::default());
    assert!(stored.try_recv().unwrap());
    assert!(!scrub(&connection), "the reader still needs the log");
    look.commit().unwrap();
    assert!(scrub(&connection));
    assert_eq!(std::fs::metadata(folder.path().join("archive.db-wal")).unwrap().len(), 0);
}

#[test]
fn a_panic_in_the_writer_loses_nothing_that_was_acknowledged_and_answers_everybody() {
    use crate::{Archive, ArchiveError};
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(&folder.path().join("archive.db")).unwrap();
    archive.plan_episode(&episode(), &ShowSlug::default(), "", UnixMs(0)).unwrap();
    let mut answers = Vec::new();
    for round in 0..5_u64 {
        archive.append_hearts(&episode(), ProgramMs(0), &BTreeMap::from([(1, 1)]));
        answers.extend((0..100).map(|number| comment(&archive.threads.queue, round * 1000 + number, "before")));
        let begun = std::time::Instant::now();
        let broken = archive.threads.call::<()>(|_| panic!("a defect, as this test wants it"));
        assert!(matches!(broken, Err(ArchiveError::Defect)), "{broken:?}");
        assert!(begun.elapsed() < std::time::Duration::from_secs(1), "noticed at once");
        assert_eq!(archive.restarts(), round + 1);
        answers.extend((100..200).map(|number| comment(&archive.threads.queue, round * 1000 + number, "after")));
        // Committed before the next panic takes its transaction back.
        archive.threads.call(|_| Ok(())).unwrap();
    }
    let later = archive.threads.call(|_| Ok(7)).unwrap();
    assert_eq!(later, 7, "it goes on");
    let kept = answers.iter().filter(|answer| answer.recv().unwrap()).count();
    let stored = archive.timeline(&episode()).unwrap();
    assert!(stored.is_none(), "it did not begin");
    let (next, _) = archive.last_said(&episode()).unwrap();
    assert_eq!(next, Seq(4200), "what came last is there");
    archive.close();
    let file = folder.path().join("archive.db");
    assert_eq!(number(&file, "SELECT count(*) FROM chat"), i64::try_from(kept).unwrap());
    assert!(kept >= 500, "{kept}: what came after a panic does not share its fate");
    assert_eq!(number(&file, "SELECT sum(count) FROM heart"), 5, "hearts wait");
}

#[test]
fn what_makes_the_archive_panic_again_and_again_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive.db");
    let mut connection = planned(&file);
    let queue = Queue::default();
    for attempt in 1..=ATTEMPTS {
        queue.hearts(&episode(), ProgramMs(0), &BTreeMap::from([(1, 1)]));
        // The clock of the queue makes it wait a moment after each.
        let batch = queue.next(None).unwrap();
        let kept = batch.kept.hearts.iter().map(|(_, count)| count).sum::<u64>();
        assert_eq!(kept, u64::from(attempt), "it was taken back");
        crate::testing::break_next_transaction(&file);
        assert_eq!(write(&mut connection, &queue, batch, attempt, &AtomicU64::default()), Written::Panicked);
    }
    queue.hearts(&episode(), ProgramMs(0), &BTreeMap::from([(1, 1)]));
    assert_eq!(queue.next(None).unwrap().kept.hearts.iter().map(|(_, count)| count).sum::<u64>(), 1);
}
