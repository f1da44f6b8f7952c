//! Brings a source's frames to the form in which a layer shows them: cut, scaled, keyed.

use std::sync::Arc;

use domain::{Canvas, ChromaKey, Crop, Layer};

use crate::format::video_info;
use crate::yuv::{AlphaFrame, FrameRef, FrameScaler, Keyer};

/// How many places one source is fitted to before working memory is given back.
const WORKERS: usize = 8;
/// Keyed frames of one place that may be in use at once before new memory is taken.
const KEYED: usize = 10;

/// A source's frame as it leaves the source: of the canvas' size.
#[derive(Clone)]
pub(crate) enum Pixels {
    /// I420, bt709.
    Opaque(gst::Buffer),
    /// With transparency.
    Alpha(Arc<AlphaFrame>),
}

/// A source's frame as a layer shows it.
#[derive(Clone)]
pub(crate) enum Fitted {
    /// I420, laid out as the info says.
    Opaque(gst::Buffer, gst_video::VideoInfo),
    /// With transparency.
    Alpha(Arc<AlphaFrame>),
}

/// The form in which a layer shows a source. Layers of one form share the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    width: u32,
    height: u32,
    crop: Crop,
    key: Option<ChromaKey>,
}

impl Place {
    /// The form that `layer` wants.
    pub(crate) fn of(layer: &Layer) -> Self {
        Self { width: layer.rect.width, height: layer.rect.height, crop: layer.crop, key: layer.key }
    }

    fn is_whole(&self, canvas: &Canvas) -> bool {
        (self.width, self.height) == (canvas.width, canvas.height) && self.crop == Crop::default()
    }
}

/// Fits frames; keeps its working memory from frame to frame. Belongs to one thread at a time.
pub(crate) struct Fitter {
    canvas: Canvas,
    workers: Vec<Worker>,
}

struct Worker {
    place: Place,
    /// None where nothing is to be scaled.
    scaler: Option<FrameScaler>,
    keyer: Option<Keyer>,
    keyed: Vec<Arc<AlphaFrame>>,
}

impl Fitter {
    /// A fitter for frames of `canvas`' size.
    pub(crate) fn new(canvas: &Canvas) -> Self {
        Self { canvas: *canvas, workers: Vec::new() }
    }

    /// `pixels` for `place`; none for what is no frame of the canvas' size, or for a place that
    /// cannot be (which is logged).
    pub(crate) fn fit(&mut self, pixels: &Pixels, place: &Place) -> Option<Fitted> {
        match pixels {
            Pixels::Opaque(frame) if place.key.is_none() && place.is_whole(&self.canvas) => {
                Some(Fitted::Opaque(frame.clone(), video_info(&self.canvas)))
            }
            Pixels::Alpha(frame) if place.is_whole(&self.canvas) => Some(Fitted::Alpha(frame.clone())),
            _ => self.worker(place)?.fit(pixels),
        }
    }

    fn worker(&mut self, place: &Place) -> Option<&mut Worker> {
        let at = match self.workers.iter().position(|worker| worker.place == *place) {
            Some(at) => at,
            None => {
                if self.workers.len() >= WORKERS {
                    self.workers.remove(0);
                }
                self.workers.push(Worker::new(&self.canvas, place)?);
                self.workers.len() - 1
            }
        };
        self.workers.get_mut(at)
    }
}

impl Worker {
    fn new(canvas: &Canvas, place: &Place) -> Option<Self> {
        let part = place.crop.rect(canvas.width, canvas.height);
        let scaler = if place.is_whole(canvas) {
            None
        } else {
            let scaler = FrameScaler::new(video_info(canvas), part, place.width, place.height);
            if scaler.is_none() {
                tracing::error!(?place, "a layer cannot have this place");
            }
            Some(scaler?)
        };
        Some(Self { place: *place, scaler, keyer: place.key.map(Keyer::new), keyed: Vec::new() })
    }

    fn fit(&mut self, pixels: &Pixels) -> Option<Fitted> {
        match pixels {
            Pixels::Opaque(frame) => {
                let (frame, info) = match &mut self.scaler {
                    Some(scaler) => (scaler.scale(frame)?, scaler.info().clone()),
                    None => {
                        let canvas = Canvas { width: self.place.width, height: self.place.height, fps: 1 };
                        (frame.clone(), video_info(&canvas))
                    }
                };
                if self.keyer.is_some() { self.key(&frame, &info) } else { Some(Fitted::Opaque(frame, info)) }
            }
            // What has transparency of its own is not keyed as well.
            Pixels::Alpha(frame) => Some(Fitted::Alpha(match &mut self.scaler {
                Some(scaler) => Arc::new(scaler.scale_alpha(frame)?),
                None => frame.clone(),
            })),
        }
    }

    fn key(&mut self, frame: &gst::BufferRef, info: &gst_video::VideoInfo) -> Option<Fitted> {
        let mapped = gst_video::VideoFrameRef::from_buffer_ref_readable(frame, info).ok()?;
        let mut keyed = self.spare();
        let target = Arc::get_mut(&mut keyed)?;
        self.keyer.as_ref()?.key(&FrameRef::of(&mapped)?, target);
        self.keyed.push(keyed.clone());
        Some(Fitted::Alpha(keyed))
    }

    /// A frame that nobody uses any more, or a new one.
    fn spare(&mut self) -> Arc<AlphaFrame> {
        match self.keyed.iter().position(|frame| Arc::strong_count(frame) == 1) {
            Some(at) => self.keyed.swap_remove(at),
            None => {
                if self.keyed.len() >= KEYED {
                    self.keyed.clear();
                }
                Arc::new(AlphaFrame::empty(self.place.width as usize, self.place.height as usize))
            }
        }
    }
}
