//! What loudspeakers of any format play is a source, whole, as loud and as high as it was played.

use std::f32::consts::TAU;
use std::path::Path;

use domain::{SourceKind, SourceSpec, SourceState};

use super::{Process, Server, Trial, assert_regular, in_a_session};
use crate::device::list_devices;

const HERTZ: f32 = 440.0;
const AMPLITUDE: f32 = 0.5;
/// Name, rate and channels of each loudspeaker.
const SPEAKERS: [(&str, u32, &str); 4] = [
    ("speaker-usual", 48_000, "[ FL FR ]"),
    ("speaker-cd-mono", 44_100, "[ MONO ]"),
    ("speaker-fine", 96_000, "[ FL FR ]"),
    ("speaker-cinema", 48_000, "[ FL FR FC LFE RL RR SL SR ]"),
];

#[test]
fn what_the_computer_plays_is_heard_whatever_its_format() {
    in_a_session("played::what_the_computer_plays_is_heard_whatever_its_format", heard);
}

fn heard(folder: &Path) {
    gst::init().unwrap();
    let server = Server::start(folder);
    for (name, rate, positions) in SPEAKERS {
        let channels = channels(positions);
        let node = format!(
            "{{ factory.name=support.null-audio-sink node.name={name} node.description=\"{name}\" media.class=Audio/Sink \
             audio.rate={rate} audio.channels={channels} audio.position={positions} object.linger=true }}"
        );
        assert!(Process::start("pw-cli", &["create-node", "adapter", &node]).0.wait().unwrap().success(), "{name}");
    }
    for (name, _, positions) in SPEAKERS {
        let id = format!("pipewire:{name}");
        let is_listed = || {
            let listed = list_devices().devices;
            listed.iter().any(|device| device.id == id && device.kind == SourceKind::ComputerSound.devices())
        };
        super::wait(&format!("{name} is listed"), is_listed);
        let trial = Trial::open(&SourceSpec::Device(SourceKind::ComputerSound, id.clone()));
        trial.wait(SourceState::Running);
        // As many channels as it has: what PipeWire does to play other ones is not ours.
        let tone = folder.join("tone.wav");
        std::fs::write(&tone, wav(channels(positions))).unwrap();
        let _player = Process::start("pw-play", &["--target", name, tone.to_str().unwrap()]);
        // Silence until it plays, and what follows a start.
        let is_loud = |samples: &[f32]| samples.iter().any(|sample| *sample > AMPLITUDE / 4.0);
        super::wait(&format!("{name} is heard"), || is_loud(&left(&trial.buffers(1))));
        trial.buffers(50);
        let buffers = trial.buffers(100);
        assert_regular(&buffers, std::time::Duration::from_millis(10));
        let samples = left(&buffers);
        let risen = samples.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
        assert!((437..=443).contains(&risen), "{name}: {risen} Hz");
        let peak = samples.iter().fold(0f32, |peak, sample| peak.max(sample.abs()));
        let louder = 20.0 * (peak / AMPLITUDE).log10();
        assert!(louder.abs() < 1.0, "{name}: {louder} dB louder than it was played");
        trial.close();
    }
    drop(server);
}

fn left(buffers: &[gst::Buffer]) -> Vec<f32> {
    let samples = |buffer: &gst::Buffer| -> Vec<f32> {
        let map = buffer.map_readable().unwrap();
        map.as_chunks::<8>().0.iter().map(|both| f32::from_le_bytes([both[0], both[1], both[2], both[3]])).collect()
    };
    buffers.iter().flat_map(samples).collect()
}

fn channels(positions: &str) -> u16 {
    u16::try_from(positions.split_whitespace().count() - 2).unwrap()
}

/// Twenty seconds of a sine in the first two channels of so many, 16 bits at 48 kHz.
fn wav(channels: u16) -> Vec<u8> {
    const RATE: u32 = 48_000;
    let frames = (0..20 * RATE).flat_map(|n| {
        let sample = AMPLITUDE * (TAU * HERTZ * (n % RATE) as f32 / RATE as f32).sin();
        let sample = (sample * 32_767.0) as i16;
        (0..channels).flat_map(move |channel| if channel < 2 { sample } else { 0 }.to_le_bytes())
    });
    let frames: Vec<u8> = frames.collect();
    let length = u32::try_from(frames.len()).unwrap();
    let bytes = u32::from(channels) * 2;
    [
        &b"RIFF"[..],
        &(36 + length).to_le_bytes(),
        b"WAVEfmt ",
        &16u32.to_le_bytes(),
        &[1, channels].map(u16::to_le_bytes).concat(),
        &[RATE, RATE * bytes, bytes | 16 << 16].map(u32::to_le_bytes).concat(),
        b"data",
        &length.to_le_bytes(),
        &frames,
    ]
    .concat()
}
