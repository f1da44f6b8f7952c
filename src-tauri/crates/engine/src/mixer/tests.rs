use super::*;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Instant;

use domain::Strip;

use crate::output::RawReader;
use crate::source::cadence::Grid;

const DEADLINE: Duration = Duration::from_secs(30);
const RATE: f32 = 48_000.0;
const AHEAD: Duration = Duration::from_millis(100);
/// Of each sine.
const AMPLITUDE: f32 = 0.2;

struct Forward(mpsc::Sender<gst::Buffer>);

impl RawReader for Forward {
    fn frame(&self, _buffer: &gst::Buffer) {}
    fn audio(&self, buffer: &gst::Buffer) {
        let _ = self.0.send(buffer.clone());
    }
}

struct Bench {
    mixer: Mixer,
    audio: mpsc::Receiver<gst::Buffer>,
    clock: gst::Clock,
    base_time: ClockTime,
    _graphs: tempfile::TempDir,
}

fn bench() -> Bench {
    crate::init().unwrap();
    let graphs = tempfile::tempdir().unwrap();
    let clock = gst::SystemClock::obtain();
    let base_time = clock.time();
    let output = Arc::new(ProgramOutput::default());
    let (audio_in, audio) = mpsc::channel();
    output.set_encoder(Some(Arc::new(Forward(audio_in))));
    let mixer = Mixer::start(MixerConfig {
        clock: clock.clone(),
        base_time,
        graphs_dir: graphs.path().to_owned(),
        output,
        meter: Arc::new(LevelMeter::new(Arc::new(|_| {}))),
        failed: Box::new(|problem| panic!("{problem}")),
    })
    .unwrap();
    Bench { mixer, audio, clock, base_time, _graphs: graphs }
}

