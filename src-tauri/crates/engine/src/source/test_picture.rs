//! The picture of the test camera: clock strip, flashing square, a moving scene and noise.

use crate::source::clock_strip;

/// How far the scene pans, in pixels.
const PAN: usize = 96;
/// So many copies of the scene with other noise; every row takes one of them at random.
pub(super) const NOISES: usize = 4;

/// Draws the test camera's frames. Everything but the clock depends on the number of the frame
/// only, so that two runs give an encoder the same work.
///
/// A frame costs little more than one copy: the scene and its noise are drawn once, wider than the
/// frame, and each row of a frame is copied from one of the noises at the pan of the moment.
pub struct TestPicture {
    width: usize,
    height: usize,
    luma: Vec<Vec<u8>>,
    chroma: [Vec<u8>; 2],
}

/// The three planes of an I420 frame and the lengths of their rows in bytes.
#[derive(Debug)]
pub struct Planes<'a> {
    /// Brightness, Cb and Cr.
    pub data: [&'a mut [u8]; 3],
    /// Length of a row of each.
    pub strides: [usize; 3],
}

impl TestPicture {
    /// A frame of `width`×`height` pixels (both even, at least 320×180).
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        let wide = width + PAN;
        let mut random = Random(0x5eed);
        let scene: Vec<u8> = (0..height).flat_map(|y| (0..wide).map(move |x| scene(x, y, height))).collect();
        let luma = random.noises(&scene);
        let tint = |phase: f32| {
            let (columns, rows) = (wide / 2, height / 2);
            let cell = move |x: usize, y: usize| {
                let angle = x as f32 / columns as f32 * 4.0 + y as f32 / rows as f32 * 2.0 + phase;
                (128.0 + 34.0 * angle.sin()) as u8
            };
            (0..rows).flat_map(|y| (0..columns).map(move |x| cell(x, y))).collect()
        };
        Self { width, height, luma, chroma: [tint(0.0), tint(2.1)] }
    }

    /// Draws frame `number`, made at `unix_ms`.
    ///
    /// The square below the strip is white for the first 100 ms of each second of Unix time.
    pub fn draw(&self, number: u64, unix_ms: u64, planes: &mut Planes<'_>) {
        let pan = swing(number, PAN) & !1;
        let mut random = Random::of_frame(number);
        let strip_rows = clock_strip::rows(self.height);
        let [luma, cb, cr] = &mut planes.data;
        let [luma_stride, cb_stride, cr_stride] = planes.strides;
        for (y, row) in luma.chunks_mut(luma_stride).take(self.height).enumerate().skip(strip_rows) {
            let from = &self.luma[random.below(NOISES)][y * (self.width + PAN) + pan..];
            row[..self.width].copy_from_slice(&from[..self.width]);
        }
        clock_strip::draw(luma, luma_stride, self.width, self.height, unix_ms);
        for (plane, stride, from) in [(cb, cb_stride, &self.chroma[0]), (cr, cr_stride, &self.chroma[1])] {
            self.copy_chroma(plane, stride, from, pan / 2);
        }
        self.flash(unix_ms % 1000 < 100, planes);
        self.ball(number, planes);
    }

    fn copy_chroma(&self, plane: &mut [u8], stride: usize, from: &[u8], pan: usize) {
        let (columns, wide) = (self.width / 2, (self.width + PAN) / 2);
        let strip_rows = clock_strip::rows(self.height).div_ceil(2);
        for (y, row) in plane.chunks_mut(stride).take(self.height / 2).enumerate() {
            if y < strip_rows {
                row[..columns].fill(128);
            } else {
                row[..columns].copy_from_slice(&from[y * wide + pan..][..columns]);
            }
        }
    }

    fn flash(&self, white: bool, planes: &mut Planes<'_>) {
        let (x, y, side) = clock_strip::flash_square(self.width, self.height);
        let level = if white { 235 } else { 32 };
        let edges = |scale: usize| (x / scale, y / scale, side / scale);
        for (plane, (scale, level)) in [(1, level), (2, 128), (2, 128)].into_iter().enumerate() {
            let (x, y, side) = edges(scale);
            for row in planes.data[plane].chunks_mut(planes.strides[plane]).skip(y).take(side) {
                row[x..x + side].fill(level);
            }
        }
    }

    /// A ball that crosses the lower half of the frame.
    fn ball(&self, number: u64, planes: &mut Planes<'_>) {
        let radius = self.height / 12;
        let (x, y) = (
            radius + swing(number * 5, self.width - 2 * radius),
            self.height / 2 + radius + swing(number * 3, self.height / 2 - 2 * radius),
        );
        for (plane, (scale, level)) in [(1, 205), (2, 90), (2, 170)].into_iter().enumerate() {
            let (x, y, radius) = (x / scale, y / scale, radius / scale);
            let rows = planes.data[plane].chunks_mut(planes.strides[plane]).enumerate();
            for (row_number, row) in rows.skip(y - radius).take(2 * radius) {
                let up = row_number.abs_diff(y);
                let half = (radius * radius).saturating_sub(up * up).isqrt();
                row[x - half..x + half].fill(level);
            }
        }
    }
}

