//! A pipeline whose state changes hang, as those of some drivers do.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use gst::prelude::{Cast, ElementExt};

use crate::chain::{Chain, Part};

const DEADLINE: Duration = Duration::from_secs(5);

/// What the state changes wait for.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Lets everybody through, from now on.
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Looks again and again whether something is so that cannot say when it is.
    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < DEADLINE, "not in time: {what}");
            std::thread::yield_now();
        }
    }

    fn pass(&self) {
        let mut is_open = self.0.0.lock().unwrap();
        while !*is_open {
            is_open = self.0.1.wait(is_open).unwrap();
        }
    }
}

/// A pipeline that hangs in every state change until its gate is opened.
pub(crate) fn hanging() -> (gst::Pipeline, Gate) {
    let pipeline = gst::Pipeline::new();
    let gate = Gate::default();
    hang(&pipeline, &gate);
    (pipeline, gate)
}

/// Makes a pipeline hang: the thread that changes its state cannot say so.
pub(crate) fn hang(pipeline: &gst::Pipeline, gate: &Gate) {
    Chain::start(Part::new("fakesrc")).then(Part::new("fakesink")).build(pipeline.upcast_ref(), "test").unwrap();
    let gate = gate.clone();
    pipeline.bus().unwrap().set_sync_handler(move |_, message| {
        if message.type_() == gst::MessageType::StateChanged {
            gate.pass();
        }
        gst::BusSyncReply::Drop
    });
}
