//! The sizes and rates of a camera, and which of them fits a canvas.

use domain::Canvas;
use std::fmt;

/// How a camera sends its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Encoding {
    /// Uncompressed.
    Raw,
    /// Each frame a JPEG.
    Jpeg,
}

/// One size and rate of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mode {
    pub(crate) encoding: Encoding,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Frames a second, as a fraction. 0/1: the camera decides.
    pub(crate) rate: (i32, i32),
}

impl Mode {
    fn per_second(&self) -> f64 {
        if self.rate.0 == 0 { f64::INFINITY } else { f64::from(self.rate.0) / f64::from(self.rate.1.max(1)) }
    }

    fn area(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoding = if self.encoding == Encoding::Raw { "raw" } else { "MJPEG" };
        write!(f, "{}×{} {encoding}", self.width, self.height)?;
        if self.rate.0 == 0 { Ok(()) } else { write!(f, ", {} a second", self.per_second().round()) }
    }
}

/// The mode that fits `canvas` best: first its rate, then its size, then raw before MJPEG (many
/// webcams give 720p at full rate only as MJPEG), then the least to convert.
pub(crate) fn best(modes: &[Mode], canvas: &Canvas) -> Option<Mode> {
    let wanted = u64::from(canvas.width) * u64::from(canvas.height);
    let rank = |mode: &Mode| {
        // 29.97 is meant by 30.
        let fast = mode.per_second() + 0.5 >= f64::from(canvas.fps);
        let covers = mode.width >= canvas.width && mode.height >= canvas.height;
        let slowness = if fast { 0 } else { (1e6 - mode.per_second() * 1e3) as u64 };
        let spare = if fast && mode.rate.0 != 0 { (mode.per_second() * 1e3) as u64 } else { 0 };
        (slowness, !covers, if covers { 0 } else { wanted.abs_diff(mode.area()) }, mode.encoding, mode.area(), spare)
    };
    modes.iter().copied().min_by_key(rank)
}

/// What a camera can do at the usual canvas, for people.
pub(crate) fn summary(modes: &[Mode]) -> String {
    best(modes, &Canvas::default()).map(|mode| mode.to_string()).unwrap_or_default()
}

/// Reads what a device says it can do. Ranges are read as their largest value.
pub(crate) fn modes(caps: &gst::CapsRef) -> Vec<Mode> {
    caps.iter().flat_map(of_structure).collect()
}

fn of_structure(structure: &gst::StructureRef) -> Vec<Mode> {
    let encoding = match structure.name().as_str() {
        "video/x-raw" => Encoding::Raw,
        "image/jpeg" => Encoding::Jpeg,
        _ => return Vec::new(),
    };
    let side = |key: &str| largest(structure, key).and_then(|side| u32::try_from(side).ok());
    let (Some(width), Some(height)) = (side("width"), side("height")) else { return Vec::new() };
    rates(structure).into_iter().map(|rate| Mode { encoding, width, height, rate }).collect()
}

fn largest(structure: &gst::StructureRef, key: &str) -> Option<i32> {
    if let Ok(value) = structure.get::<i32>(key) {
        return Some(value);
    }
    if let Ok(range) = structure.get::<gst::IntRange<i32>>(key) {
        return Some(range.max().min(3840));
    }
    let list = structure.get::<gst::List>(key).ok()?;
    list.iter().filter_map(|value| value.get::<i32>().ok()).max()
}

fn rates(structure: &gst::StructureRef) -> Vec<(i32, i32)> {
    let pair = |fraction: gst::Fraction| (fraction.numer(), fraction.denom());
    if let Ok(rate) = structure.get::<gst::Fraction>("framerate") {
        return vec![pair(rate)];
    }
    if let Ok(range) = structure.get::<gst::FractionRange>("framerate") {
        // A virtual camera's range ends at infinity: it takes the rate that it is asked for.
        let most = pair(range.max());
        return vec![if most.0 / most.1.max(1) > 240 { (0, 1) } else { most }];
    }
    let list = structure.get::<gst::List>("framerate");
    let rates = list.map(|list| list.iter().filter_map(|value| value.get::<gst::Fraction>().ok()).map(pair).collect());
    rates.unwrap_or_else(|_| vec![(0, 1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webcam() -> Vec<Mode> {
        gst::init().unwrap();
        let caps = "video/x-raw, format=YUY2, width=640, height=480, framerate={ (fraction)30/1, (fraction)15/1 };\
                    video/x-raw, format=YUY2, width=1280, height=720, framerate=(fraction)10/1;\
                    image/jpeg, width=1280, height=720, framerate={ (fraction)30/1, (fraction)60/1 };\
                    image/jpeg, width=1920, height=1080, framerate=(fraction)30/1;\
                    video/x-h264, width=1920, height=1080, framerate=(fraction)30/1";
        modes(&caps.parse::<gst::Caps>().unwrap())
    }

    fn chosen(width: u32, height: u32, fps: u32) -> String {
        best(&webcam(), &Canvas::new(width, height, fps).unwrap()).unwrap().to_string()
    }

    #[test]
    fn the_rate_comes_first_then_the_size_then_raw() {
        assert_eq!(chosen(1280, 720, 30), "1280×720 MJPEG, 30 a second");
        assert_eq!(chosen(1280, 720, 10), "1280×720 raw, 10 a second");
        assert_eq!(chosen(640, 360, 30), "640×480 raw, 30 a second");
        assert_eq!(chosen(640, 360, 60), "1280×720 MJPEG, 60 a second");
        assert_eq!(chosen(1920, 1080, 30), "1920×1080 MJPEG, 30 a second");
        assert_eq!(chosen(3840, 2160, 30), "1920×1080 MJPEG, 30 a second");
    }

    #[test]
    fn a_camera_that_says_nothing_has_no_mode_and_ranges_are_understood() {
        gst::init().unwrap();
        assert_eq!(best(&[], &Canvas::default()), None);
        let caps = "video/x-raw, width=[ 1, 4096 ], height=[ 1, 2160 ], framerate=[ 0/1, 2147483647/1 ]";
        let modes = modes(&caps.parse::<gst::Caps>().unwrap());
        assert_eq!(modes, [Mode { encoding: Encoding::Raw, width: 3840, height: 2160, rate: (0, 1) }]);
    }
}
