use super::*;
use std::sync::mpsc;
use std::time::Instant;

use domain::{ChromaKey, Layer, Layout, Rect, SourceId};

use crate::output::RawReader;
use crate::yuv::AlphaFrame;

const CANVAS: Canvas = Canvas { width: 320, height: 180, fps: 30 };
const DEADLINE: Duration = Duration::from_secs(30);

struct Bench {
    blender: Blender,
    bell: Arc<Bell>,
    frames: mpsc::Receiver<gst::Buffer>,
    shown: mpsc::Receiver<PlanId>,
    clock: gst::Clock,
    base_time: ClockTime,
}

struct Forward(mpsc::Sender<gst::Buffer>);

impl RawReader for Forward {
    fn frame(&self, buffer: &gst::Buffer) {
        let _ = self.0.send(buffer.clone());
    }
    fn audio(&self, _buffer: &gst::Buffer) {}
}

struct NoPaint;

impl Paint for NoPaint {
    fn is_due(&mut self, _now: Duration) -> bool {
        false
    }
    fn paint(&mut self, _frame: &mut gst_video::VideoFrameRef<&mut gst::BufferRef>, _now: Duration) {}
}

fn id(name: &str) -> SourceId {
    SourceId::parse(name).unwrap()
}

fn plain(luma: u8) -> gst::Buffer {
    colour(luma, 128, 128)
}

fn colour(luma: u8, cb: u8, cr: u8) -> gst::Buffer {
    let pixels = (CANVAS.width * CANVAS.height) as usize;
    gst::Buffer::from_slice([vec![luma; pixels], vec![cb; pixels / 4], vec![cr; pixels / 4]].concat())
}

fn slot(bell: &Arc<Bell>, slate: u8) -> Arc<VideoSlot> {
    Arc::new(VideoSlot::new(&CANVAS, plain(slate), bell.clone()))
}

fn lineup(plan: u64, layers: Vec<(Layer, &Arc<VideoSlot>)>) -> Lineup {
    Lineup::new(PlanId(plan), &CANVAS, layers.into_iter().map(|(layer, slot)| (layer, slot.clone())).collect())
}

fn whole() -> Layer {
    Layer::new(id("whole"), CANVAS.rect())
}

impl Bench {
    fn start(bell: Arc<Bell>, lineup: Lineup) -> Self {
        crate::init().unwrap();
        let clock = gst::SystemClock::obtain();
        let base_time = clock.time();
        let output = Arc::new(ProgramOutput::default());
        let (frames_in, frames) = mpsc::channel();
        let (shown_in, shown) = mpsc::channel();
        output.set_encoder(Some(Arc::new(Forward(frames_in))));
        let blender = Blender::start(BlenderConfig {
            canvas: CANVAS,
            clock: clock.clone(),
            base_time,
            lineup,
            bell: bell.clone(),
            paint: Box::new(NoPaint),
            shown: Box::new(move |plan| {
                let _ = shown_in.send(plan);
            }),
            output,
        })
        .unwrap();
        Self { blender, bell, frames, shown, clock, base_time }
    }

    /// With one slot that fills the canvas and has a slate of luma 60.
    fn with_one() -> (Self, Arc<VideoSlot>) {
        gst::init().unwrap();
        let bell = Arc::new(Bell::default());
        let one = slot(&bell, 60);
        (Self::start(bell, lineup(0, vec![(whole(), &one)])), one)
    }

    fn now(&self) -> ClockTime {
        self.clock.time().saturating_sub(self.base_time)
    }

    /// Calls `each` for every program frame until it answers true; every frame must follow the one
    /// before without a gap.
    fn frames_until(&self, mut each: impl FnMut(&gst::Buffer) -> bool) {
        let mut due = None;
        let begun = Instant::now();
        loop {
            let frame = self.frames.recv_timeout(DEADLINE).expect("the program goes on");
            assert!(begun.elapsed() < DEADLINE, "in time");
            let pts = frame.pts().unwrap();
            if let Some(due) = due {
                assert_eq!(pts, due, "no hole and no repetition");
            }
            due = Some(pts + frame.duration().unwrap());
            if each(&frame) {
                return;
            }
        }
    }
}