/// Broad diagonal waves and a fine grid: something to see and something to encode.
fn scene(x: usize, y: usize, height: usize) -> u8 {
    let wave = ((x + 2 * y) as f32 / height as f32 * 3.0).sin() * 35.0;
    let grid = if x.is_multiple_of(64) || y.is_multiple_of(64) { 22.0 } else { 0.0 };
    (96.0 + wave + grid) as u8
}

/// A number that goes from 0 to `span` and back.
fn swing(number: u64, span: usize) -> usize {
    let span = span.max(1);
    let place = usize::try_from(number % (2 * span as u64)).unwrap_or(0);
    if place < span { place } else { 2 * span - place }
}

/// The fixed noise: xorshift64.
pub(super) struct Random(u64);

impl Random {
    /// The beginning of what belongs to frame `number`.
    pub(super) fn of_frame(number: u64) -> Self {
        Self(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }

    /// Copies of `plane`, each with other noise.
    pub(super) fn noises(&mut self, plane: &[u8]) -> Vec<Vec<u8>> {
        (0..NOISES).map(|_| plane.iter().map(|level| level.saturating_add(self.small())).collect()).collect()
    }

    /// 0 to 8, most often 4.
    fn small(&mut self) -> u8 {
        let bits = self.next() >> 32;
        (bits % 5 + (bits >> 8) % 5) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(picture: &TestPicture, number: u64, unix_ms: u64) -> [Vec<u8>; 3] {
        let (width, height) = (picture.width, picture.height);
        let mut data = [vec![0; width * height], vec![0; width * height / 4], vec![0; width * height / 4]];
        let [luma, cb, cr] = &mut data;
        let mut planes = Planes { data: [luma, cb, cr], strides: [width, width / 2, width / 2] };
        picture.draw(number, unix_ms, &mut planes);
        data
    }

    #[test]
    fn every_frame_carries_its_time_and_the_flash_at_full_seconds() {
        for (width, height) in [(320, 180), (640, 360), (1280, 720), (1080, 1920)] {
            let picture = TestPicture::new(width, height);
            for (number, unix_ms) in [(0, 1_795_238_400_000), (77, 1_795_238_400_099), (4_000, 1_795_238_400_100)] {
                let [luma, ..] = frame(&picture, number, unix_ms);
                assert_eq!(clock_strip::read(&luma, width, width, height), Some(unix_ms));
                let (x, y, side) = clock_strip::flash_square(width, height);
                let middle = luma[(y + side / 2) * width + x + side / 2];
                assert_eq!(middle > 200, unix_ms % 1000 < 100, "{width}x{height} at {unix_ms}");
            }
        }
    }

    #[test]
    fn the_picture_moves_and_is_the_same_in_every_run() {
        let (first, second) = (TestPicture::new(640, 360), TestPicture::new(640, 360));
        assert_eq!(frame(&first, 12, 5_000), frame(&second, 12, 5_000));
        let (one, next) = (frame(&first, 12, 5_000), frame(&first, 13, 5_000));
        let changed = one[0].iter().zip(&next[0]).filter(|(a, b)| a != b).count();
        assert!(changed > one[0].len() / 2, "{changed} of {} pixels changed", one[0].len());
    }
}
