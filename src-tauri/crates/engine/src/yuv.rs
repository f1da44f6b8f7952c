//! Planar 4:2:0 frames in memory: scaling, keying, copying and blending them.
//!
//! The graphics and the blender draw with it. It deliberately knows no pipeline and no time; what
//! it needs of GStreamer is only the layout of a buffer's planes.

mod alpha;
mod draw;
mod key;
mod scale;

pub(crate) use alpha::{AlphaFrame, AlphaPlane};
pub(crate) use draw::{BLACK, FrameMut, FrameRef, OPAQUE, PlaneMut, PlaneRef};
pub(crate) use key::Keyer;
pub(crate) use scale::FrameScaler;

use gst_video::prelude::VideoFrameExt;

impl<'a> FrameRef<'a> {
    /// The planes of a mapped I420 frame.
    pub(crate) fn of(frame: &'a gst_video::VideoFrameRef<&gst::BufferRef>) -> Option<Self> {
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        let plane = |index: u32, shift: usize| {
            let stride = usize::try_from(*frame.plane_stride().get(index as usize)?).ok()?;
            let samples = frame.plane_data(index).ok()?;
            Some(PlaneRef { samples, stride, width: width >> shift, height: height >> shift })
        };
        Some(Self { planes: [plane(0, 0)?, plane(1, 1)?, plane(2, 1)?] })
    }
}

impl<'a> FrameMut<'a> {
    /// The planes of a mapped I420 frame; its first `reserved` rows stay as they are.
    pub(crate) fn of(frame: &'a mut gst_video::VideoFrameRef<&mut gst::BufferRef>, reserved: i32) -> Self {
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        let strides = [0, 1, 2].map(|plane: usize| {
            let stride = frame.plane_stride().get(plane).copied().unwrap_or(0);
            usize::try_from(stride).unwrap_or(0)
        });
        let [y, u, v, _] = frame.planes_data_mut();
        let chroma = (width.div_ceil(2), height.div_ceil(2));
        let planes = [
            PlaneMut { samples: y, stride: strides[0], width, height },
            PlaneMut { samples: u, stride: strides[1], width: chroma.0, height: chroma.1 },
            PlaneMut { samples: v, stride: strides[2], width: chroma.0, height: chroma.1 },
        ];
        Self { planes, reserved }
    }
}
