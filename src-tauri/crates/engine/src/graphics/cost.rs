//! What the graphics cost, for `make bench`.

use std::time::{Duration, Instant};

use domain::{Canvas, ChatCard, Graphics, Seq};

use crate::graphics::Painter;

/// What painting took.
#[derive(Debug, Clone, Copy)]
pub struct PaintCost {
    /// For a frame; the median, because what else the computer did counts for some of them.
    pub median: Duration,
    /// From beginning to end of the slowest frame, with everything else that the computer did.
    pub longest: Duration,
    /// Hearts that rose.
    pub hearts: usize,
}

/// Paints five chat cards, one changing every two seconds, and some twenty hearts over `frames`
/// frames of 1280×720, and says what the program's thread spent on it. The render thread works
/// beside it and is not counted.
///
/// # Panics
///
/// Never: the sizes are fixed and the frame is this function's own.
#[must_use]
pub fn paint_cost(frames: u32) -> PaintCost {
    let canvas = Canvas::default();
    let (mut painter, handle) = Painter::start(canvas);
    let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, canvas.width, canvas.height)
        .build()
        .expect("every canvas has I420 frames");
    let mut buffer = gst::Buffer::from_mut_slice(vec![90_u8; info.size()]);
    let mut graphics = Graphics { hearts: true, ..Graphics::default() };
    let mut cost = PaintCost { median: Duration::ZERO, longest: Duration::ZERO, hearts: 0 };
    let mut took = Vec::new();
    for frame in 0..frames {
        let hue = u16::try_from(frame * 37 % 360).unwrap_or(0);
        if frame % 60 == 0 {
            let text = "The picture is wonderful tonight, what camera is that?".to_owned();
            graphics.chat.push(ChatCard {
                seq: Seq(u64::from(frame)),
                name: "Grace Hopper".to_owned(),
                hue,
                n: None,
                is_hosts: false,
                text,
            });
            let surplus = graphics.chat.len().saturating_sub(5);
            graphics.chat.drain(..surplus);
            handle.set(&graphics);
        }
        // Nearly eight a second, each for two to three seconds: about twenty at once.
        if frame % 4 == 0 {
            handle.hearts(hue, 1);
            std::thread::sleep(Duration::from_millis(4));
        }
        let frame_buffer = buffer.get_mut().expect("nobody else has this buffer");
        let mut picture = gst_video::VideoFrameRef::from_buffer_ref_writable(frame_buffer, &info)
            .expect("the buffer was made for these frames");
        let began = Instant::now();
        let now = Duration::from_millis(u64::from(frame) * 1000 / u64::from(canvas.fps));
        cost.hearts += painter.paint(&mut picture, now).len();
        took.push(began.elapsed());
    }
    took.sort();
    cost.median = took.get(took.len() / 2).copied().unwrap_or_default();
    cost.longest = took.last().copied().unwrap_or_default();
    cost
}
