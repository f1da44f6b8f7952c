//! Picture and sound of a recording belong together: measured with the test devices, whose picture
//! carries the time at which it was made and whose sound beeps at every full second.

use std::path::Path;
use std::process::Command;

use domain::{Layout, SourceKind};
use media::ProgramTime;

use super::{CANVAS, Studio, assert_without_holes, plan};
use crate::source::clock_strip;

/// The aim. A frame lasts 33 ms, but the strip and the beep are exact.
const TOLERANCE_MS: f64 = 20.0;

#[test]
fn sound_and_picture_of_a_recording_are_in_step() {
    let studio = Studio::open();
    studio.engine.show(plan(1, &[SourceKind::Camera, SourceKind::Microphone], Layout::Solo));
    studio.wait_running(&["camera", "microphone"]);
    let on_air = studio.begin(Some("show.mp4"));
    assert_without_holes(&on_air.until(ProgramTime::from_millis(4500)));
    let recording = studio.end(on_air).expect("a recording");
    let (luma, sound) = (decoded(&recording.path, &PICTURE), decoded(&recording.path, &SOUND));

    // What must be added to program time to get Unix time, by the picture and by the sound.
    let by_picture = median(picture_offsets(&luma));
    let beeps = beep_moments(&sound);
    assert!(beeps.len() >= 3, "{beeps:?}");
    for beep in &beeps {
        let off = (beep + by_picture).rem_euclid(1000.0);
        let off = if off > 500.0 { off - 1000.0 } else { off };
        println!("sound minus picture: {off:.1} ms");
        assert!(off.abs() < TOLERANCE_MS, "the sound comes {off} ms after the picture");
    }
}

const PICTURE: [&str; 6] = ["-an", "-f", "rawvideo", "-pix_fmt", "gray", "-"];
const SOUND: [&str; 10] =
    ["-vn", "-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", "48000", "-f", "s16le", "-"];

fn decoded(path: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(path).args(arguments).output();
    let output = output.expect("ffmpeg is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[allow(clippy::cast_precision_loss)]
fn picture_offsets(luma: &[u8]) -> Vec<f64> {
    let (width, height) = (CANVAS.width as usize, CANVAS.height as usize);
    let frames = luma.chunks_exact(width * height).enumerate();
    let offsets = frames.filter_map(|(number, frame)| {
        let unix = clock_strip::read(frame, width, width, height)?;
        Some((unix % 1_000_000) as f64 - number as f64 * 1000.0 / 30.0)
    });
    offsets.collect()
}

/// When beeps begin, in milliseconds: the first loud sample after a fifth of a second without.
#[allow(clippy::cast_precision_loss)]
fn beep_moments(sound: &[u8]) -> Vec<f64> {
    let mut moments = Vec::new();
    let mut quiet = 0;
    for (number, sample) in sound.as_chunks::<2>().0.iter().enumerate() {
        if i16::from_le_bytes(*sample).unsigned_abs() < 2500 {
            quiet += 1;
        } else {
            if quiet > 9600 {
                moments.push(number as f64 / 48.0);
            }
            quiet = 0;
        }
    }
    moments
}

fn median(mut values: Vec<f64>) -> f64 {
    assert!(values.len() > 60, "the strip was read in {} frames", values.len());
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
