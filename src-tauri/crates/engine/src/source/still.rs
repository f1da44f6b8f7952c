//! A still image from a PNG or JPEG file. It is decoded once; its transparency is kept.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use domain::{Canvas, SourceState};
use gst::prelude::Cast;
use gst_video::prelude::VideoFrameExt;
use resvg::tiny_skia::{FilterQuality, IntSize, Pixmap, PixmapPaint, PremultipliedColorU8, Transform};

use crate::blender::Pixels;
use crate::chain::{Chain, Part};
use crate::error::EngineError;
use crate::format::video_info;
use crate::source::cadence::{Grid, running_time, wait};
use crate::source::format::{clock_time, video_caps};
use crate::source::inspector::Inspector;
use crate::source::supervise::Ending;
use crate::source::{Common, Reporter};
use crate::state_change::{self, STATE_DEADLINE};
use crate::yuv::AlphaFrame;

const WHAT: &str = "still image's pipeline";
/// A large photograph takes a second to decode.
const DECODE_DEADLINE: Duration = Duration::from_secs(10);
/// How often the image is given again: often enough not to be taken for lost.
const REPEATS_A_SECOND: u32 = 2;

/// Decodes the file once and gives it again and again until the source is stopped.
pub(crate) fn run(path: &Path, common: &Common, reporter: &mut Reporter, stop: &Receiver<()>) -> Ending {
    let image = match decode(path, common) {
        Ok(Some(image)) => image,
        Ok(None) => {
            return Ending::Lost("This file is no picture that can be shown. Choose a PNG or JPEG file.".to_owned());
        }
        Err(error) => return Ending::Lost(format!("The picture cannot be shown: {error}")),
    };
    reporter.report(SourceState::Running, None);
    repeat(&image, common, stop);
    Ending::Stopped
}

/// By the file's first bytes, never by its name. None where it is neither PNG nor JPEG, or broken.
fn decode(path: &Path, common: &Common) -> Result<Option<Pixels>, EngineError> {
    let Some(decoder) = decoder(path) else { return Ok(None) };
    if decoder == "pngdec"
        && let Some(image) = decode_with_alpha(path, common)?
    {
        return Ok(Some(Pixels::Alpha(Arc::new(image))));
    }
    let chain = Chain::start(Part::new("filesrc").set("location", path.display()))
        .then(Part::new(decoder))
        .then(Part::new("videoconvertscale").set("add-borders", true))
        .then(Part::caps(video_caps(&common.context.canvas)));
    let sample = pull(chain, common)?;
    Ok(sample.and_then(|sample| sample.buffer_owned()).map(Pixels::Opaque))
}

fn decoder(path: &Path) -> Option<&'static str> {
    use std::io::Read;
    let mut start = [0; 4];
    std::fs::File::open(path).ok()?.read_exact(&mut start).ok()?;
    match start {
        [0x89, b'P', b'N', b'G'] => Some("pngdec"),
        [0xff, 0xd8, 0xff, _] => Some("jpegdec"),
        _ => None,
    }
}

/// The image, as large as the canvas allows and in its middle; none where it is opaque.
fn decode_with_alpha(path: &Path, common: &Common) -> Result<Option<AlphaFrame>, EngineError> {
    let chain = Chain::start(Part::new("filesrc").set("location", path.display()))
        .then(Part::new("pngdec"))
        .then(Part::new("videoconvert"))
        .then(Part::caps("video/x-raw, format=(string)RGBA"));
    let Some(sample) = pull(chain, common)? else { return Ok(None) };
    Ok(pixmap(&sample).and_then(|image| centred(&image, &common.context.canvas)))
}

