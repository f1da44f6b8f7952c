mod any_number;
mod killed;
mod lip_sync;
mod rebuilt;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use domain::{
    Canvas, Composition, Graphics, Layout, Plan, PlanId, SourceId, SourceKind, SourceSpec, SourceState, Strip,
};
use media::{AccessUnit, ProgramTime, Track};

use super::Engine;
use crate::event::{Broadcast, EngineConfig, EngineEvent, FinishedRecording};
use crate::recording::tests::ffprobe;

const CANVAS: Canvas = Canvas { width: 640, height: 360, fps: 30 };
const DEADLINE: Duration = Duration::from_secs(60);

struct Studio {
    engine: Engine,
    events: mpsc::Receiver<EngineEvent>,
    folder: tempfile::TempDir,
}

impl Studio {
    fn open() -> Self {
        Self::open_with(CANVAS)
    }

    fn open_with(canvas: Canvas) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (event, events) = mpsc::channel();
        let config = EngineConfig { canvas, video_kbps: 800, audio_kbps: 96, graphs_dir: folder.path().join("graphs") };
        let engine = Engine::start(
            config,
            std::sync::Arc::new(move |told| {
                let _ = event.send(told);
            }),
        );
        Self { engine: engine.unwrap(), events, folder }
    }

    /// Waits for an event that `wanted` turns into something; a fault is a failure of the test.
    fn wait<T>(&self, wanted: impl Fn(&EngineEvent) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            let event = self.events.recv_timeout(DEADLINE.saturating_sub(begun.elapsed())).expect("an event in time");
            assert!(!matches!(event, EngineEvent::Fault { .. } | EngineEvent::BeginFailed { .. }), "{event:?}");
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    }

    /// Waits until this plan is on the program.
    fn wait_shown(&self, plan: PlanId) {
        self.wait(|event| matches!(event, EngineEvent::Shown(shown) if *shown == plan).then_some(()));
    }

    /// Waits until all these sources run.
    fn wait_running(&self, names: &[&str]) {
        let mut starting: Vec<SourceId> = names.iter().copied().map(id).collect();
        while !starting.is_empty() {
            let running = self.wait(|event| match event {
                EngineEvent::Source { id, state: SourceState::Running, .. } => Some(id.clone()),
                _ => None,
            });
            starting.retain(|id| *id != running);
        }
    }

    fn begin(&self, recording: Option<&str>) -> mpsc::Receiver<AccessUnit> {
        self.begin_at(recording.map(|name| self.folder.path().join(name)))
    }

    fn begin_at(&self, recording: Option<PathBuf>) -> mpsc::Receiver<AccessUnit> {
        let (unit, units) = mpsc::channel();
        self.engine.begin(Broadcast {
            recording,
            feed: std::sync::Arc::new(move |fed| {
                let _ = unit.send(fed);
            }),
        });
        units
    }

    fn end(&self) -> Option<FinishedRecording> {
        self.engine.end();
        self.wait(|event| match event {
            EngineEvent::Ended { recording } => Some(recording.clone()),
            _ => None,
        })
    }
}

fn id(name: &str) -> SourceId {
    SourceId::parse(name).unwrap()
}

/// The test devices of these kinds, each named after its kind, in `layout`.
fn plan(number: u64, kinds: &[SourceKind], layout: Layout) -> Plan {
    let has = |kind: SourceKind| kinds.contains(&kind).then(|| id(kind.word()));
    let (screen, camera) = (has(SourceKind::Screen), has(SourceKind::Camera));
    Plan {
        id: PlanId(number),
        canvas: CANVAS,
        sources: kinds.iter().map(|kind| (id(kind.word()), SourceSpec::Test(*kind))).collect(),
        program: Composition::of_layout(layout, &CANVAS, screen.as_ref(), camera.as_ref()),
        strips: Default::default(),
        graphics: Graphics::default(),
    }
}

/// Takes units until program time reaches `until`.
fn units_until(units: &mpsc::Receiver<AccessUnit>, until: ProgramTime) -> VecDeque<AccessUnit> {
    let mut taken = VecDeque::new();
    loop {
        let unit = units.recv_timeout(DEADLINE).expect("the program goes on");
        let reached = unit.track == Track::Video && unit.pts >= until;
        taken.push_back(unit);
        if reached {
            return taken;
        }
    }
}

fn assert_without_holes(units: &VecDeque<AccessUnit>) {
    let times: Vec<u64> = units.iter().filter(|u| u.track == Track::Video).map(|u| u.pts.as_nanos()).collect();
    for pair in times.windows(2) {
        let step = pair[1] - pair[0];
        assert!((33_333_332..=33_333_335).contains(&step), "a hole or repetition: {pair:?}");
    }
}