fn sample(frame: &gst::Buffer, at: usize) -> u8 {
    frame.map_readable().unwrap()[at]
}

fn luma(frame: &gst::Buffer, x: u32, y: u32) -> u8 {
    sample(frame, (y * CANVAS.width + x) as usize)
}

#[test]
fn without_any_source_the_slate_is_the_program() {
    let (bench, _slot) = Bench::with_one();
    let mut seen = 0;
    bench.frames_until(|frame| {
        seen += u32::from(luma(frame, 160, 90) == 60);
        seen == 10
    });
}

#[test]
fn a_lost_source_holds_its_last_frame_then_gives_way_to_the_slate_and_returns() {
    let (bench, slot) = Bench::with_one();
    let mut live = 0;
    bench.frames_until(|frame| {
        slot.push(Pixels::Opaque(plain(200)), bench.now());
        live += u32::from(luma(frame, 160, 90) == 200);
        live == 20
    });
    let mut held = 0;
    bench.frames_until(|frame| {
        let luma = luma(frame, 160, 90);
        held += u32::from(luma == 200);
        assert!(luma == 200 || luma == 60, "{luma}");
        luma == 60
    });
    assert!((55..=65).contains(&held), "held for about two seconds: {held} frames");
    bench.frames_until(|frame| {
        slot.push(Pixels::Opaque(plain(201)), bench.now());
        luma(frame, 160, 90) == 201
    });
}

#[test]
fn a_composition_changes_as_a_whole_and_without_a_missing_frame() {
    let (bench, _slot) = Bench::with_one();
    let (screen, camera) = (slot(&bench.bell, 200), slot(&bench.bell, 100));
    let layouts = [Layout::Corner, Layout::SideBySide, Layout::Solo];
    let mut shown = 0;
    let mut frames = 0u64;
    bench.frames_until(|frame| {
        if frames.is_multiple_of(10) {
            let layout = layouts[(frames / 10 % 3) as usize];
            let (screen_rect, camera_rect) = layout.rects(&CANVAS);
            let layer = |rect: Option<Rect>, slot| Some((Layer::new(id("any"), rect?), slot));
            let layers = layer(screen_rect, &screen).into_iter().chain(layer(camera_rect, &camera)).collect();
            bench.blender.show(lineup(frames, layers));
        }
        frames += 1;
        shown += bench.shown.try_iter().count();
        let seen = (luma(frame, 160, 90), luma(frame, 80, 90), luma(frame, 290, 160));
        let wholes = [(100, 100, 100), (200, 200, 100), (16, 200, 16), (60, 60, 60)];
        assert!(wholes.contains(&seen), "{seen:?}");
        frames == 120
    });
    assert!(shown >= 11, "{shown}");
}

