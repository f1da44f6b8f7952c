use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use media::{AccessUnit, Look, ProgramTime};

use super::*;
use crate::tests::checker::check;
use crate::tests::disks::{Change, MemoryDisk};
use crate::tests::folder;
use crate::tests::material::{AUDIO_BEGINS, between, long_show, publish, show, show_that_changes};
use crate::tests::players::{decode, gstreamer, packet_times, probe, sound};

mod opus;

const DEADLINE: Duration = Duration::from_secs(30);
/// Bytes of a small frame.
const FRAME: u64 = 160 * 90 * 3 / 2;
/// Bytes of a large one.
const LARGER: u64 = 240 * 136 * 3 / 2;

fn start(path: &Path) -> (Program, Recorder) {
    let program = Program::new(Look::Dressed);
    let events = Arc::new(|event| panic!("{event:?}"));
    let recorder = Recorder::start(&program, path, events).unwrap();
    (program, recorder)
}

/// Records `units` into `path`, to the end.
fn record(path: &Path, units: &[AccessUnit]) -> FinishedRecording {
    let (program, recorder) = start(path);
    publish(&program, units);
    recorder.finish().unwrap()
}

/// Records `units`, ten seconds of them, and goes away when all is written but the end.
fn record_unfinished(path: &Path, units: &[AccessUnit]) {
    let (program, recorder) = start(path);
    publish(&program, units);
    let begun = Instant::now();
    while fragments(path) < 20 {
        assert!(begun.elapsed() < DEADLINE);
        std::thread::yield_now();
    }
    drop(recorder);
}

/// How many fragments of a growing file are whole.
fn fragments(path: &Path) -> usize {
    let file = std::fs::read(path).unwrap();
    let (mut at, mut found) = (0, 0);
    while let Some(size) = file.get(at..at + 4) {
        let end = at + u32::from_be_bytes(size.try_into().unwrap()) as usize;
        found += usize::from(end <= file.len() && file[at + 4..at + 8] == *b"mdat");
        at = end;
    }
    found
}

#[track_caller]
fn assert_times(path: &Path, stream: &str, begin: f64, step: f64, count: usize) {
    let times = packet_times(path, stream);
    assert_eq!(times.len(), count);
    let wrong = times.iter().enumerate().find(|(n, time)| (*time - begin - *n as f64 * step).abs() > 0.0001);
    assert_eq!(wrong, None, "{stream}");
}

#[test]
fn a_finished_recording_is_a_plain_file_whose_time_is_program_time() {
    let folder = folder();
    let path = folder.path().join("show.mp4");
    let finished = record(&path, &show());
    assert_eq!(finished.bytes, std::fs::metadata(&path).unwrap().len());
    let last = show().iter().map(AccessUnit::end).max().unwrap().since_zero();
    assert!(finished.duration.abs_diff(last) < Duration::from_millis(1), "{finished:?}");
    assert!(check(&std::fs::read(&path).unwrap()).whole);
    decode(&path);
    assert_times(&path, "v", 0.0, 1.0 / 30.0, 300);
    assert_times(&path, "a", AUDIO_BEGINS.as_secs_f64(), 1024.0 / 48e3, show().len() - 300);
    let entries =
        "stream=codec_tag_string,profile,width,color_range,color_space,color_transfer,color_primaries,channels";
    let streams = probe(&path, entries, &[]);
    assert!(streams.contains("avc1,160,tv,bt709,bt709,bt709") && streams.contains("LC,mp4a,2"), "{streams}");
    assert!(gstreamer(&path) == 300 * FRAME);
}

#[test]
fn an_unfinished_recording_plays_up_to_its_last_half_second() {
    let folder = folder();
    let path = folder.path().join("show.mp4");
    record_unfinished(&path, &show());
    decode(&path);
    assert_times(&path, "v", 0.0, 1.0 / 30.0, 300);
    assert!(gstreamer(&path) == 300 * FRAME);
    let repaired = crate::repair(&path).unwrap();
    assert!(repaired.duration >= Duration::from_secs(10) && !repaired.was_whole);
    decode(&path);
    assert_times(&path, "v", 0.0, 1.0 / 30.0, 300);
}

