//! A recording as somebody else reads it: with ffprobe and ffmpeg.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::strip;

/// A file with picture and sound.
pub struct Recording {
    path: PathBuf,
    width: usize,
    height: usize,
}

/// One encoded unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Packet {
    /// When it is shown or heard, in seconds.
    pub pts: f64,
    /// Whether decoding may start here.
    pub keyframe: bool,
}

/// One decoded picture.
#[derive(Debug, Clone)]
pub struct Picture {
    /// When it is shown, in seconds.
    pub pts: f64,
    /// Red, green, blue; row by row.
    pub rgb: Vec<u8>,
}

/// One decoded picture, as far as its clock strip is concerned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stamp {
    /// When it is shown, in seconds.
    pub pts: f64,
    /// Unix time in milliseconds on its strip.
    pub strip: Option<u64>,
}

const SOUND_RATE: usize = 48_000;

impl Recording {
    /// Looks at a file.
    ///
    /// # Panics
    ///
    /// If it has no picture that can be read.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        let streams = probe(path, &["-select_streams", "v:0", "-show_entries", "stream=width,height"]);
        let side = |name: &str| streams["streams"][0][name].as_u64().and_then(|side| usize::try_from(side).ok());
        let (Some(width), Some(height)) = (side("width"), side("height")) else {
            panic!("{} has no picture: {streams}", path.display());
        };
        Self { path: path.to_owned(), width, height }
    }

    /// Width and height of the picture in pixels.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Length as the file says, in seconds.
    #[must_use]
    pub fn duration(&self) -> f64 {
        seconds(&probe(&self.path, &["-show_entries", "format=duration"])["format"]["duration"])
    }

    /// The encoded pictures.
    #[must_use]
    pub fn pictures(&self) -> Vec<Packet> {
        self.packets("v:0")
    }

    /// A hash of each picture's slices. Files and services carry parameter sets and delimiters in
    /// their own ways; the slices are the encoder's.
    #[must_use]
    pub fn slices(&self) -> Vec<String> {
        let arguments = ["-map", "0:v:0", "-c", "copy", "-bsf:v", "filter_units=pass_types=1-5", "-f", "framemd5"];
        let lines = String::from_utf8(self.decode(&arguments)).expect("hashes are text");
        let rows = lines.lines().filter(|line| !line.starts_with('#'));
        rows.filter_map(|row| Some(row.rsplit(',').next()?.trim().to_owned())).collect()
    }

    /// The encoded sound.
    #[must_use]
    pub fn sounds(&self) -> Vec<Packet> {
        self.packets("a:0")
    }

    fn packets(&self, stream: &str) -> Vec<Packet> {
        let entries = ["-select_streams", stream, "-show_packets"];
        let packets = probe(&self.path, &entries);
        let packets = packets["packets"].as_array().map(Vec::as_slice).unwrap_or_default();
        let packet = |packet: &Value| Packet {
            pts: seconds(&packet["pts_time"]),
            keyframe: packet["flags"].as_str().is_some_and(|flags| flags.starts_with('K')),
        };
        packets.iter().map(packet).collect()
    }

    /// Every picture's time and strip. Decodes the whole file and stops at the first error.
    ///
    /// # Panics
    ///
    /// If a part of it cannot be decoded.
    #[must_use]
    pub fn stamps(&self) -> Vec<Stamp> {
        let rows = self.height / 24;
        let filter = format!("format=gray,crop={}:{rows}:0:0:exact=1", self.width);
        let bytes = self.decode(&["-map", "0:v:0", "-vf", &filter, "-fps_mode", "passthrough", "-f", "rawvideo"]);
        let pictures = bytes.chunks_exact(self.width * rows);
        let packets = self.pictures();
        assert_eq!(pictures.len(), packets.len(), "every encoded picture is decoded");
        let stamp = |(packet, pixels): (&Packet, &[u8])| Stamp {
            pts: packet.pts,
            strip: strip::read(pixels, self.width, self.height),
        };
        packets.iter().zip(pictures).map(stamp).collect()
    }

    /// The pictures from `from` to `to` (seconds), each `every`th of them.
    #[must_use]
    pub fn pictures_between(&self, from: f64, to: f64, every: usize) -> Vec<Picture> {
        let packets = self.pictures();
        let (first, end) =
            (packets.partition_point(|packet| packet.pts < from), packets.partition_point(|packet| packet.pts <= to));
        let last = end.saturating_sub(1);
        let filter = format!("select='between(n,{first},{last})*not(mod(n-{first},{every}))',format=rgb24");
        let bytes = self.decode(&["-map", "0:v:0", "-vf", &filter, "-fps_mode", "passthrough", "-f", "rawvideo"]);
        let chosen = packets[first..end].iter().step_by(every);
        let picture = |(packet, rgb): (&Packet, &[u8])| Picture { pts: packet.pts, rgb: rgb.to_vec() };
        chosen.zip(bytes.chunks_exact(self.width * self.height * 3)).map(picture).collect()
    }

    /// The sound, mixed to one channel at 48 kHz, from second zero of the file.
    #[must_use]
    pub fn sound(&self) -> Vec<f32> {
        self.heard("aresample=async=1:first_pts=0")
    }

    /// The samples of one channel, 0 is the left one, as [`Recording::sound`] gives those of all.
    #[must_use]
    pub fn channel(&self, channel: usize) -> Vec<f32> {
        self.heard(&format!("pan=mono|c0=c{channel},aresample=async=1:first_pts=0"))
    }

    fn heard(&self, filter: &str) -> Vec<f32> {
        let bytes = self.decode(&["-map", "0:a:0", "-af", filter, "-ac", "1", "-ar", "48000", "-f", "f32le"]);
        bytes.chunks_exact(4).map(|sample| f32::from_le_bytes([sample[0], sample[1], sample[2], sample[3]])).collect()
    }

    /// The same of a file that has sound only.
    #[must_use]
    pub fn sound_of(path: &Path) -> Vec<f32> {
        Self { path: path.to_owned(), width: 0, height: 0 }.sound()
    }

    /// When each beep of 1 kHz begins, in seconds.
    #[must_use]
    pub fn beeps(&self) -> Vec<f64> {
        beeps(&self.sound(), SOUND_RATE)
    }

    /// Decodes everything.
    ///
    /// # Panics
    ///
    /// If ffmpeg finds anything wrong with the file.
    pub fn decode_all(&self) {
        // Each frame at its own time: a camera that is published from a browser has no steady rate.
        self.decode(&["-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null"]);
    }

    fn decode(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-err_detect", "explode", "-i"])
            .arg(&self.path)
            .args(arguments)
            .arg("-")
            .output()
            .expect("ffmpeg is installed");
        let complaint = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || !complaint.is_empty() {
            panic!("{} {arguments:?}: {}: {complaint}", self.kept().display(), output.status);
        }
        output.stdout
    }
}

