//! Recordings above 4 GiB and of ten hours: finished and repaired in two seconds and 64 MiB.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::{AacConfig, AccessUnit, CodecConfig, ConfigId, Format, H264Config, ProgramTime, Track};

use super::disks::SparseDisk;
use super::{child, folder, peak_memory};
use crate::disk::Disk;
use crate::layout::{Head, PLACEHOLDER, SLOT};
use crate::recorder::Writer;
use crate::repair::repair;

const RECORD: &str = "ANTENNE_TEST_LARGE_RECORD";
const REPAIR: &str = "ANTENNE_TEST_LARGE_REPAIR";
/// What either may take. The promise is two seconds; other tests run beside this one.
const DEADLINE: Duration = Duration::from_secs(10);
const MEMORY: u64 = 64 << 20;

struct Show {
    seconds: u64,
    frame_bytes: usize,
}

const TEN_HOURS: Show = Show { seconds: 36_000, frame_bytes: 64 };
const ABOVE_4_GIB: Show = Show { seconds: 600, frame_bytes: 250_000 };

impl Show {
    /// Thirty frames and 46.875 packets a second, in the order of their times, each made when it is
    /// asked for.
    fn units(&self) -> impl Iterator<Item = AccessUnit> {
        let sets = (Bytes::from_static(&[0x67, 0x42, 0xc0, 0x1f, 1]), Bytes::from_static(&[0x68, 0xce]));
        let h264 = H264Config { width: 1280, height: 720, fps: 30, sps: sets.0, pps: sets.1 };
        let aac = AacConfig { sample_rate: 48_000, channels: 2, delay: 0, specific: Bytes::from_static(&[0x11, 0x90]) };
        let config = |id, format| Arc::new(CodecConfig { id: ConfigId(id), format });
        let (h264, aac) = (config(0, Format::H264(h264)), config(1, Format::Aac(aac)));
        let frame_data = [0x65u8, 0x41].map(|header| {
            let mut data = vec![0xff; self.frame_bytes];
            data[..5].copy_from_slice(&[0, 0, 0, 1, header]);
            Bytes::from(data)
        });
        let video = move |number: u64| {
            let keyframe = number.is_multiple_of(60);
            let data = frame_data[usize::from(!keyframe)].clone();
            let pts = ProgramTime::from_nanos(number * 1_000_000_000 / 30);
            let duration = Duration::from_nanos(33_333_333);
            AccessUnit { track: Track::Video, config: h264.clone(), pts, duration, keyframe, data }
        };
        let audio = move |number: u64| AccessUnit {
            track: Track::Aac,
            config: aac.clone(),
            pts: ProgramTime::from_nanos(number * 1024 * 1_000_000_000 / 48_000),
            duration: Duration::from_nanos(21_333_333),
            keyframe: true,
            data: Bytes::from_static(&[0x21; 9]),
        };
        let (mut frames, mut packets) = (0, 0);
        let end = ProgramTime::from_millis(self.seconds * 1000);
        std::iter::from_fn(move || {
            let (frame, packet) = (video(frames), audio(packets));
            let next = if frame.pts <= packet.pts { frame } else { packet };
            if next.track == Track::Video {
                frames += 1
            } else {
                packets += 1
            }
            (next.pts < end).then_some(next)
        })
    }
}

fn show(path: &Path) -> Show {
    if path.ends_with("hours.mp4") { TEN_HOURS } else { ABOVE_4_GIB }
}

#[test]
fn the_child_that_records_for_long() {
    let Some(path) = std::env::var_os(RECORD) else { return };
    let path = Path::new(&path);
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(path).unwrap();
    let mut writer = Writer::new(SparseDisk(file), media::Track::Aac).unwrap();
    for unit in show(path).units() {
        writer.push(&unit);
        writer.flush().unwrap();
    }
    let begun = Instant::now();
    let finished = writer.finish().unwrap().unwrap();
    report("finished", begun, finished.duration, finished.bytes);
    assert_eq!(finished.duration.as_secs(), show(path).seconds);
}

#[test]
fn the_child_that_repairs_for_long() {
    let Some(path) = std::env::var_os(REPAIR) else { return };
    let begun = Instant::now();
    let repaired = repair(Path::new(&path)).unwrap();
    report("repaired", begun, repaired.duration, repaired.bytes);
    assert!(!repaired.was_whole);
}

fn report(what: &str, begun: Instant, duration: Duration, bytes: u64) {
    let (took, memory) = (begun.elapsed(), peak_memory().unwrap_or(0));
    println!("{what}: {} s, {bytes} bytes in {took:?} with {} MiB", duration.as_secs(), memory >> 20);
    assert!(took < DEADLINE, "{took:?}");
    assert!(memory < MEMORY, "{memory} bytes");
}

/// The tables at the end of a finished file, and where they begin.
fn tables(file: &mut File) -> (u64, Vec<u8>) {
    let Head::Ours { movie: Some(movie) } = Head::read(file).unwrap() else { panic!("it is not finished") };
    let mut tables = vec![0; usize::try_from(Disk::length(file).unwrap() - movie).unwrap()];
    file.read_at(movie, &mut tables).unwrap();
    (movie, tables)
}

#[track_caller]
fn is_finished_and_repaired(name: &str, at_least: u64) {
    let folder = folder();
    let path = folder.path().join(name);
    print!("{}", child("tests::large::the_child_that_records_for_long", RECORD, path.to_str().unwrap()));
    let mut file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let (movie, by_recorder) = tables(&mut file);
    assert!(movie >= at_least, "{movie}");
    // Killed while it appended its tables.
    file.write_at(SLOT, &PLACEHOLDER).unwrap();
    file.truncate(movie + 5000).unwrap();
    print!("{}", child("tests::large::the_child_that_repairs_for_long", REPAIR, path.to_str().unwrap()));
    assert!(tables(&mut file) == (movie, by_recorder), "the repair writes what the recorder wrote");
}

#[test]
fn ten_hours_are_finished_and_repaired_in_no_time() {
    is_finished_and_repaired("hours.mp4", 100 << 20);
}

#[test]
fn a_recording_above_4_gib_is_finished_and_repaired_in_no_time() {
    is_finished_and_repaired("bytes.mp4", 4 << 30);
}
