//! Scales frames: a source to its place on the canvas, the monitor's frame.
//!
//! Each plane is averaged with SIMD in the thread that calls. GStreamer's converter takes about
//! four times as long for the same.

use domain::Rect;
use fast_image_resize::images::{TypedCroppedImage, TypedCroppedImageMut, TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use gst_video::prelude::VideoFrameExt;

use crate::yuv::AlphaFrame;

/// Brings frames of one size, or a part of them, to another size. Keeps its working memory from
/// frame to frame.
pub(crate) struct FrameScaler {
    from: gst_video::VideoInfo,
    /// What of a frame is scaled; even.
    part: Rect,
    to: gst_video::VideoInfo,
    resizer: Resizer,
    /// A plane at half its size, on its way to a smaller one.
    half: Vec<u8>,
    failure_logged: bool,
}

impl FrameScaler {
    /// From `part` of frames like `from` to `width`×`height` pixels (even). None where I420 has no
    /// such size, or a frame no such part.
    pub(crate) fn new(from: gst_video::VideoInfo, part: Rect, width: u32, height: u32) -> Option<Self> {
        let inside = part.x + part.width <= from.width() && part.y + part.height <= from.height();
        if !inside || part.width == 0 || part.height == 0 {
            return None;
        }
        let to = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, width, height);
        let to = to.fps(from.fps()).colorimetry(&from.colorimetry()).build().ok()?;
        Some(Self { from, part, to, resizer: Resizer::new(), half: Vec::new(), failure_logged: false })
    }

    /// From whole frames like `from`.
    pub(crate) fn whole(from: gst_video::VideoInfo, width: u32, height: u32) -> Option<Self> {
        let part = Rect { x: 0, y: 0, width: from.width(), height: from.height() };
        Self::new(from, part, width, height)
    }

    /// What it makes.
    pub(crate) fn info(&self) -> &gst_video::VideoInfo {
        &self.to
    }

    /// `frame` in the new size, at the same time. None, logged once, for what is no such frame.
    pub(crate) fn scale(&mut self, frame: &gst::BufferRef) -> Option<gst::Buffer> {
        let scaled = self.try_scale(frame);
        if scaled.is_none() && !std::mem::replace(&mut self.failure_logged, true) {
            tracing::error!(from = ?self.from, to = ?self.to, "frames cannot be scaled");
        }
        scaled
    }

    fn try_scale(&mut self, frame: &gst::BufferRef) -> Option<gst::Buffer> {
        let mut scaled = gst::Buffer::with_size(self.to.size()).ok()?;
        let writable = scaled.get_mut()?;
        frame.copy_into(writable, gst::BufferCopyFlags::TIMESTAMPS | gst::BufferCopyFlags::FLAGS, ..).ok()?;
        let from = gst_video::VideoFrameRef::from_buffer_ref_readable(frame, &self.from).ok()?;
        let mut to = gst_video::VideoFrameRef::from_buffer_ref_writable(writable, &self.to).ok()?;
        for plane in 0..3 {
            let shift = u32::from(plane > 0);
            let source = Area { stride: stride(from.plane_stride(), plane)?, part: halved(self.part, shift) };
            let target = Area {
                stride: stride(to.plane_stride(), plane)?,
                part: Rect { x: 0, y: 0, width: self.to.width() >> shift, height: self.to.height() >> shift },
            };
            scale_plane(
                (&mut self.resizer, &mut self.half),
                source,
                from.plane_data(plane).ok()?,
                target,
                to.plane_data_mut(plane).ok()?,
            )?;
        }
        drop(to);
        Some(scaled)
    }

    /// As [`Self::scale`], for a frame with transparency of the size of `from`.
    pub(crate) fn scale_alpha(&mut self, frame: &AlphaFrame) -> Option<AlphaFrame> {
        let (width, height) = (self.to.width(), self.to.height());
        let mut scaled = AlphaFrame::empty(width as usize, height as usize);
        for (index, (from, to)) in frame.planes.iter().zip(&mut scaled.planes).enumerate() {
            let shift = u32::from(index > 0);
            let source = Area { stride: u32::try_from(from.width).ok()?, part: halved(self.part, shift) };
            let part = Rect { x: 0, y: 0, width: width >> shift, height: height >> shift };
            let target = Area { stride: part.width, part };
            let mut scale = |from, to| scale_plane((&mut self.resizer, &mut self.half), source, from, target, to);
            scale(&from.samples, &mut to.samples)?;
            scale(&from.alpha, &mut to.alpha)?;
            // Rounding must not lift a sample above its alpha.
            for (sample, alpha) in to.samples.iter_mut().zip(&to.alpha) {
                *sample = (*sample).min(*alpha);
            }
            to.find_spans();
        }
        Some(scaled)
    }
}

