//! The program, small, for the operator: JPEGs at a lower rate, the latest frame wins.

mod colours;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use domain::Canvas;
use gst::prelude::{Cast, ElementExt, PadExtManual};
use gst_video::prelude::VideoFrameExt;

use crate::chain::{Chain, Part};
use crate::contain::contain;
use crate::error::EngineError;
use crate::event::{EngineEvent, EventSink, MonitorConfig};
use crate::yuv::FrameScaler;
use crate::{format, state_change};
use colours::Plane;

const WHAT: &str = "monitor";
/// Good enough to judge a frame by, small enough for fifteen a second through a window's bridge.
const QUALITY: u32 = 72;

/// Makes small JPEGs of program frames until it is dropped. It may be late or fail; the program
/// never notices.
pub(crate) struct Monitor {
    running: Option<Running>,
    /// Nanoseconds between frames.
    interval: u64,
    /// The running time from which on the next frame is wanted, in nanoseconds.
    next: AtomicU64,
}

struct Running {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    graphs_dir: PathBuf,
}

impl Monitor {
    /// Starts it for frames of `canvas`. Frames come as [`EngineEvent::Monitor`]. Where it does
    /// not start, that is reported as a fault and there are none.
    pub(crate) fn start(config: MonitorConfig, canvas: &Canvas, graphs_dir: PathBuf, sink: EventSink) -> Monitor {
        let fault = sink.clone();
        let running = match Running::start(config, canvas, graphs_dir, sink) {
            Ok(running) => Some(running),
            Err(error) => {
                tracing::error!(%error, "there is no monitor");
                fault(EngineEvent::Fault { refusal: domain::Refusal::from_coded(&error) });
                None
            }
        };
        let interval = 1_000_000_000 / u64::from(config.fps.clamp(1, canvas.fps.max(1)));
        Monitor { running, interval, next: AtomicU64::new(0) }
    }

    /// Offers a program frame (I420 of the canvas' size, pts in running time). Never blocks: a
    /// frame that comes while the one before is at work waits, and gives way to the next.
    pub(crate) fn push(&self, buffer: gst::Buffer) {
        let Some(running) = &self.running else { return };
        let now = buffer.pts().map_or(0, gst::ClockTime::nseconds);
        let next = self.next.load(Ordering::Relaxed);
        // A millisecond of grace, because frame times are rounded.
        if now + 1_000_000 < next {
            return;
        }
        // After a pause the rhythm starts anew instead of catching up.
        let following = if now > next + self.interval { now + self.interval } else { next + self.interval };
        self.next.store(following, Ordering::Relaxed);
        // It fails only while the pipeline stops.
        let _ = running.source.push_buffer(buffer);
    }
}

impl Running {
    fn start(
        config: MonitorConfig,
        canvas: &Canvas,
        graphs_dir: PathBuf,
        sink: EventSink,
    ) -> Result<Running, EngineError> {
        let pipeline = gst::Pipeline::new();
        let built = chain(config, canvas).build(pipeline.upcast_ref(), WHAT)?;
        let unfit = || EngineError::build(WHAT, "an end of it is no application's");
        let source = built.first().clone().downcast::<gst_app::AppSrc>().map_err(|_| unfit())?;
        let end = built.last().clone().downcast::<gst_app::AppSink>().map_err(|_| unfit())?;
        let pad = source.static_pad("src").ok_or_else(unfit)?;
        let scaler = FrameScaler::whole(format::video_info(canvas), config.width, config.height).ok_or_else(unfit)?;
        // Only this pad's thread takes the lock: a probe must be `Sync`.
        let scaler = Mutex::new(scaler);
        let small = move |probed: &mut gst::PadProbeInfo<'_>| {
            let mut scaler = scaler.lock().unwrap_or_else(PoisonError::into_inner);
            let Some((picture, small)) = probed.buffer_mut().and_then(|picture| {
                let small = scaler.scale(picture)?;
                Some((picture, small))
            }) else {
                return gst::PadProbeReturn::Drop;
            };
            *picture = small;
            recolour(picture.make_mut(), scaler.info());
            gst::PadProbeReturn::Ok
        };
        let kind = gst::PadProbeType::BUFFER;
        pad.add_probe(kind, move |_, probed| contain(WHAT, || small(probed)).unwrap_or(gst::PadProbeReturn::Drop));
        let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |end| {
            let sample = end.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            if let Some(picture) = sample.buffer_owned().and_then(|buffer| buffer.into_mapped_buffer_readable().ok()) {
                sink(EngineEvent::Monitor(Bytes::from_owner(picture)));
            }
            Ok(gst::FlowSuccess::Ok)
        });
        end.set_callbacks(callbacks.build());
        if let Err(error) = state_change::start(&pipeline, WHAT, &graphs_dir) {
            let _ = state_change::stop(&pipeline, WHAT, &graphs_dir);
            return Err(error);
        }
        Ok(Running { pipeline, source, graphs_dir })
    }
}

