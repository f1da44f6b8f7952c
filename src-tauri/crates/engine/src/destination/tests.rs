//! Destinations against real far ends that stop, stay silent, say no, and heal.
#![allow(clippy::print_stdout, reason = "a test that cannot run says so")]

mod door;
mod far_end;
mod program;

use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use domain::{DestinationAddress, DestinationId, DestinationReport, DestinationState};

use super::Destination;
use crate::event::{EngineEvent, EventSink};
use door::Door;
use far_end::{Kind, Nginx, Tag};
use program::LiveProgram;

const KEY: &str = "s3cret-k3y";
/// Longer than any wait here takes on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A destination that is being pushed to, and its events.
struct Pushed {
    destination: Option<Destination>,
    reports: mpsc::Receiver<DestinationReport>,
    graphs: tempfile::TempDir,
}

impl Pushed {
    fn start(live: &LiveProgram, id: u64, host: &str) -> Self {
        Self::start_at(live, id, &format!("rtmp://{host}/live/{KEY}"))
    }

    fn start_at(live: &LiveProgram, id: u64, address: &str) -> Self {
        crate::init().unwrap();
        let (send, reports) = mpsc::channel();
        let send = std::sync::Mutex::new(send);
        let sink: EventSink = Arc::new(move |event| {
            assert!(!format!("{event:?}").contains(KEY), "{event:?}");
            if let EngineEvent::Destination(report) = event {
                let _ = send.lock().unwrap().send(report);
            }
        });
        let address = DestinationAddress::parse(address).unwrap();
        let (host, target) = (address.host().to_owned(), address.target(None));
        let graphs = tempfile::tempdir().unwrap();
        let folder = graphs.path().to_owned();
        let program = live.program.clone();
        let destination = Destination::start(DestinationId(id), target, host, program, folder, sink);
        Self { destination: Some(destination), reports, graphs }
    }

    /// Waits until it reports `state` with `code`.
    fn until(&self, state: DestinationState, code: &str) -> (String, u32) {
        let deadline = Instant::now() + PATIENCE;
        let mut before = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(report) = self.reports.recv_timeout(left) else {
                panic!("{state:?} {code} was not reported, but {before:?}");
            };
            if (report.state, report.code) == (state, code) {
                return (report.problem, report.kbps);
            }
            before.push((report.state, report.code));
        }
    }

    fn end(mut self) {
        drop(self.destination.take());
        self.check_end();
    }

    /// Waits for its end.
    fn check_end(&self) {
        self.until(DestinationState::Ended, "");
        for graph in std::fs::read_dir(self.graphs.path()).unwrap() {
            let text = std::fs::read_to_string(graph.unwrap().path()).unwrap();
            assert!(!text.contains(KEY), "a graph holds the key");
        }
    }
}

/// Frames and sound without a hole, from a keyframe at the beginning of time on.
fn check_whole(tags: &[Tag]) {
    let pictures: Vec<&Tag> = tags.iter().filter(|tag| matches!(tag.kind, Kind::Keyframe | Kind::Picture)).collect();
    assert!(pictures.len() > 20, "{} pictures", pictures.len());
    assert_eq!((pictures[0].kind, pictures[0].ms), (Kind::Keyframe, 0));
    let hole = pictures.windows(2).map(|pair| pair[1].ms - pair[0].ms).max();
    assert!(hole.is_some_and(|hole| hole <= 34), "a hole of {hole:?} ms");
    assert!(tags.iter().filter(|tag| tag.kind == Kind::Sound).count() > 20);
}

#[test]
fn the_program_arrives_whole_and_the_end_is_clean() {
    let nginx = Nginx::start(false);
    let program = LiveProgram::start();
    let pushed = Pushed::start(&program, 1, &nginx.host);
    pushed.until(DestinationState::Connecting, "");
    pushed.until(DestinationState::OnAir, "");
    let (_, kbps) = pushed.until(DestinationState::OnAir, "");
    assert!(kbps > 500, "{kbps} kb/s");
    pushed.end();
    check_whole(&nginx.taken()[0]);
}

#[test]
fn the_end_of_the_program_is_a_goodbye_after_its_last_frame() {
    let nginx = Nginx::start(false);
    let program = LiveProgram::start();
    let pushed = Pushed::start(&program, 1, &nginx.host);
    pushed.until(DestinationState::OnAir, "");
    program.program.end();
    pushed.check_end();
    check_whole(&nginx.taken()[0]);
}

