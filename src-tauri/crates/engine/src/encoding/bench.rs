//! An encoder for tests: it is fed picture by picture, as fast as it encodes.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use domain::Canvas;
use gst::ClockTime;
use gst::prelude::ClockExt;
use media::{AccessUnit, Track};

use super::{Distributor, Encoding, EncodingConfig, Zero};
use crate::output::ProgramTap;

const CANVAS: Canvas = Canvas { width: 320, height: 180, fps: 30 };
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// Running time of the first raw picture: anything but zero.
pub(crate) const BEGIN: ClockTime = ClockTime::from_mseconds(1234);

/// The encoder, and the units that came out of it.
pub(crate) struct Bench {
    pub(crate) encoding: Encoding,
    pub(crate) distributor: Arc<Distributor>,
    units: mpsc::Receiver<AccessUnit>,
    pub(crate) zeros: mpsc::Receiver<Zero>,
    _graphs: tempfile::TempDir,
}

pub(crate) fn bench() -> Bench {
    crate::init().unwrap();
    let graphs = tempfile::tempdir().unwrap();
    let (unit, units) = mpsc::channel();
    let (zero, zeros) = mpsc::channel();
    let feed: crate::Feed = Arc::new(move |access_unit| {
        let _ = unit.send(access_unit);
    });
    let began = Box::new(move |told| {
        let _ = zero.send(told);
    });
    let distributor = Arc::new(Distributor::new(CANVAS, feed, began));
    let clock = gst::SystemClock::obtain();
    let config = EncodingConfig {
        canvas: CANVAS,
        video_kbps: 500,
        audio_kbps: 96,
        base_time: clock.time(),
        clock,
        graphs_dir: graphs.path().to_owned(),
        failed: Box::new(|problem| panic!("{problem}")),
    };
    let encoding = Encoding::start(config, &distributor).unwrap();
    Bench { encoding, distributor, units, zeros, _graphs: graphs }
}

impl Bench {
    /// Pushes picture `n` and as much sound, then waits until the picture is encoded.
    pub(crate) fn step(&self, n: u64) -> Vec<AccessUnit> {
        let frame = ClockTime::from_nseconds(1_000_000_000 / 30);
        let pixels = (CANVAS.width * CANVAS.height) as usize;
        let mut bytes: Vec<u8> = (0..pixels).map(|at| ((at as u64 * 7 + n * 5) % 200) as u8 + 16).collect();
        bytes.resize(pixels * 3 / 2, 128);
        let mut picture = gst::Buffer::from_slice(bytes);
        let writable = picture.make_mut();
        writable.set_pts(BEGIN + ClockTime::from_nseconds(n * 1_000_000_000 / 30));
        writable.set_duration(frame);
        for piece in n * 10 / 3..(n + 1) * 10 / 3 {
            let mut sound = gst::Buffer::from_slice(vec![0u8; 3840]);
            let writable = sound.make_mut();
            writable.set_pts(BEGIN + ClockTime::from_mseconds(10 * piece) - ClockTime::from_mseconds(100));
            writable.set_duration(ClockTime::from_mseconds(10));
            self.encoding.sound(&sound);
        }
        self.encoding.picture(&picture);
        let mut units = Vec::new();
        loop {
            let unit = self.units.recv_timeout(DEADLINE).expect("encoded in time");
            let is_picture = unit.track == Track::Video;
            units.push(unit);
            if is_picture {
                return units;
            }
        }
    }
}