#[test]
fn layers_are_drawn_in_order_cut_faint_keyed_and_with_transparency() {
    let (bench, ground) = Bench::with_one();
    ground.set_slate(plain(50));
    let [faint, cropped, keyed, alpha] = [(); 4].map(|()| slot(&bench.bell, 60));
    faint.set_slate(plain(200));
    let halves: Vec<u8> = (0..180).flat_map(|_| [vec![30; 160], vec![220; 160]].concat()).collect();
    cropped.set_slate(gst::Buffer::from_slice([halves, vec![128; 160 * 90 * 2]].concat()));
    keyed.set_slate(colour(120, 54, 34));
    // Half transparent white over its whole area.
    let mut white = AlphaFrame::empty(320, 180);
    for (plane, sample) in white.planes.iter_mut().zip([118, 64, 64]) {
        plane.alpha.fill(128);
        plane.samples.fill(sample);
        plane.find_spans();
    }
    alpha.push(Pixels::Alpha(Arc::new(white)), bench.now());
    let at = |x, width| Rect { x, y: 40, width, height: 100 };
    let key = ChromaKey { cb: 54, cr: 34, tolerance: 30, softness: 10 };
    let crop = domain::Crop { left: 500, ..domain::Crop::default() };
    bench.blender.show(lineup(
        1,
        vec![
            (whole(), &ground),
            (Layer { opacity: 128, ..Layer::new(id("faint"), at(0, 60)) }, &faint),
            (Layer { crop, ..Layer::new(id("cropped"), at(70, 60)) }, &cropped),
            (Layer { key: Some(key), ..Layer::new(id("keyed"), at(140, 60)) }, &keyed),
            (Layer::new(id("alpha"), at(210, 60)), &alpha),
            // Over the edge of the canvas, and over the one before.
            (Layer::new(id("last"), Rect { x: 250, y: 100, width: 200, height: 200 }), &faint),
        ],
    ));
    bench.frames_until(|_| bench.shown.try_recv().is_ok());
    bench.frames_until(|frame| {
        let row = |x| luma(frame, x, 60);
        assert!(row(30).abs_diff(125) <= 1, "faint over 50: {}", row(30));
        assert_eq!((row(71), row(128)), (220, 220), "the right half fills its place");
        assert_eq!(row(170), 50, "green is gone");
        assert!(row(240).abs_diff(143) <= 2, "white, half transparent, over 50: {}", row(240));
        assert_eq!((luma(frame, 300, 150), luma(frame, 319, 179), luma(frame, 300, 60)), (200, 200, 50));
        assert_eq!((row(65), luma(frame, 100, 20)), (50, 50));
        true
    });
}

#[test]
fn one_slot_feeds_any_number_of_layers() {
    let (bench, one) = Bench::with_one();
    let places = [(0, 80, 44), (80, 160, 90), (240, 80, 180), (0, 80, 44)];
    let layers = places.map(|(x, width, height)| (Layer::new(id("one"), Rect { x, y: 0, width, height }), &one));
    bench.blender.show(lineup(1, layers.into()));
    bench.frames_until(|_| bench.shown.try_recv().is_ok());
    let mut seen = 0;
    bench.frames_until(|frame| {
        one.push(Pixels::Opaque(plain(180)), bench.now());
        let lit = [(40, 20), (160, 40), (280, 170)].map(|(x, y)| luma(frame, x, y));
        assert!([[180; 3], [60; 3]].contains(&lit), "{lit:?}");
        assert_eq!(luma(frame, 160, 170), 16, "nothing is below");
        seen += u32::from(lit == [180; 3]);
        seen == 20
    });
}

#[test]
fn frames_are_given_at_once_when_the_sources_have_theirs_and_wait_only_so_long() {
    let (bench, slot) = Bench::with_one();
    let (stop, stopped) = mpsc::channel::<()>();
    let (clock, base_time) = (bench.clock.clone(), bench.base_time);
    let source = slot.clone();
    let camera = std::thread::spawn(move || {
        let grid = Grid::new(30);
        loop {
            let now = Duration::from(clock.time().saturating_sub(base_time));
            let time = grid.at(grid.next(now + Duration::from_millis(1)));
            if stopped.recv_timeout(time - now) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
            source.push(Pixels::Opaque(plain(200)), running(time));
        }
    });
    let mut delays = Vec::new();
    bench.frames_until(|frame| {
        if luma(frame, 160, 90) == 200 {
            delays.push(bench.now().saturating_sub(frame.pts().unwrap()));
        }
        delays.len() == 90
    });
    drop(stop);
    camera.join().unwrap();
    delays.sort_unstable();
    // The median, because a busy computer delays some: the promise is a frame's own time.
    assert!(delays[45] < ClockTime::from_mseconds(33), "{:?}", delays[45]);
}
