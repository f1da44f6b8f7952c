//! Sources as the mixer sees them: opened, watched, lost and found again.

mod pipewire;
mod screen;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use domain::{Canvas, SourceId, SourceKind, SourceSpec, SourceState};
use gst::prelude::ClockExt;

use crate::blender::Pixels;
use crate::event::EngineEvent;
use crate::joint::{SourceContext, SourceSink};
use crate::source::{Source, clock_strip};
use crate::yuv::AlphaFrame;

const DEADLINE: Duration = Duration::from_secs(60);

/// What a source gave.
enum Given {
    Buffer(gst::Buffer),
    Alpha(Arc<AlphaFrame>),
    Event(EngineEvent),
    Peak(f32),
}

struct Recorder(Sender<Given>);

impl SourceSink for Recorder {
    fn frame(&self, pixels: Pixels, pts: gst::ClockTime) {
        match pixels {
            Pixels::Opaque(mut buffer) => {
                buffer.make_mut().set_pts(pts);
                let _ = self.0.send(Given::Buffer(buffer));
            }
            Pixels::Alpha(frame) => {
                let _ = self.0.send(Given::Alpha(frame));
            }
        }
    }

    fn audio(&self, buffer: gst::Buffer) {
        let _ = self.0.send(Given::Buffer(buffer));
    }

    fn event(&self, event: EngineEvent) {
        let _ = self.0.send(Given::Event(event));
    }

    fn peak(&self, db: f32) {
        let _ = self.0.send(Given::Peak(db));
    }
}

/// A source with everything that it gives.
struct Trial {
    source: Option<Source>,
    given: Receiver<Given>,
    sink: Arc<Recorder>,
    canvas: Canvas,
    _folder: tempfile::TempDir,
}

impl Trial {
    fn open(spec: &SourceSpec) -> Self {
        gst::init().unwrap();
        let canvas = Canvas::new(640, 360, 30).unwrap();
        let clock = gst::SystemClock::obtain();
        let folder = tempfile::tempdir().unwrap();
        let base_time = clock.time();
        let context = SourceContext { canvas, clock, base_time, graphs_dir: folder.path().to_owned() };
        let (sender, given) = mpsc::channel();
        let sink = Arc::new(Recorder(sender));
        let source = Some(Source::open(&SourceId::parse("trial").unwrap(), spec, context, sink.clone(), || {}));
        Self { source, given, sink, canvas, _folder: folder }
    }

    fn next(&self, until: Instant) -> Given {
        self.given.recv_timeout(until.saturating_duration_since(Instant::now())).expect("something is given in time")
    }

    /// Waits for a state; answers the sentence that came with it.
    fn wait(&self, wanted: SourceState) -> Option<String> {
        let until = Instant::now() + DEADLINE;
        loop {
            match self.next(until) {
                Given::Event(EngineEvent::Source { state, problem, .. }) if state == wanted => return problem,
                _ => {}
            }
        }
    }

    fn buffers(&self, count: usize) -> Vec<gst::Buffer> {
        let until = Instant::now() + DEADLINE;
        let mut buffers = Vec::new();
        while buffers.len() < count {
            if let Given::Buffer(buffer) = self.next(until) {
                buffers.push(buffer);
            }
        }
        buffers
    }

    fn observed(&self) -> (bool, bool) {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Given::Event(EngineEvent::Content { black, still, .. }) = self.next(until) {
                return (black, still);
            }
        }
    }

    fn strip_of(&self, buffer: &gst::BufferRef) -> Option<u64> {
        let map = buffer.map_readable().unwrap();
        let (width, height) = (self.canvas.width as usize, self.canvas.height as usize);
        clock_strip::read(&map, width, width, height)
    }

    /// Reads `count` frames: every one carries its own moment. On a busy computer a few are made
    /// within the same millisecond.
    fn assert_clock_runs(&self, count: usize) {
        let read = |buffer: gst::Buffer| self.strip_of(&buffer).expect("every picture carries the strip");
        let times: Vec<u64> = self.buffers(count).into_iter().map(read).collect();
        assert!(times.is_sorted(), "time goes back: {times:?}");
        let moved = times.windows(2).filter(|pair| pair[1] > pair[0]).count();
        assert!(moved > count / 2, "the clock stands: {times:?}");
    }

    /// Closes the source; nothing of it is left.
    fn close(mut self) {
        drop(self.source.take());
        assert_eq!(Arc::strong_count(&self.sink), 1, "somebody still holds the sink of a closed source");
    }
}

fn assert_regular(buffers: &[gst::Buffer], period: Duration) {
    for pair in buffers.windows(2) {
        let [first, second] = [&pair[0], &pair[1]].map(|buffer| Duration::from(buffer.pts().unwrap()));
        let step = second.checked_sub(first).expect("time never goes back");
        assert!(step.abs_diff(period) < Duration::from_micros(2), "{step:?} from {first:?} to {second:?}");
    }
}