/// What a chain that ends in one frame gives; none where it gives nothing in time.
fn pull(chain: Chain, common: &Common) -> Result<Option<gst::Sample>, EngineError> {
    let chain = chain.then(Part::new("appsink").set("sync", false));
    let pipeline = gst::Pipeline::new();
    let built = chain.build(pipeline.upcast_ref(), WHAT)?;
    let sink = built.last().downcast_ref::<gst_app::AppSink>().cloned();
    let change = |state| {
        let (graphs_dir, stuck) = (&common.context.graphs_dir, &common.stuck);
        state_change::change_counted(&pipeline, state, STATE_DEADLINE, WHAT, graphs_dir, stuck)
    };
    let started = change(gst::State::Playing);
    if matches!(started, Err(EngineError::Deadline { .. })) {
        // To stop it would hang as well; whoever hangs stops it.
        return started.map(|()| None);
    }
    let sample = match (&started, sink) {
        (Ok(()), Some(sink)) => sink.try_pull_sample(clock_time(DECODE_DEADLINE)),
        _ => None,
    };
    started.and(change(gst::State::Null))?;
    Ok(sample)
}

/// A decoded RGBA frame; none where it is opaque.
fn pixmap(sample: &gst::Sample) -> Option<Pixmap> {
    let info = gst_video::VideoInfo::from_caps(sample.caps()?).ok()?;
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(sample.buffer()?, &info).ok()?;
    let stride = usize::try_from(*frame.plane_stride().first()?).ok()?;
    let (samples, width) = (frame.plane_data(0).ok()?, frame.width() as usize);
    let rows = samples.chunks(stride).take(frame.height() as usize).map(|row| &row[..(4 * width).min(row.len())]);
    let mut pixels: Vec<u8> = rows.flatten().copied().collect();
    if pixels.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == u8::MAX) {
        return None;
    }
    for pixel in pixels.as_chunks_mut::<4>().0 {
        let [r, g, b, a] = *pixel;
        let multiplied = |colour: u8| ((u16::from(colour) * u16::from(a) + 127) / 255) as u8;
        let colour = PremultipliedColorU8::from_rgba(multiplied(r), multiplied(g), multiplied(b), a)?;
        *pixel = [colour.red(), colour.green(), colour.blue(), colour.alpha()];
    }
    Pixmap::from_vec(pixels, IntSize::from_wh(frame.width(), frame.height())?)
}

#[allow(clippy::cast_precision_loss, reason = "an image has at most some ten thousand pixels a side")]
fn centred(image: &Pixmap, canvas: &Canvas) -> Option<AlphaFrame> {
    let mut whole = Pixmap::new(canvas.width, canvas.height)?;
    let (width, height) = (canvas.width as f32, canvas.height as f32);
    let scale = (width / image.width() as f32).min(height / image.height() as f32);
    let (left, top) = ((width - image.width() as f32 * scale) / 2.0, (height - image.height() as f32 * scale) / 2.0);
    let paint = PixmapPaint { quality: FilterQuality::Bilinear, ..PixmapPaint::default() };
    let place = Transform::from_scale(scale, scale).post_translate(left, top);
    whole.draw_pixmap(0, 0, image.as_ref(), &paint, place, None);
    Some(AlphaFrame::from_pixmap(&whole))
}

fn repeat(image: &Pixels, common: &Common, stop: &Receiver<()>) {
    let grid = Grid::new(REPEATS_A_SECOND);
    let now = || running_time(&common.context.clock, common.context.base_time);
    let mut inspector = Inspector::new(common.id.clone(), Arc::clone(&common.sink));
    // At once, and then again and again.
    let mut moment = now();
    loop {
        if inspector.due(moment) {
            inspect(&mut inspector, moment, image, &common.context.canvas);
        }
        common.sink.frame(image.clone(), clock_time(moment));
        moment = grid.at(grid.next(now() + Duration::from_nanos(1)));
        if wait(stop, moment.saturating_sub(now())).is_err() {
            return;
        }
    }
}

fn inspect(inspector: &mut Inspector, moment: Duration, image: &Pixels, canvas: &Canvas) {
    let (width, height) = (canvas.width as usize, canvas.height as usize);
    match image {
        Pixels::Opaque(frame) => {
            let Ok(map) = frame.map_readable() else { return };
            let stride = usize::try_from(video_info(canvas).stride()[0]).unwrap_or(0);
            inspector.inspect(moment, &map, stride, width, height);
        }
        Pixels::Alpha(frame) => inspector.inspect(moment, &frame.planes[0].samples, width, width, height),
    }
}