#[test]
fn a_server_that_stops_is_lost_and_comes_back_while_another_gets_everything() {
    let (mut fragile, steady) = (Nginx::start(false), Nginx::start(false));
    let program = LiveProgram::start();
    let lost = Pushed::start(&program, 1, &fragile.host);
    let kept = Pushed::start(&program, 2, &steady.host);
    lost.until(DestinationState::OnAir, "");
    kept.until(DestinationState::OnAir, "");
    fragile.stop();
    let (problem, _) = lost.until(DestinationState::Retrying, "destination.lost");
    assert!(problem.contains(&fragile.host) && !problem.contains(KEY), "{problem}");
    lost.until(DestinationState::Retrying, "destination.unreachable");
    fragile.heal();
    lost.until(DestinationState::OnAir, "");
    lost.end();
    kept.end();
    assert_eq!(steady.taken().len(), 1, "one connection");
    check_whole(&steady.taken()[0]);
    check_whole(fragile.taken().last().unwrap());
}

#[test]
fn a_server_that_accepts_and_stays_silent_is_told_and_tried_again() {
    let mut nginx = Nginx::start(false);
    nginx.stop();
    let silent = TcpListener::bind((nginx.host.as_str(), 1935)).unwrap();
    let program = LiveProgram::start();
    let pushed = Pushed::start(&program, 1, &nginx.host);
    pushed.until(DestinationState::Retrying, "destination.silent");
    drop(silent);
    nginx.heal();
    pushed.until(DestinationState::OnAir, "");
    pushed.end();
    check_whole(nginx.taken().last().unwrap());
}

#[test]
fn a_server_that_stops_reading_is_silent_and_comes_back() {
    let nginx = Nginx::start(false);
    let program = LiveProgram::start();
    let pushed = Pushed::start(&program, 1, &nginx.host);
    pushed.until(DestinationState::OnAir, "");
    nginx.freeze();
    let frozen = Instant::now();
    pushed.until(DestinationState::Retrying, "destination.silent");
    println!("noticed after {:.1} s", frozen.elapsed().as_secs_f32());
    nginx.thaw();
    pushed.until(DestinationState::OnAir, "");
    pushed.end();
    check_whole(nginx.taken().last().unwrap());
}

#[test]
fn a_server_that_says_no_and_a_server_that_is_not_there_are_told_apart() {
    let nginx = Nginx::start(true);
    let program = LiveProgram::start();
    let refused = Pushed::start(&program, 1, &nginx.host);
    let (problem, _) = refused.until(DestinationState::Retrying, "destination.refused");
    assert!(problem.contains("stream key"), "{problem}");
    let nobody = Pushed::start(&program, 2, "nobody.invalid");
    nobody.until(DestinationState::Retrying, "destination.unreachable");
    refused.end();
    nobody.end();
}

#[test]
fn a_far_end_that_refuses_is_asked_once_an_attempt() {
    let door = Door::shut();
    let program = LiveProgram::start();
    let pushed = Pushed::start(&program, 1, &door.host);
    for attempts in 1..=2 {
        pushed.until(DestinationState::Retrying, "destination.refused");
        assert_eq!(door.knocks(), attempts);
    }
    pushed.end();
}

#[test]
fn a_certificate_that_is_not_believed_is_named_with_its_reason_and_its_end() {
    let door = Door::with_an_expired_certificate();
    let program = LiveProgram::start();
    let pushed = Pushed::start_at(&program, 1, &format!("rtmps://{}/live/{KEY}", door.host));
    let (problem, _) = pushed.until(DestinationState::Retrying, "destination.certificate");
    for words in [door.host.as_str(), "nobody whom this computer trusts", "(valid until 20"] {
        assert!(problem.contains(words), "{words:?} in {problem:?}");
    }
    assert!(!problem.contains("stream key"), "{problem}");
    pushed.end();
}

#[test]
fn a_far_end_without_encryption_is_not_one_with_a_wrong_key() {
    let door = Door::shut();
    let program = LiveProgram::start();
    let pushed = Pushed::start_at(&program, 1, &format!("rtmps://{}/live/{KEY}", door.host));
    pushed.until(DestinationState::Retrying, "destination.tls");
    pushed.end();
}