#[test]
fn a_broadcast_without_any_source_is_recorded_and_can_be_played() {
    let studio = Studio::open();
    let units = studio.begin(Some("show.mp4"));
    let zero = studio.wait(|event| match event {
        EngineEvent::Began { config, .. } => Some(config.clone()),
        _ => None,
    });
    assert_eq!((zero.width, zero.height, zero.fps), (640, 360, 30));
    let taken = units_until(&units, ProgramTime::from_millis(3000));
    assert_eq!((taken[0].track, taken[0].pts, taken[0].keyframe), (Track::Video, ProgramTime::ZERO, true));
    assert_without_holes(&taken);
    assert!(studio.engine.program_time() > Some(ProgramTime::from_millis(3000)));
    let stats = studio.wait(|event| match event {
        EngineEvent::Stats(stats) if stats.recording_bytes > 0 => Some(stats.clone()),
        _ => None,
    });
    assert!(stats.fps > 1.0 && stats.encoded_kbps > 0, "{stats:?}");

    let recording = studio.end().expect("a recording");
    assert!(recording.duration_ms.0 >= 3000, "{recording:?}");
    assert_eq!(studio.engine.program_time(), None);
    let Some(duration) = ffprobe(&recording.path, &["-show_entries", "format=duration", "-of", "csv=p=0"]) else {
        return;
    };
    let seconds: f64 = duration.trim().parse().unwrap();
    #[allow(clippy::cast_precision_loss)]
    let told = recording.duration_ms.0 as f64 / 1000.0;
    assert!((seconds - told).abs() < 0.1, "{seconds} {told}");
    studio.engine.stop();
}

#[test]
fn layouts_and_sources_change_on_air_without_a_hole_in_the_program() {
    let studio = Studio::open();
    let units = studio.begin(None);
    let mut all = VecDeque::new();
    let both = [SourceKind::Camera, SourceKind::Screen];
    let plans = [
        plan(1, &[SourceKind::Camera], Layout::Solo),
        plan(2, &both, Layout::Corner),
        plan(3, &both, Layout::SideBySide),
        plan(4, &[], Layout::Solo),
        plan(5, &[SourceKind::Camera, SourceKind::Microphone], Layout::Solo),
    ];
    for (step, plan) in plans.into_iter().enumerate() {
        let id = plan.id;
        studio.engine.show(plan);
        studio.wait_shown(id);
        all.extend(units_until(&units, ProgramTime::from_millis(1500 * (step as u64 + 1))));
    }
    assert_without_holes(&all);
    assert!(studio.end().is_none());
}

#[test]
fn a_recording_that_cannot_be_written_is_told_and_the_broadcast_goes_on() {
    let studio = Studio::open();
    std::fs::write(studio.folder.path().join("file"), "in the way").unwrap();
    let units = studio.begin(Some("file/show.mp4"));
    let refusal = studio.wait(|event| match event {
        EngineEvent::RecordingFailed { refusal } => Some(refusal.clone()),
        _ => None,
    });
    assert_eq!(refusal.code, "recording.unwritable");
    assert_without_holes(&units_until(&units, ProgramTime::from_millis(500)));
    assert!(studio.end().is_none());
}

#[test]
fn keyframes_asked_for_by_many_come_once_a_second_at_most() {
    let studio = Studio::open();
    let units = studio.begin(None);
    let mut keyframes = Vec::new();
    loop {
        let unit = units.recv_timeout(DEADLINE).unwrap();
        studio.engine.request_keyframe();
        if unit.track == Track::Video && unit.keyframe {
            keyframes.push(unit.pts.as_millis());
        }
        if unit.pts > ProgramTime::from_millis(5000) {
            break;
        }
    }
    assert!((4..=7).contains(&keyframes.len()), "{keyframes:?}");
}

#[test]
fn a_second_broadcast_begins_at_its_own_zero() {
    let studio = Studio::open();
    for name in ["one.mp4", "two.mp4"] {
        let units = studio.begin(Some(name));
        let taken = units_until(&units, ProgramTime::from_millis(700));
        assert_eq!((taken[0].pts, taken[0].keyframe), (ProgramTime::ZERO, true));
        assert!(studio.end().is_some_and(|recording| recording.path.ends_with(name)));
    }
}

#[test]
fn a_source_says_that_it_runs_and_its_levels_are_emitted() {
    let studio = Studio::open();
    studio.engine.show(plan(1, &[SourceKind::Camera, SourceKind::Microphone], Layout::Solo));
    studio.wait_running(&["camera", "microphone"]);
    fn microphone(levels: &domain::Levels) -> f32 {
        levels.sources_peak_db.get(&id("microphone")).copied().unwrap_or(-60.0)
    }
    let loud = |pick: fn(&domain::Levels) -> f32| {
        studio.wait(|event| match event {
            EngineEvent::Levels(levels) if pick(levels) > -50.0 => Some(()),
            _ => None,
        });
    };
    // The beep passes the microphone's meter earlier than the program's.
    loud(microphone);
    loud(|levels| levels.program_peak_db[0]);
    loud(|levels| levels.program_rms_db[1]);
    let mut muted = plan(2, &[SourceKind::Microphone], Layout::Solo);
    muted.strips.insert(id("microphone"), Strip { gain_db: 0.0, muted: true });
    studio.engine.show(muted);
    studio.wait(|event| match event {
        EngineEvent::Levels(levels) if levels.program_peak_db[0] <= -60.0 && microphone(levels) > -50.0 => Some(()),
        _ => None,
    });
}

#[test]
fn a_heart_is_reported_with_the_moment_at_which_it_is_on_the_program() {
    let studio = Studio::open();
    let units = studio.begin(None);
    let mut wanted = plan(1, &[], Layout::Solo);
    wanted.graphics.hearts = true;
    studio.engine.show(wanted);
    units_until(&units, ProgramTime::from_millis(500));
    let asked = studio.engine.program_time().unwrap();
    studio.engine.hearts(204, 1);
    let (hue, at) = studio.wait(|event| match event {
        EngineEvent::HeartShown { hue, at } => Some((*hue, *at)),
        _ => None,
    });
    assert_eq!(hue, 204);
    // The frame that is being made when it is asked for may still take it.
    assert!(at + Duration::from_millis(100) >= asked, "{at} {asked}");
}