#[test]
fn a_size_that_changes_on_air_decodes_before_and_after_the_file_is_finished() {
    let folder = folder();
    let path = folder.path().join("show.mp4");
    let frames = 210 * FRAME + 90 * LARGER;
    record_unfinished(&path, &show_that_changes());
    decode(&path);
    assert!(gstreamer(&path) == frames);
    crate::repair(&path).unwrap();
    for path in [path, folder.path().join("finished.mp4")] {
        if !path.exists() {
            record(&path, &show_that_changes());
        }
        let found = check(&std::fs::read(&path).unwrap());
        assert_eq!(found.sizes, [(160, 90), (240, 136)], "the small one is the first again");
        assert!(found.video.iter().enumerate().all(|(n, frame)| frame.entry == 1 + u32::from((120..210).contains(&n))));
        decode(&path);
        assert!(gstreamer(&path) == frames);
        let sizes = probe(&path, "frame=width", &["-select_streams", "v"]);
        // Side data gets a line of its own.
        let widths = sizes.lines().map(|line| line.trim_matches(',')).filter(|width| !width.is_empty());
        let widths: Vec<_> = widths.collect();
        assert_eq!((widths[119], widths[120], widths[209], widths[210]), ("160", "240", "240", "160"));
    }
}

#[test]
fn a_recording_that_begins_in_mid_program_keeps_program_time() {
    let folder = folder();
    let path = folder.path().join("show.mp4");
    let units = between(&show(), Duration::from_secs(3), Duration::from_secs(10));
    let finished = record(&path, &units);
    assert!(finished.duration >= Duration::from_secs(10));
    decode(&path);
    // The first keyframe from there on.
    assert_times(&path, "v", 4.0, 1.0 / 30.0, 180);
}

#[test]
fn a_recorder_that_opens_in_mid_gop_takes_it_from_its_keyframe_if_it_is_young() {
    let at = |ms| Duration::from_millis(ms);
    // Keyframes every two seconds. Without the second one, the first GOP grows older than a newcomer takes.
    let without_second: Vec<_> =
        show().into_iter().filter(|unit| !(unit.is_video_keyframe() && unit.pts.since_zero() == at(2000))).collect();
    for (units, opened, begins) in [(show(), 1000, 0), (show(), 3900, 2000), (without_second, 3500, 4000)] {
        let folder = folder();
        let path = folder.path().join("show.mp4");
        let program = Program::new(Look::Dressed);
        publish(&program, &between(&units, at(0), at(opened)));
        let recorder = Recorder::start(&program, &path, Arc::new(|event| panic!("{event:?}"))).unwrap();
        publish(&program, &between(&units, at(opened), at(10_000)));
        recorder.finish().unwrap();
        let found = check(&std::fs::read(&path).unwrap());
        assert!(found.video[0].sync && found.video[0].time == ProgramTime::from_millis(begins).ticks(90_000));
        assert_eq!(found.video.len(), 300 - usize::try_from(begins * 30 / 1000).unwrap(), "opened at {opened}");
        assert!(found.audio[0].time < ProgramTime::from_millis(begins + 50).ticks(48_000), "sound from there on, too");
    }
}

/// A disk with a switch, a program, and its recorder.
struct Bench {
    disk: MemoryDisk,
    full: Arc<AtomicBool>,
    program: Program,
    recorder: Recorder,
    events: Receiver<RecorderEvent>,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let full = Arc::new(AtomicBool::new(false));
        let is_full = full.clone();
        let disk = MemoryDisk::default().failing(move |_, change: &Change| {
            let fails = is_full.load(Ordering::Acquire) && matches!(change, Change::Write { .. });
            fails.then_some((100, io::ErrorKind::StorageFull))
        });
        let program = Program::new(Look::Dressed);
        let (send, events) = channel();
        let folder = folder();
        let path = folder.path().join("show.mp4");
        let events_to = Arc::new(move |event| drop(send.send(event)));
        let recorder = Recorder::start_on(disk.clone(), &program, Track::Aac, &path, events_to).unwrap();
        Self { disk, full, program, recorder, events, folder }
    }

    fn fill(&self, full: bool) {
        self.full.store(full, Ordering::Release);
    }

    #[track_caller]
    fn event(&self) -> RecorderEvent {
        self.events.recv_timeout(DEADLINE).unwrap()
    }

    /// Ends the recording; answers its file.
    fn finish(self) -> (PathBuf, tempfile::TempDir) {
        self.recorder.finish().unwrap();
        assert!(self.events.try_recv().is_err());
        let path = self.folder.path().join("show.mp4");
        std::fs::write(&path, self.disk.file()).unwrap();
        (path, self.folder)
    }
}

