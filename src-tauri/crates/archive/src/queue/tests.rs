use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{PublicViewer, Said, Seq, ViewerId};

use super::*;
use crate::AsRunKind;

fn episode() -> EpisodeId {
    EpisodeId::from_random([1; 16])
}

fn row(seq: u64) -> ChatRow {
    let viewer = PublicViewer { id: ViewerId::from_random([1; 16]), name: String::new(), hue: 0, badge: None, n: None };
    let said = Said { seq: Seq(seq), at_ms: ProgramMs(0), viewer, text: String::new() };
    ChatRow { episode: episode(), comment: crate::rows::comment(said) }
}

fn line() -> AsRunRow {
    AsRunRow { episode: episode(), at: ProgramMs(0), kind: AsRunKind::Layout, detail: String::new() }
}

#[test]
fn a_full_queue_refuses_comments_at_once_and_takes_them_again_when_there_is_room() {
    let queue = Queue::default();
    let refused = Arc::new(AtomicUsize::new(0));
    let count = || -> Answer {
        let refused = Arc::clone(&refused);
        Box::new(move |answer| {
            assert_eq!(answer, Stored::Failed);
            refused.fetch_add(1, Ordering::Relaxed);
        })
    };
    for seq in 0..CHAT_WAITING as u64 + 10 {
        queue.chat(row(seq), count());
    }
    assert_eq!(refused.load(Ordering::Relaxed), 10);
    let batch = queue.next(None).unwrap();
    assert_eq!(batch.jobs.len(), BATCH);
    assert!(matches!(&batch.jobs[0], Job::Chat(row, _) if row.comment.said.seq == Seq(0)), "in order");
    for seq in 0..BATCH as u64 + 1 {
        queue.chat(row(seq), count());
    }
    assert_eq!(refused.load(Ordering::Relaxed), 11);
}

#[test]
fn hearts_and_lines_are_not_refused_with_the_comments() {
    let queue = Queue::default();
    for _ in 0..100_000 {
        queue.hearts(&episode(), ProgramMs(0), &BTreeMap::from([(1, 2)]));
    }
    for _ in 0..AS_RUN_WAITING + 5 {
        queue.as_run(line());
    }
    let batch = queue.next(None).unwrap();
    assert_eq!(batch.kept.hearts.iter().map(|(_, count)| count).collect::<Vec<_>>(), [200_000]);
    assert_eq!(batch.kept.as_run.len(), AS_RUN_WAITING);
}

#[test]
fn what_could_not_be_committed_comes_again_with_what_was_added_since() {
    let queue = Queue::default();
    queue.hearts(&episode(), ProgramMs(0), &BTreeMap::from([(1, 2)]));
    queue.as_run(line());
    let batch = queue.next(None).unwrap();
    queue.hearts(&episode(), ProgramMs(0), &BTreeMap::from([(1, 3)]));
    queue.take_back(batch.kept);
    // A comment does not wait for the pause.
    queue.chat(row(1), Box::new(|_| ()));
    let batch = queue.next(None).unwrap();
    assert_eq!(batch.kept.hearts.iter().map(|(_, count)| count).collect::<Vec<_>>(), [5]);
    assert_eq!((batch.kept.as_run.len(), batch.jobs.len()), (1, 1));
    queue.take_back(batch.kept);
    assert!(queue.next(None).is_some_and(|batch| !batch.kept.is_empty()), "after the pause, by itself");
}

#[test]
fn a_closed_queue_hands_over_what_waits_and_then_ends() {
    let queue = Queue::default();
    queue.chat(row(1), Box::new(|_| ()));
    queue.hearts(&episode(), ProgramMs(0), &BTreeMap::from([(1, 2)]));
    queue.close();
    let batch = queue.next(None).unwrap();
    assert_eq!(batch.jobs.len(), 1);
    queue.take_back(batch.kept);
    assert!(queue.next(None).is_none(), "no endless attempts at the end");
}