/// A sine that is pushed into a slot like a microphone's audio, until it is dropped. A tenth of a
/// second ahead, so that a busy computer makes none of it late.
struct Sine {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sine {
    fn start(bench: &Bench, slot: &Arc<AudioSlot>, hertz: f32) -> Self {
        let (stop, stopped) = mpsc::channel::<()>();
        let (slot, clock, base_time) = (slot.clone(), bench.clock.clone(), bench.base_time);
        let thread = std::thread::spawn(move || {
            let grid = Grid::new(100);
            let now = || Duration::from(clock.time().saturating_sub(base_time));
            let mut step = grid.next(now() + AHEAD);
            loop {
                let wait = grid.at(step).saturating_sub(now() + AHEAD);
                if stopped.recv_timeout(wait) != Err(mpsc::RecvTimeoutError::Timeout) {
                    return;
                }
                let samples = (0..480).flat_map(|n| {
                    let time = (step * 480 + n) as f32 % RATE / RATE;
                    [AMPLITUDE * (std::f32::consts::TAU * hertz * time).sin(); 2]
                });
                let bytes: Vec<u8> = samples.flat_map(f32::to_le_bytes).collect();
                let mut buffer = gst::Buffer::from_mut_slice(bytes);
                let writable = buffer.make_mut();
                writable.set_pts(ClockTime::from_nseconds(grid.at(step).as_nanos() as u64));
                writable.set_duration(ClockTime::from_mseconds(10));
                slot.push(buffer);
                step += 1;
            }
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Sine {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn left(buffer: &gst::Buffer) -> Vec<f32> {
    let map = buffer.map_readable().unwrap();
    map.as_chunks::<8>().0.iter().map(|pair| f32::from_le_bytes([pair[0], pair[1], pair[2], pair[3]])).collect()
}

fn id(name: &str) -> SourceId {
    SourceId::parse(name).unwrap()
}

/// Numbers without a pattern (xorshift), the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

#[test]
fn sources_come_go_and_are_muted_in_any_order_without_a_step_in_the_sound_or_a_hole() {
    let bench = bench();
    let mut chance = Chance(0x5eed_0001);
    let names = ["one", "two", "three", "four"];
    let hertz = [97.0, 113.0, 131.0, 151.0];
    let mut open: [Option<(Arc<AudioSlot>, Sine)>; 4] = [const { None }; 4];
    let (mut due, mut last) = (None, 0.0);
    let mut loudest = 0f32;
    let begun = Instant::now();
    for buffers in 0..500 {
        let buffer = bench.audio.recv_timeout(DEADLINE).expect("the program goes on");
        assert!(begun.elapsed() < DEADLINE);
        let pts = buffer.pts().unwrap();
        if let Some(due) = due {
            assert!(pts.absdiff(due) < ClockTime::from_useconds(1), "no hole and no repetition: {pts} {due}");
        }
        due = Some(pts + buffer.duration().unwrap());
        for sample in left(&buffer) {
            // A sine's own slope, and a fade of its whole amplitude within 10 ms, of all four.
            let most = 4.0 * (AMPLITUDE * std::f32::consts::TAU * 151.0 / RATE + AMPLITUDE / 480.0);
            assert!((sample - last).abs() <= most, "a step from {last} to {sample} in buffer {buffers}");
            last = sample;
            loudest = loudest.max(sample.abs());
        }
        if buffers % 7 != 0 {
            continue;
        }
        let at = chance.below(4);
        match open[at].take() {
            None => {
                let slot = Arc::new(AudioSlot::new(Strip::default()));
                bench.mixer.add(&id(names[at]), slot.clone()).unwrap();
                let sine = Sine::start(&bench, &slot, hertz[at]);
                open[at] = Some((slot, sine));
            }
            Some((slot, sine)) if chance.below(2) == 0 => {
                slot.fade_out(Duration::from_millis(100));
                bench.mixer.remove(&id(names[at]));
                drop(sine);
            }
            Some((slot, sine)) => {
                slot.set_strip(Strip { gain_db: 0.0, muted: chance.below(2) == 0 });
                open[at] = Some((slot, sine));
            }
        }
    }
    assert!(loudest > AMPLITUDE, "more than one of them was heard: {loudest}");
}

#[test]
fn a_source_that_stops_is_silence_and_the_others_go_on() {
    let bench = bench();
    let slots = ["one", "two"].map(|name| {
        let slot = Arc::new(AudioSlot::new(Strip::default()));
        bench.mixer.add(&id(name), slot.clone()).unwrap();
        slot
    });
    let stays = Sine::start(&bench, &slots[0], 97.0);
    let stops = Sine::start(&bench, &slots[1], 131.0);
    let loud = |least: f32, most: f32| {
        let begun = Instant::now();
        let mut in_a_row = 0;
        while in_a_row < 10 {
            assert!(begun.elapsed() < DEADLINE, "never between {least} and {most}");
            let buffer = bench.audio.recv_timeout(DEADLINE).unwrap();
            let peak = left(&buffer).iter().fold(0f32, |peak, sample| peak.max(sample.abs()));
            in_a_row = if (least..most).contains(&peak) { in_a_row + 1 } else { 0 };
        }
    };
    loud(0.15, 0.5);
    drop(stops);
    loud(0.15, AMPLITUDE + 0.01);
    drop(stays);
    loud(0.0, 1e-6);
}

#[test]
fn what_is_there_is_mixed_before_its_time_is_over() {
    let bench = bench();
    let slot = Arc::new(AudioSlot::new(Strip::default()));
    bench.mixer.add(&id("mic"), slot.clone()).unwrap();
    let _sine = Sine::start(&bench, &slot, 440.0);
    // How much of its own time was left when each buffer came out, once the sine is heard. Where the mixer waits
    // for more of its base, there is none, ever.
    let left = (0..100).map(|_| {
        let buffer = bench.audio.recv_timeout(DEADLINE).expect("audio");
        let now = bench.clock.time().saturating_sub(bench.base_time);
        (buffer.pts().unwrap() + buffer.duration().unwrap()).saturating_sub(now)
    });
    assert!(left.skip(50).max() > Some(ClockTime::ZERO));
}
