//! A player that follows the rules gets every part, in time, without ever asking twice.

use std::sync::Mutex;

use media::{Look, Program};

use super::super::{Answer, Hls, Reached, Stage, View};
use super::*;

/// Asks as hls.js and AVPlayer do: for the playlist that has the part after the newest it knows of.
struct Player {
    next: (u64, u64),
    got: Vec<(u64, u64)>,
}

impl Player {
    /// Where nothing is there yet, it waits; else it takes what was announced.
    fn ask(&mut self, view: &View) {
        loop {
            let (msn, part) = self.next;
            match view.answer(Wanted::Playlist(Some(Reached { msn, part: Some(part) }))) {
                Answer::Wait => return,
                Answer::Playlist => {}
                _ => panic!("{:?} is refused", self.next),
            }
            let text = std::str::from_utf8(&view.media.plain).unwrap();
            let read = rules::read(text);
            let listed = read.segments.iter().flat_map(|segment| &segment.parts).map(|part| {
                let (msn, rest) = part.address.split_once('.').unwrap();
                (msn.parse().unwrap(), rest.trim_end_matches(".m4s").parse().unwrap())
            });
            for (msn, part) in listed.filter(|at| self.got.last().is_none_or(|last| at > last)).collect::<Vec<_>>() {
                let Answer::Here(bytes, _) = view.answer(Wanted::Part(msn, part)) else { panic!("{msn}.{part}") };
                assert!(!bytes[0].is_empty());
                self.got.push((msn, part));
            }
            if read.ended {
                return;
            }
            let hint = read.hint.expect("it goes on");
            let (msn, rest) = hint.split_once('.').unwrap();
            let next = (msn.parse().unwrap(), rest.trim_end_matches(".m4s").parse().unwrap());
            assert!(next > self.next, "an answer that is not what was asked for: {:?}", self.next);
            self.next = next;
        }
    }
}

#[test]
fn a_player_that_waits_for_each_part_gets_all_of_them_in_order() {
    let mut packager = Packager::new(ZERO_MS);
    let mut player: Option<Player> = None;
    for unit in show(30, 40, &[aac(1)], LATE) {
        if packager.push(unit)
            && let Some(view) = View::of("x", &packager)
        {
            player.get_or_insert_with(|| Player { next: (0, 0), got: Vec::new() }).ask(&view);
        }
    }
    packager.end();
    let mut player = player.expect("it began");
    player.ask(&View::of("x", &packager).unwrap());
    let expected: Vec<_> = (0..20).flat_map(|msn| (0..9).map(move |part| (msn, part))).collect();
    assert_eq!(player.got, expected);
}

#[test]
fn what_is_sent_compressed_is_the_same() {
    let mut packager = Packager::new(ZERO_MS);
    for unit in show(30, 9, &[aac(1)], LATE) {
        packager.push(unit);
    }
    let view = View::of("x", &packager).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&view.media.gzip[..]), &mut text).unwrap();
    assert_eq!(text.as_bytes(), view.media.plain);
    assert!(view.media.gzip.len() * 3 < text.len(), "{} of {}", view.media.gzip.len(), text.len());
}

/// The name of the stream that is open, as soon as one is that is not called `other`.
async fn opened(hls: &Hls, other: &str) -> String {
    let mut stage = hls.stage();
    let is_new = |stage: &Stage| matches!(stage, Stage::Open(view) if view.stream != other);
    let stage = tokio::time::timeout(Duration::from_secs(5), stage.wait_for(is_new)).await.expect("it opens");
    let Stage::Open(view) = &*stage.expect("it is there") else { panic!("it is open") };
    view.stream.clone()
}

#[tokio::test]
async fn a_stream_that_tears_is_followed_by_another_and_the_host_is_told() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let notices = told.clone();
    let hls = Hls::new(Duration::from_secs(600), Arc::new(move |notice| notices.lock().unwrap().push(notice)));
    let program = Program::new(Look::Dressed);
    hls.read(program.clone());
    let units = show(30, 21, &[aac(1)], LATE);
    let (before, after): (Vec<_>, Vec<_>) = units.into_iter().partition(|unit| unit.pts < ms(8000));
    before.iter().for_each(|unit| program.publish(unit.clone()));
    let torn = opened(&hls, "").await;
    program.publish(AccessUnit { config: aac(u32::MAX), ..packet(&aac(1), 400) });
    let mut stage = hls.stage();
    let coming = tokio::time::timeout(Duration::from_secs(5), stage.wait_for(|stage| matches!(stage, Stage::Coming)));
    drop(coming.await.expect("it tears").expect("it is there"));
    let reads = async {
        while program.readers() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), reads).await.expect("it reads again");
    after.into_iter().for_each(|unit| program.publish(unit));
    let next = opened(&hls, &torn).await;
    assert_ne!(next, torn);
    let codes: Vec<_> = told.lock().unwrap().iter().map(|notice| notice.refusal.code.clone()).collect();
    assert_eq!(codes, ["audience.hls_restarted"]);
    hls.close();
    assert!(matches!(*hls.stage().borrow(), Stage::Nothing) && program.readers() <= 1);
}