impl Recording {
    /// A copy that is still there after the test, to be looked at.
    fn kept(&self) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/failed");
        let copy = folder.join(self.path.file_name().unwrap_or_default());
        let copied = std::fs::create_dir_all(&folder).and_then(|()| std::fs::copy(&self.path, &copy));
        copied.map_or_else(|_| self.path.clone(), |_| copy)
    }
}

fn probe(path: &Path, entries: &[&str]) -> Value {
    let output = Command::new("ffprobe").args(["-v", "error", "-of", "json"]).args(entries).arg(path).output();
    let output = output.expect("ffprobe is installed");
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("ffprobe writes JSON")
}

fn seconds(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

/// The longest time between two neighbours, in seconds.
#[must_use]
pub fn longest_gap(times: impl IntoIterator<Item = f64>) -> f64 {
    let times: Vec<f64> = times.into_iter().collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
}

/// For every beep how many milliseconds the sound comes later than the picture. The beep of a full
/// second of Unix time is held against the strip of the picture that is shown with it.
#[must_use]
pub fn lip_sync(stamps: &[Stamp], beeps: &[f64]) -> Vec<f64> {
    let sync = |beep: &f64| {
        let shown = stamps.iter().filter(|stamp| stamp.strip.is_some());
        let nearest = shown.min_by(|a, b| (a.pts - beep).abs().total_cmp(&(b.pts - beep).abs()))?;
        // Unix time in milliseconds at the file's second zero, as the picture has it.
        let zero = nearest.strip? as f64 - nearest.pts * 1000.0;
        let heard = zero + beep * 1000.0;
        Some(heard - (heard / 1000.0).round() * 1000.0)
    };
    beeps.iter().filter_map(sync).collect()
}

/// When each beep of 1 kHz begins, in seconds from the first sample: where the tone reaches half
/// of its loudness in a window of 10 ms around the moment.
#[must_use]
pub fn beeps(samples: &[f32], rate: usize) -> Vec<f64> {
    let window = rate / 100;
    let step = rate / 1000;
    let loudness: Vec<f32> = (0..samples.len().saturating_sub(window))
        .step_by(step)
        .map(|at| tone(&samples[at..at + window], rate))
        .collect();
    let threshold = loudness.iter().copied().fold(0.0, f32::max) / 2.0;
    let mut found: Vec<f64> = Vec::new();
    for (number, pair) in loudness.windows(2).enumerate() {
        let at = ((number + 1) * step + window / 2) as f64 / rate as f64;
        let begins = pair[0] < threshold && pair[1] >= threshold && threshold > 0.001;
        // A beep lasts 100 ms: what rises again within it is the same one.
        if begins && found.last().is_none_or(|last| at - last > 0.3) {
            found.push(at);
        }
    }
    found
}

/// How loud 1 kHz is in `samples` (Goertzel's algorithm).
fn tone(samples: &[f32], rate: usize) -> f32 {
    let factor = 2.0 * (2.0 * std::f32::consts::PI * 1000.0 / rate as f32).cos();
    let (last, before) =
        samples.iter().fold((0.0f32, 0.0f32), |(last, before), sample| (sample + factor * last - before, last));
    (last * last + before * before - factor * last * before).max(0.0).sqrt() / samples.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beeps_are_found_within_two_milliseconds() {
        let wave = |n: usize| (n as f32 * 1000.0 * std::f32::consts::TAU / 48_000.0).sin();
        let noise = |n: usize| ((n * 7919 % 1000) as f32 / 1000.0 - 0.5) * 0.05;
        let is_beep = |n: usize| (14_400..19_200).contains(&(n % 48_000));
        let sound: Vec<f32> = (0..144_000).map(|n| noise(n) + if is_beep(n) { 0.3 * wave(n) } else { 0.0 }).collect();
        let found = beeps(&sound, 48_000);
        assert_eq!(found.len(), 3, "{found:?}");
        for (number, at) in found.iter().enumerate() {
            assert!((at - (number as f64 + 0.3)).abs() < 0.002, "{found:?}");
        }
    }

    #[test]
    fn silence_and_noise_have_no_beeps() {
        assert_eq!(beeps(&[0.0; 48_000], 48_000), Vec::<f64>::new());
    }
}
