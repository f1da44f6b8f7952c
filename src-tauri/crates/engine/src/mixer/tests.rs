use super::*;
use std::sync::mpsc;
use std::time::Duration;

use domain::{Layout, PlanId};
use gst::prelude::ClockExt;

struct Bench {
    mixer: Mixer,
    slots: Arc<Slots>,
    pictures: mpsc::Receiver<gst::Buffer>,
    shown: mpsc::Receiver<PlanId>,
    clock: gst::Clock,
    base_time: ClockTime,
    _graphs: tempfile::TempDir,
}

struct Forward(mpsc::Sender<gst::Buffer>);

impl ProgramTap for Forward {
    fn picture(&self, buffer: &gst::Buffer) {
        let _ = self.0.send(buffer.clone());
    }
    fn sound(&self, _buffer: &gst::Buffer) {}
}

const CANVAS: Canvas = Canvas { width: 320, height: 180, fps: 30 };
const DEADLINE: Duration = Duration::from_secs(30);

fn plain(luma: u8) -> gst::Buffer {
    let pixels = (CANVAS.width * CANVAS.height) as usize;
    let mut bytes = vec![luma; pixels];
    bytes.resize(pixels * 3 / 2, 128);
    gst::Buffer::from_slice(bytes)
}

impl Bench {
    fn start() -> Self {
        crate::init().unwrap();
        let graphs = tempfile::tempdir().unwrap();
        let clock = gst::SystemClock::obtain();
        let base_time = clock.time();
        let output = Arc::new(ProgramOutput::default());
        let (pictures_in, pictures) = mpsc::channel();
        let (shown_in, shown) = mpsc::channel();
        output.set_encoder(Some(Arc::new(Forward(pictures_in))));
        let slots = Arc::new(Slots::new(&CANVAS, &plain(60)));
        let mixer = Mixer::start(MixerConfig {
            canvas: CANVAS,
            clock: clock.clone(),
            base_time,
            graphs_dir: graphs.path().to_owned(),
            slots: slots.clone(),
            layers: vec![Layer { role: Role::Camera, rect: domain::Rect { x: 0, y: 0, width: 320, height: 180 } }],
            paint: Box::new(|_, _| {}),
            shown: Box::new(move |plan| {
                let _ = shown_in.send(plan);
            }),
            output,
            meter: Arc::new(LevelMeter::new(Arc::new(|_| {}))),
            failed: Box::new(|problem| panic!("{problem}")),
        })
        .unwrap();
        Self { mixer, slots, pictures, shown, clock, base_time, _graphs: graphs }
    }

    fn now(&self) -> ClockTime {
        self.clock.time().saturating_sub(self.base_time)
    }

    fn live(&self, role: Role, luma: u8) {
        let mut buffer = plain(luma);
        let now = self.now();
        let writable = buffer.make_mut();
        writable.set_pts(now);
        writable.set_duration(ClockTime::from_nseconds(1_000_000_000 / 30));
        self.slots.picture(role).unwrap().take(buffer);
    }

    /// Calls `each` for every program picture until it answers true; every picture must follow the
    /// one before without a gap.
    fn pictures_until(&self, mut each: impl FnMut(&gst::Buffer) -> bool) {
        let mut due = None;
        let begun = std::time::Instant::now();
        loop {
            let buffer = self.pictures.recv_timeout(DEADLINE).expect("the program goes on");
            assert!(begun.elapsed() < DEADLINE, "in time");
            let pts = buffer.pts().unwrap();
            if let Some(due) = due {
                assert_eq!(pts, due, "no hole and no repetition");
            }
            due = Some(pts + buffer.duration().unwrap());
            if each(&buffer) {
                return;
            }
        }
    }
}

fn luma(buffer: &gst::Buffer, x: u32, y: u32) -> u8 {
    buffer.map_readable().unwrap()[(y * CANVAS.width + x) as usize]
}

#[test]
fn without_any_source_the_slate_is_the_program() {
    let bench = Bench::start();
    let mut seen = 0;
    bench.pictures_until(|picture| {
        seen += u32::from(luma(picture, 160, 90) == 60);
        seen == 10
    });
}

#[test]
fn a_lost_picture_holds_its_last_frame_then_gives_way_to_the_slate_and_returns() {
    let bench = Bench::start();
    let mut live = 0;
    bench.pictures_until(|picture| {
        bench.live(Role::Camera, 200);
        live += u32::from(luma(picture, 160, 90) == 200);
        live == 20
    });
    let mut held = 0;
    bench.pictures_until(|picture| {
        let luma = luma(picture, 160, 90);
        held += u32::from(luma == 200);
        assert!(luma == 200 || luma == 60, "{luma}");
        luma == 60
    });
    assert!((45..=75).contains(&held), "held for about two seconds: {held} frames");
    bench.pictures_until(|picture| {
        bench.live(Role::Camera, 201);
        luma(picture, 160, 90) == 201
    });
}

#[test]
fn a_layout_changes_as_a_whole_and_without_a_missing_frame() {
    let bench = Bench::start();
    bench.slots.picture(Role::Camera).unwrap().set_slate(plain(100));
    bench.slots.picture(Role::Screen).unwrap().set_slate(plain(200));
    let layouts = [Layout::Corner, Layout::SideBySide, Layout::Solo];
    let mut told = 0;
    let mut frames = 0u64;
    bench.pictures_until(|picture| {
        if frames.is_multiple_of(10) {
            let layout = layouts[(frames / 10 % 3) as usize];
            let (screen, camera) = layout.rects(&CANVAS);
            let screen = screen.map(|rect| Layer { role: Role::Screen, rect });
            let camera = camera.map(|rect| Layer { role: Role::Camera, rect });
            bench.mixer.show(PlanId(frames), screen.into_iter().chain(camera).collect());
        }
        frames += 1;
        told += bench.shown.try_iter().count();
        let (middle, left, corner) = (luma(picture, 160, 90), luma(picture, 80, 90), luma(picture, 290, 160));
        let whole = [(100, 100, 100), (200, 200, 100), (16, 200, 16), (60, 60, 60)];
        assert!(frames < 5 || whole.contains(&(middle, left, corner)), "{middle} {left} {corner}");
        frames == 120
    });
    assert!(told >= 10, "{told}");
}
