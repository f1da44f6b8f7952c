//! Makes pictures smaller: an inset before it is mixed, the monitor's picture.
//!
//! Each plane is averaged with SIMD in the thread that calls. GStreamer's converter takes about
//! four times as long for the same, and in the mixer's own thread.

use fast_image_resize::images::{CroppedImageMut, Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use gst_video::prelude::VideoFrameExt;

/// Brings I420 pictures of one size to another. Keeps its working memory from picture to picture.
pub(crate) struct PictureScaler {
    from: gst_video::VideoInfo,
    to: gst_video::VideoInfo,
    resizer: Resizer,
    /// It was told that a picture cannot be scaled.
    told: bool,
}

impl PictureScaler {
    /// From pictures like `from` to `width`×`height` pixels (even). None where I420 has no such size.
    pub(crate) fn new(from: gst_video::VideoInfo, width: u32, height: u32) -> Option<Self> {
        let to = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, width, height);
        let to = to.fps(from.fps()).colorimetry(&from.colorimetry()).build().ok()?;
        Some(Self { from, to, resizer: Resizer::new(), told: false })
    }

    /// What it makes.
    pub(crate) fn info(&self) -> &gst_video::VideoInfo {
        &self.to
    }

    /// `picture` in the new size, at the same time. None, told once, for what is no such picture.
    pub(crate) fn scale(&mut self, picture: &gst::BufferRef) -> Option<gst::Buffer> {
        let scaled = self.try_scale(picture);
        if scaled.is_none() && !std::mem::replace(&mut self.told, true) {
            tracing::error!(from = ?self.from, to = ?self.to, "pictures cannot be scaled");
        }
        scaled
    }

    fn try_scale(&mut self, picture: &gst::BufferRef) -> Option<gst::Buffer> {
        let mut scaled = gst::Buffer::with_size(self.to.size()).ok()?;
        let writable = scaled.get_mut()?;
        picture.copy_into(writable, gst::BufferCopyFlags::TIMESTAMPS | gst::BufferCopyFlags::FLAGS, ..).ok()?;
        let from = gst_video::VideoFrameRef::from_buffer_ref_readable(picture, &self.from).ok()?;
        let mut to = gst_video::VideoFrameRef::from_buffer_ref_writable(writable, &self.to).ok()?;
        for plane in 0..3 {
            let (stride, side) = (from.plane_stride()[plane as usize], |n: u32| if plane == 0 { n } else { n / 2 });
            let source = Plane { stride, width: side(from.width()), height: side(from.height()) };
            let target =
                Plane { stride: to.plane_stride()[plane as usize], width: side(to.width()), height: side(to.height()) };
            let samples = from.plane_data(plane).ok()?;
            scale_plane(&mut self.resizer, source, samples, target, to.plane_data_mut(plane).ok()?)?;
        }
        drop(to);
        Some(scaled)
    }
}

/// Where the samples of a plane are.
#[derive(Clone, Copy)]
struct Plane {
    stride: i32,
    width: u32,
    height: u32,
}

fn scale_plane(resizer: &mut Resizer, source: Plane, samples: &[u8], target: Plane, into: &mut [u8]) -> Option<()> {
    if (source.width, source.height) == (2 * target.width, 2 * target.height) {
        return halve(source, samples, target, into);
    }
    // Rows may be longer than the picture is wide; the rest of a row is cropped away.
    let rows = |plane: Plane| u32::try_from(plane.stride).ok();
    let from = ImageRef::new(rows(source)?, source.height, samples, PixelType::U8).ok()?;
    let mut whole = Image::from_slice_u8(rows(target)?, target.height, into, PixelType::U8).ok()?;
    let mut to = CroppedImageMut::new(&mut whole, 0, 0, target.width, target.height).ok()?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Box)).crop(
        0.0,
        0.0,
        f64::from(source.width),
        f64::from(source.height),
    );
    resizer.resize(&from, &mut to, &options).ok()
}

/// The monitor's case, and that of pictures side by side: a fifth of what any ratio takes.
fn halve(source: Plane, samples: &[u8], target: Plane, into: &mut [u8]) -> Option<()> {
    let (from_row, to_row) = (usize::try_from(source.stride).ok()?, usize::try_from(target.stride).ok()?);
    let pairs = samples.chunks(2 * from_row).zip(into.chunks_mut(to_row)).take(target.height as usize);
    for (pair, row) in pairs {
        let (upper, lower) = pair.split_at_checked(from_row)?;
        let columns = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
        for (sample, (upper, lower)) in row.iter_mut().take(target.width as usize).zip(columns) {
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
    fn a_picture_keeps_what_it_shows_and_its_time() {
        gst::init().unwrap();
        // Rows that are longer than the picture is wide, on both sides.
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
            let mut scaler = PictureScaler::new(from, to.0, to.1).unwrap();
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
        let scaled = PictureScaler::new(from, 160, 90).unwrap().scale(&stripes).unwrap();
        let map = scaled.map_readable().unwrap();
        assert!(map[..160 * 90].iter().all(|sample| *sample == 100), "{:?}", &map[..8]);
    }

    #[test]
    fn what_is_no_such_picture_is_not_scaled() {
        gst::init().unwrap();
        let mut scaler = PictureScaler::new(info(320, 180), 160, 90).unwrap();
        assert!(scaler.scale(&gst::Buffer::with_size(100).unwrap()).is_none());
    }
}