#[test]
fn a_disk_that_was_full_for_a_moment_costs_nothing() {
    let bench = Bench::new();
    let units = show();
    let at = |seconds| Duration::from_secs(seconds);
    publish(&bench.program, &between(&units, at(0), at(3)));
    bench.fill(true);
    publish(&bench.program, &between(&units, at(3), at(7)));
    assert!(matches!(bench.event(), RecorderEvent::Stopped(RecordError::DiskFull(_))));
    bench.fill(false);
    assert!(matches!(bench.event(), RecorderEvent::Resumed { gap: Duration::ZERO }));
    publish(&bench.program, &between(&units, at(7), at(10)));
    let (path, _folder) = bench.finish();
    decode(&path);
    assert_times(&path, "v", 0.0, 1.0 / 30.0, 300);
}

#[test]
fn a_disk_that_is_full_for_long_leaves_a_held_frame_and_silence() {
    let bench = Bench::new();
    let units = long_show(12);
    let at = |seconds| Duration::from_secs(seconds);
    bench.fill(true);
    publish(&bench.program, &between(&units, at(0), at(1)));
    assert!(matches!(bench.event(), RecorderEvent::Stopped(RecordError::DiskFull(_))));
    // A minute of it can wait.
    publish(&bench.program, &between(&units, at(1), at(100)));
    bench.fill(false);
    let begun = Instant::now();
    // Until the queue is empty: what waits, and what is to come, would be too much for it.
    while bench.recorder.bytes() < 1_000_000 || check(&bench.disk.file()).video_end() < 60.0 {
        assert!(begun.elapsed() < DEADLINE);
        std::thread::yield_now();
    }
    publish(&bench.program, &between(&units, at(100), at(120)));
    let RecorderEvent::Resumed { gap } = bench.event() else { panic!("it goes on") };
    assert!((36..42).contains(&gap.as_secs()), "{gap:?}");
    let (path, _folder) = bench.finish();

    let found = check(&std::fs::read(&path).unwrap());
    let published: Vec<_> = units.iter().filter(|unit| unit.track == Track::Video).collect();
    let held = found.video.iter().position(|frame| frame.duration > 10_000).unwrap();
    let (last, next) = (&found.video[held], &found.video[held + 1]);
    assert!(next.sync && next.time == ProgramTime::from_millis(100_000).ticks(90_000));
    assert_eq!(last.time, published[held].pts.ticks(90_000));
    assert!(found.audio.windows(2).all(|pair| pair[1].time - pair[0].time == 1024), "audio goes on");
    assert!((found.video_end() - 120.0).abs() < 0.001);
    decode(&path);
    let samples = sound(&path);
    // Decoded sound begins where the first packet does.
    let loud = |from: u64, to: u64| {
        let place = |seconds: u64| (seconds * 48_000 * 2) as usize;
        samples[place(from)..place(to)].iter().map(|sample| i32::from(*sample).abs()).max().unwrap()
    };
    assert!(loud(50, 60) > 1000 && loud(101, 119) > 1000, "the tone before and after");
    assert_eq!(loud(63, 99), 0, "silence between");
}

#[test]
fn a_disk_that_is_too_slow_is_reported_and_its_gap_is_held() {
    let gate = Arc::new(std::sync::Mutex::new(()));
    let passed = gate.clone();
    let disk = MemoryDisk::default().failing(move |_, _| {
        drop(passed.lock().unwrap());
        None
    });
    let (program, folder) = (Program::new(Look::Dressed), folder());
    let (send, events) = channel();
    let events_to = Arc::new(move |event| drop(send.send(event)));
    let recorder =
        Recorder::start_on(disk.clone(), &program, Track::Aac, &folder.path().join("show.mp4"), events_to).unwrap();
    let units = long_show(12);
    let at = |seconds| Duration::from_secs(seconds);
    let stuck = gate.lock().unwrap();
    publish(&program, &between(&units, at(0), at(100)));
    assert!(events.try_recv().is_err(), "it does not fail: it does not answer");
    while recorder.stalled_for().is_none_or(|stalled| stalled < Duration::from_millis(20)) {
        std::thread::yield_now();
    }
    drop(stuck);
    let begun = Instant::now();
    while recorder.bytes() < 1_000_000 || check(&disk.file()).video_end() < 60.0 {
        assert!(begun.elapsed() < DEADLINE);
        std::thread::yield_now();
    }
    publish(&program, &between(&units, at(100), at(120)));
    let RecorderEvent::Overrun { gap } = events.recv_timeout(DEADLINE).unwrap() else { panic!("it says so") };
    assert!((36..42).contains(&gap.as_secs()), "{gap:?}");
    while recorder.stalled_for().is_some() {
        std::thread::yield_now();
    }
    recorder.finish().unwrap();
    let found = check(&disk.file());
    assert!(found.whole && (found.video_end() - 120.0).abs() < 0.001);
    assert!(found.video.iter().any(|frame| frame.duration > 36 * 90_000), "the last frame is held");
}

