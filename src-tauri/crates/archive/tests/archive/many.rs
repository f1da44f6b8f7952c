//! Many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use domain::room::Stored;
use domain::{ProgramMs, Seq, UnixMs};

use crate::support::{Place, T, append, comment, episode, identity, said, show};

#[test]
fn readers_see_whole_states_while_a_writer_writes() {
    let place = Place::new();
    let archive = place.open();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    archive.begin_episode(&episode(1), "", None, UnixMs(T)).unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (reader, is_over) = (place.reader(), Arc::clone(&is_over));
            thread::spawn(move || {
                let (mut looks, mut before) = (0, 0);
                while !is_over.load(Ordering::Relaxed) {
                    let timeline = reader.timeline(&episode(1)).unwrap().unwrap();
                    assert!(timeline.chat.len() >= before, "never less than before");
                    assert!(timeline.chat.iter().zip(1..).all(|(said, seq)| said.seq == Seq(seq)), "no holes");
                    before = timeline.chat.len();
                    looks += 1;
                }
                looks
            })
        })
        .collect();
    let (stored, answers) = std::sync::mpsc::channel();
    for seq in 1..=2000 {
        let stored = stored.clone();
        let done = Box::new(move |answer| stored.send(answer == Stored::Kept).unwrap());
        archive.append_chat(&episode(1), comment(&said(seq, 0, "one of many")), done);
        archive.append_hearts(&episode(1), ProgramMs(seq * 10), &[(1, 1)].into());
        if seq % 100 == 0 {
            assert_eq!(identity(&archive, [1; 32]), None);
            archive.remove_message(&episode(1), Seq(1_000_000)).unwrap();
        }
    }
    drop(stored);
    assert_eq!(answers.iter().filter(|is_stored| *is_stored).count(), 2000);
    archive.end_episode(&episode(1), crate::support::end(T, None)).unwrap();
    is_over.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.join().unwrap() > 0);
    }
    assert_eq!(archive.replays().unwrap()[0].hearts, 2000);
}

#[test]
fn episodes_of_many_threads_do_not_mix() {
    let place = Place::new();
    let archive = place.open();
    let threads: Vec<_> = (1..=8)
        .map(|number| {
            let archive = archive.clone();
            thread::spawn(move || {
                let one = episode(number);
                archive.plan_episode(&one, &show(), "", UnixMs(T)).unwrap();
                archive.begin_episode(&one, &format!("{number}"), None, UnixMs(T + u64::from(number))).unwrap();
                for seq in 1..=20 {
                    assert!(append(&archive, &one, &said(seq, 0, &format!("{number}"))));
                    archive.append_hearts(&one, ProgramMs(0), &[(1, u32::from(number))].into());
                }
                archive.end_episode(&one, crate::support::end(T, None)).unwrap();
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    for number in 1..=8 {
        let timeline = archive.timeline(&episode(number)).unwrap().unwrap();
        assert_eq!(timeline.chat.len(), 20);
        assert!(timeline.chat.iter().all(|said| said.text == number.to_string()));
        assert_eq!(timeline.hearts[0].by_hue, [(1, 20 * u32::from(number))].into());
    }
}

#[test]
fn the_last_clone_may_go_within_an_acknowledgement() {
    let place = Place::new();
    let archive = place.open();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    let (stored, answer) = std::sync::mpsc::channel();
    let (clone, in_answer) = (archive.clone(), archive.clone());
    clone.append_chat(
        &episode(1),
        comment(&said(1, 0, "goodbye")),
        Box::new(move |answer| {
            drop(in_answer);
            stored.send(answer == Stored::Kept).unwrap();
            panic!("a careless caller, as this test wants it");
        }),
    );
    drop((archive, clone));
    assert!(answer.recv_timeout(crate::support::DEADLINE).unwrap());
    let archive = place.open();
    assert_eq!(archive.last_said(&episode(1)).unwrap().0, Seq(2));
}
