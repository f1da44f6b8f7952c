use std::sync::{Arc, mpsc};
use std::thread;

use domain::SourceId;

use super::*;
use crate::blender::Pixels;
use crate::joint::SourceSink;
use crate::state_change::hanging::{Gate, hang};

/// Ten attempts of a source, pauses included, and then some.
const WITHIN: Duration = Duration::from_secs(20);

struct Heard(mpsc::Sender<EngineEvent>);

impl SourceSink for Heard {
    fn frame(&self, _pixels: Pixels, _pts: gst::ClockTime) {}
    fn audio(&self, _buffer: gst::Buffer) {}
    fn event(&self, event: EngineEvent) {
        let _ = self.0.send(event);
    }
    fn peak(&self, _db: f32) {}
}

/// Waits for an event that fits.
fn wait_for(events: &mpsc::Receiver<EngineEvent>, fits: impl Fn(&EngineEvent) -> bool) {
    let began = Instant::now();
    loop {
        let event = events.recv_timeout(WITHIN.saturating_sub(began.elapsed())).expect("an event in time");
        if fits(&event) {
            return;
        }
    }
}

#[test]
fn a_device_that_hangs_costs_two_threads_says_so_and_is_tried_again_when_it_lets_go() {
    gst::init().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (event, events) = mpsc::channel();
    let (asked, attempts) = mpsc::channel();
    let (stop, stopped) = mpsc::sync_channel(0);
    let (gate, stuck) = (Gate::default(), Stuck::default());
    let supervised = thread::spawn({
        let (gate, stuck) = (gate.clone(), stuck.clone());
        move || {
            let id = SourceId::parse("camera").unwrap();
            let mut reporter = Reporter::new(id, Arc::new(Heard(event)));
            supervise(&mut reporter, &stopped, &stuck, |reporter| {
                let _ = asked.send(());
                let pipeline = gst::Pipeline::new();
                hang(&pipeline, &gate);
                let watched = Watched {
                    pipeline,
                    pulse: &Pulse::new(),
                    what: "camera's pipeline",
                    graphs_dir: folder.path(),
                    deadline: Duration::from_millis(50),
                    stuck: &stuck,
                    silent: "It gives nothing.",
                };
                watched.run(reporter, &stopped)
            });
        }
    });
    wait_for(&events, |event| matches!(event, EngineEvent::Fault { refusal } if refusal.code == "source.stuck"));
    assert_eq!(stuck.count(), STUCK);
    assert_eq!(attempts.try_iter().count(), STUCK, "no further attempt was made");
    let more = attempts.recv_timeout(Duration::from_secs(2));
    assert!(more.is_err(), "and none is made while they hang");
    gate.open();
    attempts.recv_timeout(WITHIN).expect("it is tried again");
    drop(stop);
    supervised.join().unwrap();
    gate.wait_until("all are stopped", || stuck.count() == 0);
}