/// A part of a plane, in samples.
#[derive(Clone, Copy)]
struct Area {
    /// Bytes from one row to the next.
    stride: u32,
    part: Rect,
}

fn halved(rect: Rect, shift: u32) -> Rect {
    Rect { x: rect.x >> shift, y: rect.y >> shift, width: rect.width >> shift, height: rect.height >> shift }
}

fn stride(strides: &[i32], plane: u32) -> Option<u32> {
    u32::try_from(*strides.get(plane as usize)?).ok()
}

fn scale_plane(
    (resizer, half): (&mut Resizer, &mut Vec<u8>),
    source: Area,
    samples: &[u8],
    target: Area,
    into: &mut [u8],
) -> Option<()> {
    let (from, to) = (source.part, target.part);
    let (width, height) = (from.width / 2, from.height / 2);
    if (from.width, from.height) == (2 * to.width, 2 * to.height) {
        return halve(source, samples, target, into);
    }
    if width > to.width && height > to.height && (from.width, from.height) == (2 * width, 2 * height) {
        // The rest of the way costs a quarter then.
        half.resize(width as usize * height as usize, 0);
        let smaller = Area { stride: width, part: Rect { x: 0, y: 0, width, height } };
        halve(source, samples, smaller, half)?;
        return resize(resizer, smaller, half, target, into);
    }
    resize(resizer, source, samples, target, into)
}

/// To any size.
fn resize(resizer: &mut Resizer, source: Area, samples: &[u8], target: Area, into: &mut [u8]) -> Option<()> {
    let (from, to) = (source.part, target.part);
    // Rows may be longer than the frame is wide; the rest of a row is cropped away. Images that know their
    // kind of pixel: otherwise the compiler makes the resizer for all kinds, which takes it minutes.
    let rows = from.y + from.height;
    let image = TypedImageRef::<U8>::from_buffer(source.stride, rows, samples).ok()?;
    let whole = TypedImage::<U8>::from_buffer(target.stride, to.height, into).ok()?;
    let mut cropped = TypedCroppedImageMut::new(whole, 0, 0, to.width, to.height).ok()?;
    // The box averages what becomes smaller; what grows would be blocks.
    let grows = to.width > from.width || to.height > from.height;
    let filter = if grows { FilterType::Bilinear } else { FilterType::Box };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    // A view, so that what lies beside the part never bleeds into its edges.
    let part = TypedCroppedImage::new(image, from.x, from.y, from.width, from.height).ok()?;
    resizer.resize_typed(&part, &mut cropped, &options).ok()
}