/// Gives a small frame the colours of JPEG. A frame that cannot be mapped stays a little dull.
fn recolour(buffer: &mut gst::BufferRef, info: &gst_video::VideoInfo) {
    let Ok(mut frame) = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, info) else { return };
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let strides = [0, 1, 2].map(|plane: usize| usize::try_from(frame.plane_stride()[plane]).unwrap_or(0));
    let [y, u, v, _] = frame.planes_data_mut();
    let plane = |samples, stride| Plane { samples, stride };
    let (mut y, mut u, mut v) = (plane(y, strides[0]), plane(u, strides[1]), plane(v, strides[2]));
    colours::to_jpeg(&mut y, &mut u, &mut v, width, height);
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = state_change::stop(&self.pipeline, WHAT, &self.graphs_dir) {
            tracing::error!(%error, "the monitor was abandoned");
        }
    }
}

fn chain(config: MonitorConfig, canvas: &Canvas) -> Chain {
    // Frames get this size on the source's own thread, behind the queue that lets old ones fall.
    let source = Part::new("appsrc")
        .set("caps", format::sized_video(config.width, config.height, canvas.fps))
        .set("format", "time")
        .set("is-live", true)
        .set("max-buffers", 1)
        .set("leaky-type", "downstream");
    Chain::start(source)
        .then(Part::new("jpegenc").set("quality", QUALITY).set("idct-method", "ifast"))
        .then(Part::new("appsink").set("sync", false).set("max-buffers", 1).set("drop", true))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    use gst::ClockTime;

    use super::*;

    #[test]
    fn frames_become_small_jpegs_at_the_wanted_rate_with_the_right_colours() {
        crate::init().unwrap();
        let canvas = Canvas::default();
        let (send, receive) = mpsc::channel();
        let send = std::sync::Mutex::new(send);
        let sink: EventSink = Arc::new(move |event| {
            if let EngineEvent::Monitor(jpeg) = event {
                send.lock().unwrap().send(jpeg).unwrap();
            }
        });
        let graphs = tempfile::tempdir().unwrap();
        let config = MonitorConfig { width: 640, height: 360, fps: 15 };
        let monitor = Monitor::start(config, &canvas, graphs.path().to_owned(), sink);
        let mut wanted = 0;
        for frame in 0..30_u64 {
            // White in the program is limited; in a JPEG it is all of the range.
            let mut picture = vec![235_u8; 1280 * 720];
            picture.resize(1280 * 720 * 3 / 2, 128);
            let mut buffer = gst::Buffer::from_mut_slice(picture);
            buffer.get_mut().unwrap().set_pts(ClockTime::from_nseconds(frame * 1_000_000_000 / 30));
            let before = monitor.next.load(Ordering::Relaxed);
            monitor.push(buffer);
            if monitor.next.load(Ordering::Relaxed) != before {
                wanted += 1;
                let jpeg = receive.recv_timeout(Duration::from_secs(60)).unwrap();
                assert!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.len() < 60_000, "{} bytes", jpeg.len());
                if wanted == 1 {
                    let pixmap = decode(&jpeg);
                    assert_eq!((pixmap.width(), pixmap.height()), (640, 360));
                    let pixel = pixmap.pixel(320, 180).unwrap();
                    assert!(pixel.red() > 250 && pixel.green() > 250 && pixel.blue() > 250, "{pixel:?}");
                }
            }
        }
        assert_eq!(wanted, 15);
    }

    /// Reads a JPEG as a browser does.
    fn decode(jpeg: &[u8]) -> resvg::tiny_skia::Pixmap {
        use resvg::{tiny_skia::Pixmap, usvg};
        let image = usvg::ImageKind::JPEG(Arc::new(jpeg.to_vec()));
        let options = usvg::Options {
            image_href_resolver: usvg::ImageHrefResolver {
                resolve_data: usvg::ImageHrefResolver::default_data_resolver(),
                resolve_string: Box::new(move |_, _| Some(image.clone())),
            },
            ..Default::default()
        };
        let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='640' height='360'><image href='x' width='640' height='360'/></svg>";
        let tree = usvg::Tree::from_str(svg, &options).unwrap();
        let mut pixmap = Pixmap::new(640, 360).unwrap();
        resvg::render(&tree, usvg::Transform::identity(), &mut pixmap.as_mut());
        pixmap
    }
}