#[test]
fn a_disk_that_stays_full_leaves_what_was_written() {
    let bench = Bench::new();
    publish(&bench.program, &between(&show(), Duration::ZERO, Duration::from_secs(5)));
    let begun = Instant::now();
    while bench.recorder.bytes() < 50_000 {
        assert!(begun.elapsed() < DEADLINE);
        std::thread::yield_now();
    }
    bench.fill(true);
    publish(&bench.program, &between(&show(), Duration::from_secs(5), Duration::from_secs(8)));
    assert!(matches!(bench.event(), RecorderEvent::Stopped(RecordError::DiskFull(_))));
    let bytes = bench.recorder.bytes();
    assert!(matches!(bench.recorder.finish(), Err(RecordError::DiskFull(_))));
    let file = bench.disk.file();
    assert_eq!(file.len() as u64, bytes, "it ends with a whole fragment");
    let found = check(&file);
    assert!(!found.whole && found.video_end() > 2.0);
}

#[test]
fn without_a_keyframe_there_is_no_file() {
    let folder = folder();
    let path = folder.path().join("show.mp4");
    let (program, recorder) = start(&path);
    assert!(path.exists());
    let without: Vec<_> = show().into_iter().filter(|unit| !unit.is_video_keyframe()).collect();
    publish(&program, &without);
    assert!(matches!(recorder.finish(), Err(RecordError::Empty)));
    assert!(!path.exists());
}

#[test]
fn a_recording_never_replaces_a_file_and_says_when_its_folder_is_none() {
    let folder = folder();
    let taken = folder.path().join("taken.mp4");
    std::fs::write(&taken, "precious").unwrap();
    let program = Program::new(Look::Dressed);
    for path in [taken.clone(), taken.join("in-a-file.mp4"), folder.path().join("no/such/folder.mp4")] {
        let refused = Recorder::start(&program, &path, Arc::new(|_| {}));
        assert!(matches!(refused.err(), Some(RecordError::Create(_))));
    }
    assert_eq!(std::fs::read(&taken).unwrap(), b"precious");
}

#[test]
fn a_program_that_ends_is_finished_with_all_that_waited() {
    let folder = folder();
    let path = folder.path().join("show.mp4");
    let (program, recorder) = start(&path);
    publish(&program, &show());
    program.end();
    drop(program);
    assert!(recorder.finish().unwrap().duration >= Duration::from_secs(10));
    assert_eq!(check(&std::fs::read(&path).unwrap()).video.len(), 300);
}

#[test]
fn a_recorder_that_panics_is_known_to_have_died_and_its_file_can_be_repaired() {
    struct Defect(std::fs::File, u32);
    impl Disk for Defect {
        fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
            self.1 += 1;
            assert!(self.1 < 8, "a test");
            self.0.write_at(offset, bytes)
        }
        fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
            self.0.read_at(offset, into)
        }
        fn length(&mut self) -> io::Result<u64> {
            self.0.length()
        }
        fn truncate(&mut self, length: u64) -> io::Result<()> {
            self.0.truncate(length)
        }
        fn sync(&mut self) -> io::Result<()> {
            self.0.sync()
        }
    }
    let folder = folder();
    let path = folder.path().join("show.mp4");
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).unwrap();
    let program = Program::new(Look::Dressed);
    let events = Arc::new(|event| panic!("{event:?}"));
    let recorder = Recorder::start_on(Defect(file, 0), &program, Track::Aac, &path, events).unwrap();
    assert!(!recorder.has_died());
    publish(&program, &show());
    let begun = Instant::now();
    while !recorder.has_died() {
        assert!(begun.elapsed() < DEADLINE);
        std::thread::yield_now();
    }
    drop(recorder);
    assert!(crate::repair(&path).unwrap().duration > Duration::from_secs(2));
    decode(&path);
}
