//! Programs that have no AAC: what others publish by WebRTC.

use media::{Format, OpusConfig};

use super::*;

/// The frames of the show, and Opus beside them that begins a little later and has a hole of a second.
fn show_with_opus() -> Vec<AccessUnit> {
    let program = Program::new(Look::Dressed);
    let config = program.configure(Format::Opus(OpusConfig { channels: 2, pre_skip: 0 }));
    let packets = (5..500).filter(|n| !(200..250).contains(n));
    let packets = packets.map(|n| crate::silent_unit(&config, ProgramTime::from_millis(n * 20)).unwrap());
    let mut units: Vec<_> = show().into_iter().filter(|unit| unit.track == Track::Video).chain(packets).collect();
    units.sort_by_key(|unit| unit.pts);
    units
}

#[test]
fn a_program_without_aac_is_recorded_with_its_opus_and_repaired_with_it() {
    let folder = folder();
    for (name, is_finished) in [("finished.mp4", true), ("cut.mp4", false)] {
        let path = folder.path().join(name);
        let program = Program::new(Look::Dressed);
        let recorder =
            Recorder::start_with(&program, Track::Opus, &path, Arc::new(|event| panic!("{event:?}"))).unwrap();
        publish(&program, &show_with_opus());
        if is_finished {
            recorder.finish().unwrap();
        } else {
            let begun = Instant::now();
            while fragments(&path) < 20 {
                assert!(begun.elapsed() < DEADLINE);
                std::thread::yield_now();
            }
            drop(recorder);
            crate::repair(&path).unwrap();
        }
        decode(&path);
        assert_times(&path, "v", 0.0, 1.0 / 30.0, 300);
        let streams = probe(&path, "stream=codec_name,sample_rate,channels", &[]);
        assert!(streams.contains("opus,48000,2"), "{streams}");
        let times = packet_times(&path, "a");
        // The hole is filled: players that count samples stay in step.
        let wrong = times.iter().enumerate().find(|(n, time)| (*time - 0.1 - *n as f64 * 0.02).abs() > 0.0001);
        assert_eq!(wrong, None);
        assert!(times.len() >= 490, "{}", times.len());
    }
}
