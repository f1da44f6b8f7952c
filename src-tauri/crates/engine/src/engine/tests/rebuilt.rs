//! Pipelines that fail are replaced, and the broadcast goes on.

use std::time::{Duration, Instant};

use domain::PlanId;
use media::{AccessUnit, ProgramTime, Track};

use super::{DEADLINE, Studio, plan};
use crate::engine::request::Request;
use crate::event::EngineEvent;

/// Makes a pipeline fail, and waits until that is emitted.
fn fail(studio: &Studio, request: fn(String) -> Request) {
    let begun = Instant::now();
    loop {
        // Failures that follow a start at once are left to the watch; so it is said again.
        studio.engine.requests.put(request("a test".to_owned()));
        let emitted = studio.events.recv_timeout(DEADLINE).expect("an event in time");
        if let EngineEvent::Fault { refusal } = emitted {
            assert_eq!(refusal.code, "engine.build");
            return;
        }
        assert!(begun.elapsed() < DEADLINE);
    }
}

fn pictures(units: impl IntoIterator<Item = AccessUnit>) -> Vec<AccessUnit> {
    units.into_iter().filter(|unit| unit.track == Track::Video).collect()
}

#[test]
fn a_mixer_that_fails_on_air_is_replaced_and_program_time_goes_on() {
    let studio = Studio::open();
    let on_air = studio.begin(Some("show.mp4"));
    let before = pictures(on_air.until(ProgramTime::from_millis(500)));
    fail(&studio, Request::MixerFailed);
    let next = studio.engine.program_time().unwrap() + Duration::from_secs(1);
    let after = pictures(on_air.until(next));
    let times: Vec<_> = before.iter().chain(&after).map(|unit| unit.pts).collect();
    assert!(times.is_sorted_by(|earlier, later| earlier < later), "{times:?}");
    studio.engine.show(plan(7, &[], domain::Layout::Solo));
    studio.wait_shown(PlanId(7));
    let recording = studio.end(on_air).expect("a recording");
    assert!(recording.duration.as_millis() >= 1400, "{recording:?}");
    assert!(std::fs::read_dir(studio.folder.path().join("graphs")).unwrap().count() >= 1, "its graph was saved");
}

#[test]
fn encoders_that_fail_on_air_are_replaced_and_begin_with_a_keyframe() {
    let studio = Studio::open();
    let on_air = studio.begin(Some("show.mp4"));
    let before = pictures(on_air.until(ProgramTime::from_millis(500)));
    fail(&studio, Request::EncodingFailed);
    let next = studio.engine.program_time().unwrap() + Duration::from_secs(1);
    let after = pictures(on_air.until(next));
    let all: Vec<_> = before.iter().chain(&after).collect();
    assert!(all.is_sorted_by(|earlier, later| earlier.pts < later.pts));
    let hole = all.windows(2).find(|pair| pair[1].pts.as_nanos() - pair[0].pts.as_nanos() > 34_000_000);
    assert!(hole.is_none_or(|pair| pair[1].keyframe), "what follows a hole can be decoded");
    assert!(studio.end(on_air).is_some());
}
