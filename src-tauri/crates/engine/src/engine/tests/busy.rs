//! An engine that is busy for a while, and asked for more than any queue would hold: what begins,
//! ends and is to be shown is not lost.

use std::sync::mpsc;

use domain::{Layout, PlanId, SourceState};
use media::ProgramTime;

use super::{Studio, id, plan};
use crate::engine::request::Request;
use crate::event::EngineEvent;

/// More than waits anywhere.
const FLOOD: u64 = 20_000;

/// While the engine's thread is busy, floods it and then asks for what must not be lost.
fn while_busy(studio: &Studio, ask: impl FnOnce()) {
    let (go_on, held) = mpsc::channel::<()>();
    let (entered, is_busy) = mpsc::channel();
    studio.engine.requests.put(Request::Test(Box::new(move |_| {
        let _ = entered.send(());
        // Until the other end is dropped.
        let _ = held.recv();
    })));
    is_busy.recv().expect("the engine's thread");
    let flood = || {
        for number in 0..FLOOD {
            let (id, state) = (id("camera"), SourceState::Lost);
            studio.engine.requests.put(Request::Source { id, generation: number, state });
            studio.engine.show(plan(1_000 + number, &[], Layout::Solo));
        }
    };
    flood();
    ask();
    flood();
    drop(go_on);
}

#[test]
fn at_each_moment_of_a_show_what_is_asked_of_a_busy_engine_is_done() {
    let studio = Studio::open();
    let mut begun = None;
    while_busy(&studio, || begun = Some(studio.begin(Some("show.mp4"))));
    let on_air = begun.expect("it was asked for");
    studio.wait(|event| matches!(event, EngineEvent::Began { .. }).then_some(()));
    on_air.until(ProgramTime::from_millis(500));

    while_busy(&studio, || {});
    studio.engine.show(plan(7, &[], Layout::Solo));
    studio.wait_shown(PlanId(7));
    while_busy(&studio, || studio.engine.show(plan(8, &[], Layout::Solo)));
    // The newest target, which takes the place of those before.
    studio.wait_shown(PlanId(1_000 + FLOOD - 1));

    while_busy(&studio, || studio.engine.end());
    studio.wait(|event| matches!(event, EngineEvent::Ended).then_some(()));
    assert!(on_air.recorder.expect("a recorder").finish().is_ok());
}
