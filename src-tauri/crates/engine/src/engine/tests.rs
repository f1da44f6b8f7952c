mod any_number;
mod busy;
mod defects;
mod killed;
mod lip_sync;
mod rebuilt;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use domain::{
    Canvas, Composition, Graphics, Layout, Plan, PlanId, SlateWords, SourceId, SourceKind, SourceSpec, SourceState,
    Strip,
};
use fmp4::{FinishedRecording, Recorder, RecorderEvent};
use media::{AccessUnit, Look, Next, Program, ProgramTime, Reader, Track, Tracks};

use super::Engine;
use crate::encoding::bench::everything;
use crate::event::{Broadcast, EngineConfig, EngineEvent};

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
            std::sync::Arc::new(move |emitted| {
                let _ = event.send(emitted);
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

    fn begin(&self, recording: Option<&str>) -> OnAir {
        self.begin_at(recording.map(|name| self.folder.path().join(name)))
    }

    fn begin_at(&self, recording: Option<PathBuf>) -> OnAir {
        let program = Program::new(Look::Dressed);
        let units = everything(&program, Tracks::ALL);
        let events: Arc<dyn Fn(RecorderEvent) + Send + Sync> = Arc::new(|event| panic!("{event:?}"));
        let recorder = recording.map(|path| Recorder::start(&program, &path, events).unwrap());
        self.engine.begin(Broadcast { program: program.clone() });
        OnAir { program, units, recorder }
    }

    /// Ends the broadcast, and then its recording.
    fn end(&self, on_air: OnAir) -> Option<FinishedRecording> {
        self.engine.end();
        self.wait(|event| matches!(event, EngineEvent::Ended).then_some(()));
        assert!(on_air.units.waiting().units > 0 || on_air.units.is_over());
        on_air.recorder.map(|recorder| recorder.finish().unwrap())
    }
}

/// What `ffprobe` says about `path`.
fn ffprobe(path: &Path, arguments: &[&str]) -> String {
    let output = Command::new("ffprobe").args(["-v", "error"]).args(arguments).arg(path).output();
    let output = output.expect("ffprobe is installed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A program that is on air, and a reader that loses nothing of it.
struct OnAir {
    program: Program,
    units: Reader,
    recorder: Option<Recorder>,
}

impl OnAir {
    fn next(&self) -> AccessUnit {
        let Next::Unit(unit) = self.units.next(DEADLINE) else { panic!("the program does not go on") };
        unit
    }

    /// Takes units until program time reaches `until`.
    fn until(&self, until: ProgramTime) -> VecDeque<AccessUnit> {
        let mut taken = VecDeque::new();
        loop {
            let unit = self.next();
            let reached = unit.track == Track::Video && unit.pts >= until;
            taken.push_back(unit);
            if reached {
                return taken;
            }
        }
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
        slate: None,
        strips: Default::default(),
        graphics: Graphics::default(),
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
    let on_air = studio.begin(Some("show.mp4"));
    studio.wait(|event| matches!(event, EngineEvent::Began { .. }).then_some(()));
    assert!(on_air.program.time_at(Instant::now()).is_some());
    let taken = on_air.until(ProgramTime::from_millis(3000));
    assert_eq!((taken[0].track, taken[0].pts, taken[0].keyframe), (Track::Video, ProgramTime::ZERO, true));
    let zero = on_air.program.config(Track::Video).unwrap();
    let zero = zero.h264().unwrap();
    assert_eq!((zero.width, zero.height, zero.fps), (640, 360, 30));
    assert_without_holes(&taken);
    let (now, known) = (on_air.program.time_at(Instant::now()), studio.engine.program_time());
    assert!(known > Some(ProgramTime::from_millis(3000)));
    assert!(known.unwrap().since(now.unwrap()) < Duration::from_millis(100), "two clocks: {now:?} {known:?}");
    let stats = studio.wait(|event| match event {
        EngineEvent::Stats(stats) if stats.encoded_kbps > 0 => Some(stats.clone()),
        _ => None,
    });
    assert!(stats.fps > 1.0 && stats.program_ms.0 > 0, "{stats:?}");

    let recording = studio.end(on_air).expect("a recording");
    assert!(recording.duration.as_millis() >= 3000, "{recording:?}");
    assert_eq!(studio.engine.program_time(), None);
    let duration = ffprobe(&recording.path, &["-show_entries", "format=duration", "-of", "csv=p=0"]);
    let seconds: f64 = duration.trim().parse().unwrap();
    let reported = recording.duration.as_secs_f64();
    assert!((seconds - reported).abs() < 0.1, "{seconds} {reported}");
    studio.engine.stop();
}

#[test]
fn layouts_and_sources_change_on_air_without_a_hole_in_the_program() {
    let studio = Studio::open();
    let on_air = studio.begin(None);
    let mut all = VecDeque::new();
    let both = [SourceKind::Camera, SourceKind::Screen];
    let plans = [
        plan(1, &[SourceKind::Camera], Layout::Solo),
        plan(2, &both, Layout::Corner),
        plan(3, &both, Layout::SideBySide),
        plan(4, &[], Layout::Solo),
        Plan {
            slate: Some(SlateWords { headline: "Antennas".into(), line: "Starting soon".into() }),
            ..plan(6, &[], Layout::Solo)
        },
        plan(5, &[SourceKind::Camera, SourceKind::Microphone], Layout::Solo),
    ];
    for (step, plan) in plans.into_iter().enumerate() {
        let id = plan.id;
        studio.engine.show(plan);
        studio.wait_shown(id);
        all.extend(on_air.until(ProgramTime::from_millis(1500 * (step as u64 + 1))));
    }
    assert_without_holes(&all);
    assert!(studio.end(on_air).is_none());
}

#[test]
fn keyframes_asked_for_by_many_come_once_a_second_at_most_and_leave_the_grid_alone() {
    let studio = Studio::open();
    let on_air = studio.begin(None);
    let mut keyframes = Vec::new();
    loop {
        let unit = on_air.next();
        on_air.program.request_keyframe();
        if unit.is_video_keyframe() {
            keyframes.push((unit.pts + Duration::from_micros(500)).as_millis());
        }
        if unit.pts > ProgramTime::from_millis(6500) {
            break;
        }
    }
    for step in [0, 2000, 4000, 6000] {
        assert!(keyframes.contains(&step), "{keyframes:?}");
    }
    assert!((7..=11).contains(&keyframes.len()), "{keyframes:?}");
}

#[test]
fn a_second_broadcast_begins_at_its_own_zero() {
    let studio = Studio::open();
    for name in ["one.mp4", "two.mp4"] {
        let on_air = studio.begin(Some(name));
        let taken = on_air.until(ProgramTime::from_millis(700));
        assert_eq!((taken[0].pts, taken[0].keyframe), (ProgramTime::ZERO, true));
        assert!(studio.end(on_air).is_some_and(|recording| recording.path.ends_with(name)));
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
    let on_air = studio.begin(None);
    let mut wanted = plan(1, &[], Layout::Solo);
    wanted.graphics.hearts = true;
    studio.engine.show(wanted);
    on_air.until(ProgramTime::from_millis(500));
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