#[test]
fn the_test_camera_runs_at_the_canvas_rate_and_moves() {
    let trial = Trial::open(&SourceSpec::Test(SourceKind::Camera));
    assert_eq!(trial.wait(SourceState::Starting), None);
    assert_eq!(trial.wait(SourceState::Running), None);
    trial.assert_clock_runs(40);
    assert_eq!(trial.observed(), (false, false));
    trial.close();
}

#[test]
fn the_test_microphone_is_gapless_and_its_peak_is_measured() {
    let trial = Trial::open(&SourceSpec::Test(SourceKind::Microphone));
    trial.wait(SourceState::Running);
    let buffers = trial.buffers(150);
    assert_regular(&buffers, Duration::from_millis(10));
    assert!(buffers.iter().all(|buffer| buffer.size() == 480 * 2 * 4));
    let until = Instant::now() + DEADLINE;
    let loudest = |level: f32| while !matches!(trial.next(until), Given::Peak(db) if db > level) {};
    loudest(-50.0);
    loudest(-13.0);
    trial.close();
}

#[test]
fn the_test_screen_is_a_slide_that_is_neither_black_nor_quite_still() {
    let trial = Trial::open(&SourceSpec::Test(SourceKind::Screen));
    trial.wait(SourceState::Running);
    let buffers = trial.buffers(10);
    assert!(trial.strip_of(&buffers[0]).is_none());
    assert!(!trial.observed().0);
    trial.close();
}

fn picture(folder: &std::path::Path) -> PathBuf {
    let mut pixmap = resvg::tiny_skia::Pixmap::new(300, 300).unwrap();
    pixmap.fill(resvg::tiny_skia::Color::WHITE);
    // No ending: the file's content decides.
    let path = folder.join("a picture");
    pixmap.save_png(&path).unwrap();
    path
}

#[test]
fn a_still_picture_keeps_its_shape_and_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let trial = Trial::open(&SourceSpec::Image(picture(folder.path())));
    trial.wait(SourceState::Running);
    let buffers = trial.buffers(5);
    let map = buffers[4].map_readable().unwrap();
    let luma = |x: usize, y: usize| map[y * 640 + x];
    assert!(luma(320, 180) > 225 && luma(150, 180) > 225, "white in the middle");
    assert!(luma(100, 180) < 20 && luma(540, 180) < 20, "black beside the square");
    drop(map);
    assert_eq!(trial.observed(), (false, true));
    trial.close();
}

#[test]
fn a_still_image_keeps_its_transparency() {
    let folder = tempfile::tempdir().unwrap();
    let mut pixmap = resvg::tiny_skia::Pixmap::new(320, 180).unwrap();
    let half = resvg::tiny_skia::Rect::from_xywh(0.0, 0.0, 160.0, 180.0).unwrap();
    let mut paint = resvg::tiny_skia::Paint::default();
    paint.set_color_rgba8(255, 255, 255, 128);
    pixmap.fill_rect(half, &paint, resvg::tiny_skia::Transform::identity(), None);
    let path = folder.path().join("logo.png");
    pixmap.save_png(&path).unwrap();
    let trial = Trial::open(&SourceSpec::Image(path));
    trial.wait(SourceState::Running);
    let until = Instant::now() + DEADLINE;
    let frame = loop {
        if let Given::Alpha(frame) = trial.next(until) {
            break frame;
        }
    };
    assert_eq!((frame.width(), frame.height()), (640, 360));
    let luma = &frame.planes[0];
    assert_eq!((luma.alpha[180 * 640 + 100], luma.alpha[180 * 640 + 540]), (128, 0));
    assert!(luma.samples[180 * 640 + 100].abs_diff(118) <= 1, "white, multiplied with its alpha");
    trial.close();
}

#[test]
fn what_is_not_there_says_so_and_is_looked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a picture");
    let trial = Trial::open(&SourceSpec::Image(path));
    let problem = trial.wait(SourceState::Lost).unwrap();
    assert!(problem.contains("PNG or JPEG"), "{problem}");
    picture(folder.path());
    trial.wait(SourceState::Running);
    trial.close();
    for (kind, id, words) in [
        (SourceKind::Camera, "v4l2:no-such-camera", "camera is not connected"),
        (SourceKind::Microphone, "pipewire:no-such-microphone", "microphone is not connected"),
        (SourceKind::Screen, "../../etc/passwd", "no screen"),
    ] {
        let trial = Trial::open(&SourceSpec::Device(kind, id.to_owned()));
        let problem = trial.wait(SourceState::Lost).unwrap();
        assert!(problem.contains(words), "{problem}");
        trial.close();
    }
}
