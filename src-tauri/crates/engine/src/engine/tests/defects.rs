//! A panic in any thread of the engine is noticed, reported, and costs that part only.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use domain::{Layout, PlanId, SourceKind, SourceState};
use media::{ProgramTime, Track};

use super::{OnAir, Studio, assert_without_holes, id, plan};
use crate::engine::director::{Air, Director};
use crate::engine::request::Request;
use crate::event::EngineEvent;

/// A panic is noticed within a second: times five.
const NOTICED: Duration = Duration::from_secs(5);

/// Does something in the engine's thread.
fn inject(studio: &Studio, defect: impl FnOnce(&mut Director) + Send + 'static) {
    studio.engine.requests.put(Request::Test(Box::new(defect)));
}

/// Waits for a fault of this code whose text says `part`.
fn noticed(studio: &Studio, code: &str, part: &str) {
    until(
        studio,
        |event| matches!(event, EngineEvent::Fault { refusal } if refusal.code == code && refusal.message.contains(part)),
    );
}

fn until(studio: &Studio, fits: impl Fn(&EngineEvent) -> bool) {
    let began = Instant::now();
    loop {
        let event = studio.events.recv_timeout(NOTICED.saturating_sub(began.elapsed())).expect("an event in time");
        if fits(&event) {
            return;
        }
    }
}

/// On air with a camera and a microphone.
fn on_air(studio: &Studio) -> OnAir {
    studio.engine.show(plan(1, &[SourceKind::Camera, SourceKind::Microphone], Layout::Solo));
    studio.wait_running(&["camera", "microphone"]);
    let on_air = studio.begin(Some("show.mp4"));
    on_air.until(ProgramTime::from_millis(300));
    on_air
}

/// Another second of the program, from now on.
fn another_second(studio: &Studio, on_air: &OnAir) -> Vec<media::AccessUnit> {
    let now = studio.engine.program_time().expect("it is on air");
    on_air.until(now);
    on_air.until(now + Duration::from_secs(1)).into()
}

fn assert_ends_whole(studio: &Studio, on_air: OnAir) {
    let recording = studio.end(on_air).expect("a recording");
    super::ffprobe(&recording.path, &["-count_frames", "-show_entries", "stream=nb_read_frames"]);
}

#[test]
fn a_panic_of_the_engines_thread_costs_no_frame_and_the_engine_goes_on() {
    let studio = Studio::open();
    let on_air = on_air(&studio);
    inject(&studio, |_| panic!("a test"));
    noticed(&studio, "engine.panicked", "engine");
    assert_without_holes(&another_second(&studio, &on_air).into());
    studio.engine.show(plan(2, &[SourceKind::Screen], Layout::Solo));
    studio.wait_shown(PlanId(2));
    assert_ends_whole(&studio, on_air);
}

#[test]
fn an_engine_that_panics_again_is_made_anew_and_at_last_the_show_ends_whole() {
    let studio = Studio::open();
    let on_air = on_air(&studio);
    for _ in 0..2 {
        inject(&studio, |_| panic!("a test"));
        noticed(&studio, "engine.panicked", "engine");
    }
    let goes_on = another_second(&studio, &on_air);
    assert!(goes_on.iter().any(|unit| unit.track == Track::Opus) && goes_on.len() > 60, "{}", goes_on.len());
    inject(&studio, |_| panic!("a test"));
    noticed(&studio, "engine.gave_up", "the show ends");
    until(&studio, |event| matches!(event, EngineEvent::Ended));
    let recording = on_air.recorder.expect("a recorder").finish().expect("a recording");
    super::ffprobe(&recording.path, &["-count_frames", "-show_entries", "stream=nb_read_frames"]);
    // Who begins once more gets another show.
    let again = studio.begin(None);
    again.until(ProgramTime::from_millis(300));
    studio.end(again);
}

#[test]
fn a_broadcast_that_is_lost_in_a_panic_is_over_and_is_said_to_be() {
    let studio = Studio::open();
    let on_air = on_air(&studio);
    inject(&studio, |director| {
        let _lost = std::mem::replace(&mut director.air, Air::Off);
        panic!("a test")
    });
    until(&studio, |event| matches!(event, EngineEvent::Ended));
    let recording = on_air.recorder.expect("a recorder").finish().expect("a recording");
    super::ffprobe(&recording.path, &["-count_frames", "-show_entries", "stream=nb_read_frames"]);
}

#[test]
fn an_end_whose_thread_panics_is_an_end() {
    let studio = Studio::open();
    let on_air = on_air(&studio);
    inject(&studio, |director| {
        director.air = Air::Ending(thread::spawn(|| panic!("a test")));
    });
    until(&studio, |event| matches!(event, EngineEvent::Ended));
    assert!(on_air.recorder.expect("a recorder").finish().is_ok());
}

#[test]
fn a_blender_that_panics_is_replaced_within_a_second() {
    let studio = Studio::open();
    let on_air = on_air(&studio);
    inject(&studio, |director| director.program.break_blender());
    noticed(&studio, "engine.panicked", "blender");
    assert_without_holes(&another_second(&studio, &on_air).into());
    assert_ends_whole(&studio, on_air);
}

#[test]
fn a_panic_in_the_mixers_thread_is_a_mixer_that_is_replaced() {
    let studio = Studio::open();
    let on_air = on_air(&studio);
    // One that fails just after its start is left to the watch.
    on_air.until(ProgramTime::from_millis(2_500));
    inject(&studio, |director| director.program.output.is_broken.store(true, Ordering::Relaxed));
    noticed(&studio, "engine.build", "mixer");
    let goes_on = another_second(&studio, &on_air);
    assert!(goes_on.iter().any(|unit| unit.track == Track::Opus));
    assert_ends_whole(&studio, on_air);
}

#[test]
fn a_painter_that_panics_is_started_again_and_paints() {
    let studio = Studio::open();
    let on_air = studio.begin(None);
    let mut wanted = plan(1, &[], Layout::Solo);
    wanted.graphics.hearts = true;
    studio.engine.show(wanted);
    on_air.until(ProgramTime::from_millis(300));
    studio.engine.painter.break_renderer();
    noticed(&studio, "engine.panicked", "painter");
    studio.engine.hearts(204, 1);
    until(&studio, |event| matches!(event, EngineEvent::HeartShown { hue: 204, .. }));
}

#[test]
fn a_source_whose_thread_panics_is_opened_again() {
    let studio = Studio::open();
    studio.engine.show(plan(1, &[SourceKind::Camera], Layout::Solo));
    studio.wait_running(&["camera"]);
    inject(&studio, |director| director.sources.break_source(&id("camera")));
    noticed(&studio, "engine.panicked", "source");
    until(&studio, |event| matches!(event, EngineEvent::Source { state: SourceState::Running, .. }));
}

#[test]
fn a_destination_whose_thread_panics_is_started_again() {
    let studio = Studio::open();
    let address = domain::DestinationAddress::parse("rtmp://127.0.0.1:9/live/show").unwrap();
    studio.engine.add_destination(domain::DestinationId(1), &address, None);
    let _on_air = on_air(&studio);
    inject(&studio, |director| {
        let Air::On(on_air, _) = &mut director.air else { panic!("it is on air") };
        on_air.break_destination(domain::DestinationId(1));
    });
    noticed(&studio, "engine.panicked", "destination");
    until(&studio, |event| matches!(event, EngineEvent::Destination(_)));
}
