//! kill -9: what was acknowledged is there.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use domain::room::Stored;
use domain::{ProgramMs, UnixMs};

use crate::support::{Place, T, append, comment, episode, said, show};

/// Says to a child, which is this test binary, where to write.
const FOLDER: &str = "ANTENNE_TEST_ARCHIVE";
const KILLS: u64 = 10;
/// Comments that the child has not seen acknowledged yet.
const IN_FLIGHT: u64 = 400;

/// Not a test of its own: the process that is killed. It appends for ever and prints the place of
/// every comment that was acknowledged, from within the acknowledgement.
#[test]
fn child_that_appends_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let archive = archive::Archive::open(&std::path::Path::new(&folder).join("archive.db")).unwrap();
    let (next, _) = archive.last_said(&episode(1)).unwrap();
    let (acknowledged, answers) = std::sync::mpsc::channel();
    for (waiting, seq) in (0..).zip(next.0..) {
        let acknowledged = acknowledged.clone();
        let done = move |answer| {
            assert_eq!(answer, Stored::Kept);
            println!("stored {seq}");
            std::io::stdout().flush().unwrap();
            acknowledged.send(()).unwrap();
        };
        archive.append_chat(&episode(1), comment(&said(seq, seq, &format!("comment {seq}"))), Box::new(done));
        archive.append_hearts(&episode(1), ProgramMs(seq), &[(1, 1)].into());
        // There is always more than one transaction's worth on its way.
        if waiting >= IN_FLIGHT {
            answers.recv().unwrap();
        }
    }
}

fn start(place: &Place) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child_that_appends_until_it_is_killed", "--nocapture", "--test-threads=1"])
        .env(FOLDER, place.folder())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

fn place_of(line: &str) -> Option<u64> {
    line.trim_end().rsplit_once("stored ").and_then(|(_, seq)| seq.parse().ok())
}

#[test]
fn no_acknowledged_comment_is_missing_after_kill_minus_nine_and_readers_look_on_meanwhile() {
    let place = Place::new();
    let archive = place.open();
    archive.plan_episode(&episode(1), &show(), "", UnixMs(T)).unwrap();
    archive.begin_episode(&episode(1), "Killed", Some(&place.recording("1.mp4")), UnixMs(T)).unwrap();
    archive.close();
    let mut acknowledged = Vec::new();
    for round in 0..KILLS {
        let (mut child, mut lines) = start(&place);
        // Random, so that every run looks at other moments; printed, so that a failure can be read.
        let after = 1 + RandomState::new().build_hasher().finish() % 700;
        let mut line = String::new();
        let mut seen = 0;
        while seen < after {
            line.clear();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "the child ended by itself");
            if let Some(seq) = place_of(&line) {
                acknowledged.push(seq);
                seen += 1;
            }
        }
        // Another process writes: this one looks, and sees at least what was acknowledged. Not in every
        // round, because looking takes time and the kill is to come at any moment.
        if round % 2 == 0 {
            let timeline = place.reader().timeline(&episode(1)).unwrap().unwrap();
            assert!(timeline.chat.len() >= acknowledged.len());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.lines().map_while(Result::ok) {
            acknowledged.extend(place_of(&line));
        }
        // Once with the log still there, read-only; then as the studio opens it.
        assert!(place.reader().timeline(&episode(1)).unwrap().unwrap().chat.len() >= acknowledged.len());
        let archive = place.open();
        let chat = archive.timeline(&episode(1)).unwrap().unwrap().chat;
        for seq in &acknowledged {
            let found = chat.binary_search_by_key(seq, |said| said.seq.0);
            assert_eq!(found.ok().map(|at| chat[at].text.clone()), Some(format!("comment {seq}")), "round {round}");
        }
        assert_eq!(archive.unfinished().unwrap().len(), 1, "the next start knows that it was cut short");
        archive.close();
        println!("round {round}: killed after {after}; {} acknowledged, {} kept", acknowledged.len(), chat.len());
    }
    let archive = place.open();
    let next = archive.last_said(&episode(1)).unwrap().0;
    assert!(append(&archive, &episode(1), &said(next.0, 0, "the show goes on")));
}