/// The monitor's case, and that of sources side by side: a fifth of what any ratio takes.
fn halve(source: Area, samples: &[u8], target: Area, into: &mut [u8]) -> Option<()> {
    let (from_row, to_row) = (source.stride as usize, target.stride as usize);
    let samples = samples.get(source.part.y as usize * from_row..)?;
    let left = source.part.x as usize;
    let pairs = samples.chunks(2 * from_row).zip(into.chunks_mut(to_row)).take(target.part.height as usize);
    for (pair, row) in pairs {
        let (upper, lower) = pair.split_at_checked(from_row)?;
        let (upper, lower) = (upper.get(left..)?, lower.get(left..)?);
        let columns = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
        for (sample, (upper, lower)) in row.iter_mut().take(target.part.width as usize).zip(columns) {
            let sum = [upper[0], upper[1], lower[0], lower[1]].map(u16::from).iter().sum::<u16>();
            *sample = ((sum + 2) / 4).to_le_bytes()[0];
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(info: &gst_video::VideoInfo, sample: impl Fn(usize, usize, usize) -> u8) -> gst::Buffer {
        let mut buffer = gst::Buffer::with_size(info.size()).unwrap();
        let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer.get_mut().unwrap(), info).unwrap();
        for plane in 0..3 {
            let stride = frame.plane_stride()[plane] as usize;
            let rows = frame.plane_data_mut(plane as u32).unwrap().chunks_mut(stride);
            rows.enumerate().for_each(|(y, row)| (0..stride).for_each(|x| row[x] = sample(plane, x, y)));
        }
        drop(frame);
        buffer.get_mut().unwrap().set_pts(gst::ClockTime::from_mseconds(33));
        buffer
    }

    fn info(width: u32, height: u32) -> gst_video::VideoInfo {
        gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, width, height).build().unwrap()
    }

    #[test]
    fn a_frame_keeps_what_it_shows_and_its_time() {
        gst::init().unwrap();
        // Rows that are longer than the frame is wide, on both sides.
        for (from, to) in [((1280, 720), (360, 202)), ((854, 480), (214, 120)), ((1280, 720), (640, 360))] {
            let from = info(from.0, from.1);
            let width = from.width() as usize;
            let half = |plane: usize, n: usize| if plane == 0 { n } else { n / 2 };
            // Left dark, right bright; the padding behind a row must not be seen.
            let original = picture(&from, |plane, x, _| match x {
                x if x >= half(plane, width) => 255,
                x if x < half(plane, width) / 2 => 40,
                _ => 200,
            });
            let mut scaler = FrameScaler::whole(from, to.0, to.1).unwrap();
            let scaled = scaler.scale(&original).unwrap();
            assert_eq!(scaled.pts(), original.pts());
            let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(&scaled, scaler.info()).unwrap();
            for plane in 0..3 {
                let (width, height) = (half(plane, to.0 as usize), half(plane, to.1 as usize));
                let (stride, samples) = (frame.plane_stride()[plane] as usize, frame.plane_data(plane as u32).unwrap());
                for y in [0, height / 2, height - 1] {
                    let row = &samples[y * stride..][..width];
                    assert!(row[..width / 2 - 1].iter().all(|sample| *sample == 40), "{row:?}");
                    assert!(row[width / 2 + 1..].iter().all(|sample| *sample == 200), "{row:?}");
                }
            }
        }
    }

    #[test]
    fn every_pixel_counts() {
        gst::init().unwrap();
        let from = info(320, 180);
        let stripes = picture(&from, |_, x, _| if x % 2 == 0 { 50 } else { 150 });
        let scaled = FrameScaler::whole(from, 160, 90).unwrap().scale(&stripes).unwrap();
        let map = scaled.map_readable().unwrap();
        assert!(map[..160 * 90].iter().all(|sample| *sample == 100), "{:?}", &map[..8]);
    }

    #[test]
    fn what_is_no_such_picture_is_not_scaled() {
        gst::init().unwrap();
        let mut scaler = FrameScaler::whole(info(320, 180), 160, 90).unwrap();
        assert!(scaler.scale(&gst::Buffer::with_size(100).unwrap()).is_none());
    }

    #[test]
    fn a_part_is_cut_out_before_it_is_scaled() {
        gst::init().unwrap();
        let from = info(320, 180);
        // Only the part is bright; what it is scaled to must be bright up to its edges.
        let part = Rect { x: 100, y: 40, width: 120, height: 80 };
        let inside = |x: usize, y: usize, shift: usize| {
            let (x, y) = (x << shift, y << shift);
            (100..220).contains(&x) && (40..120).contains(&y)
        };
        let original = picture(&from, |plane, x, y| if inside(x, y, usize::from(plane > 0)) { 200 } else { 0 });
        for (width, height) in [(60, 40), (90, 50), (240, 160)] {
            let mut scaler = FrameScaler::new(from.clone(), part, width, height).unwrap();
            let scaled = scaler.scale(&original).unwrap();
            let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(&scaled, scaler.info()).unwrap();
            let stride = frame.plane_stride()[0] as usize;
            let rows = frame.plane_data(0).unwrap().chunks(stride).take(height as usize);
            assert!(rows.flat_map(|row| &row[..width as usize]).all(|sample| *sample == 200), "{width}x{height}");
        }
        assert!(FrameScaler::new(from, Rect { x: 300, ..part }, 60, 40).is_none());
    }

    #[test]
    fn a_frame_with_transparency_keeps_its_samples_below_its_alpha() {
        gst::init().unwrap();
        let mut frame = AlphaFrame::empty(320, 180);
        for plane in &mut frame.planes {
            for (at, (sample, alpha)) in plane.samples.iter_mut().zip(&mut plane.alpha).enumerate() {
                *alpha = (at * 7919 % 256) as u8;
                *sample = (at * 31 % 256) as u8;
                *sample = (*sample).min(*alpha);
            }
            plane.find_spans();
        }
        for (width, height) in [(160, 90), (100, 50), (640, 360)] {
            let scaled = FrameScaler::whole(info(320, 180), width, height).unwrap().scale_alpha(&frame).unwrap();
            assert_eq!((scaled.width(), scaled.height()), (width, height));
            for plane in &scaled.planes {
                assert!(plane.samples.iter().zip(&plane.alpha).all(|(sample, alpha)| sample <= alpha));
                assert_eq!(plane.spans.len(), plane.height);
            }
        }
    }
}
