//! An encoder for tests: it is fed frame by frame, as fast as it encodes.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use domain::Canvas;
use gst::ClockTime;
use gst::prelude::ClockExt;
use media::{AccessUnit, Capacity, Look, Next, Overflow, Program, Reader, ReaderConfig, Start, Track, Tracks};

use super::{Encoding, EncodingConfig, Publisher};
use crate::output::RawReader;

const CANVAS: Canvas = Canvas { width: 320, height: 180, fps: 30 };
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// Running time of the first raw frame: anything but zero.
pub(crate) const BEGIN: ClockTime = ClockTime::from_mseconds(1234);

/// The encoder, and a reader of what comes out of it.
pub(crate) struct Bench {
    pub(crate) encoding: Encoding,
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) zeros: mpsc::Receiver<ClockTime>,
    reader: Reader,
    graphs: tempfile::TempDir,
}

/// A reader that loses nothing.
pub(crate) fn everything(program: &Program, tracks: Tracks) -> Reader {
    program.read(ReaderConfig {
        name: "test",
        tracks,
        start: Start::Gop { younger_than: Duration::MAX },
        capacity: Capacity { span: Duration::MAX, bytes: usize::MAX },
        overflow: Overflow::DropNewest,
        wake: None,
    })
}

pub(crate) fn bench() -> Bench {
    crate::init().unwrap();
    let graphs = tempfile::tempdir().unwrap();
    let (zero, zeros) = mpsc::channel();
    let began = Box::new(move |running| {
        let _ = zero.send(running);
    });
    let program = Program::new(Look::Dressed);
    let publisher = Arc::new(Publisher::new(CANVAS, program.clone(), began));
    let reader = everything(&program, Tracks::ALL);
    let encoding = encode_into(&publisher, graphs.path());
    Bench { encoding, publisher, zeros, reader, graphs }
}

fn encode_into(publisher: &Arc<Publisher>, graphs: &std::path::Path) -> Encoding {
    let clock = gst::SystemClock::obtain();
    let config = EncodingConfig {
        canvas: CANVAS,
        video_kbps: 500,
        audio_kbps: 96,
        base_time: clock.time(),
        clock,
        graphs_dir: graphs.to_owned(),
        failed: Box::new(|problem| panic!("{problem}")),
    };
    Encoding::start(config, publisher).unwrap()
}

impl Bench {
    pub(crate) fn program(&self) -> &Program {
        self.publisher.program()
    }

    /// Replaces the encoder, as one that failed is replaced.
    pub(crate) fn rebuild(&mut self) {
        self.encoding = encode_into(&self.publisher, self.graphs.path());
    }

    /// Pushes frame `n` and as much audio.
    pub(crate) fn push(&self, n: u64) {
        let frame = ClockTime::from_nseconds(1_000_000_000 / 30);
        let pixels = (CANVAS.width * CANVAS.height) as usize;
        let mut bytes: Vec<u8> = (0..pixels).map(|at| ((at as u64 * 7 + n * 5) % 200) as u8 + 16).collect();
        bytes.resize(pixels * 3 / 2, 128);
        let mut raw = gst::Buffer::from_slice(bytes);
        let writable = raw.make_mut();
        writable.set_pts(BEGIN + ClockTime::from_nseconds(n * 1_000_000_000 / 30));
        writable.set_duration(frame);
        for ten_ms in n * 10 / 3..(n + 1) * 10 / 3 {
            let mut sound = gst::Buffer::from_slice(vec![0u8; 3840]);
            let writable = sound.make_mut();
            writable.set_pts(BEGIN + ClockTime::from_mseconds(10 * ten_ms) - ClockTime::from_mseconds(100));
            writable.set_duration(ClockTime::from_mseconds(10));
            self.encoding.audio(&sound);
        }
        self.encoding.frame(&raw);
    }

    /// What came out and was not read yet.
    pub(crate) fn next(&self) -> Option<AccessUnit> {
        match self.reader.try_next() {
            Next::Unit(unit) => Some(unit),
            Next::Nothing | Next::Ended => None,
        }
    }

    /// Pushes frame `n` and as much audio, then waits until the frame is encoded.
    pub(crate) fn step(&self, n: u64) -> Vec<AccessUnit> {
        self.push(n);
        let mut units = Vec::new();
        loop {
            let Next::Unit(unit) = self.reader.next(DEADLINE) else { panic!("it is not encoded in time") };
            let is_frame = unit.track == Track::Video;
            units.push(unit);
            if is_frame {
                return units;
            }
        }
    }
}
