//! What is drawn over the program: chat cards, a comment, the title, hearts; and slates.
//!
//! A render thread turns texts into sprites when they change ([`renderer`]); the program's own
//! thread only lays them over each frame ([`Painter::paint`]), which must not wait for anything.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use domain::{Canvas, Graphics};

mod arrangement;
mod card;
mod colour;
mod cost;
mod fonts;
mod hearts;
mod renderer;
mod scale;
mod slate;
mod sprite;
mod template;
mod text;

#[cfg(test)]
mod tests;

pub use cost::{PaintCost, paint_cost};
pub(crate) use slate::slate;

use arrangement::Arrangement;
use hearts::Hearts;
use renderer::Desk;
use scale::Scale;

use crate::thread_names;
use crate::yuv::FrameMut;

/// Gives the painter what to paint. Its calls never block; dropping it ends the render thread,
/// and the painter goes on with what it has.
pub(crate) struct PainterHandle {
    desk: Arc<Desk>,
    scale: Scale,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl PainterHandle {
    /// Makes `graphics` the target; only the latest counts. It is on the picture once it is
    /// rendered, most often with the next frame.
    pub(crate) fn set(&self, graphics: &Graphics) {
        self.desk.want_graphics(graphics.clone());
    }

    /// Makes the render thread panic.
    #[cfg(test)]
    pub(crate) fn break_renderer(&self) {
        self.desk.want_a_panic();
    }

    /// Starts the render thread again where it panicked, and says whether it had to. What it was
    /// rendering is left out; what the picture shows stays until the next graphics.
    pub(crate) fn revive(&self) -> bool {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(died) = thread.take_if(|thread| thread.is_finished()) else { return false };
        let has_panicked = died.join().is_err();
        *thread = render(&self.desk, self.scale);
        has_panicked
    }

    /// `count` hearts rise, where the graphics have hearts; at most thirty are seen at once.
    pub(crate) fn hearts(&self, hue: u16, count: u32) {
        self.desk.want_hearts(hue, count);
    }
}

impl Drop for PainterHandle {
    fn drop(&mut self) {
        self.desk.close();
        if let Some(thread) = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            // It ends after the card that it is rendering; a panic there was logged where it happened.
            let _ = thread.join();
        }
    }
}

/// The render thread. Without one the picture stays without graphics.
fn render(desk: &Arc<Desk>, scale: Scale) -> Option<JoinHandle<()>> {
    let desk = Arc::clone(desk);
    let thread =
        thread::Builder::new().name(thread_names::PAINTER.to_owned()).spawn(move || renderer::run(&desk, scale));
    thread.inspect_err(|error| tracing::error!(%error, "the picture stays without graphics")).ok()
}

/// Lays the graphics over program frames.
pub(crate) struct Painter {
    desk: Arc<Desk>,
    reserved: i32,
    arrangement: Arrangement,
    hearts: Hearts,
    with_hearts: bool,
    /// A test wants a panic in the thread that draws.
    #[cfg(test)]
    pub(crate) is_broken: bool,
}

impl Painter {
    /// A painter for frames of `canvas`, and its render thread. Where the system gives no thread,
    /// the picture stays without graphics.
    pub(crate) fn start(canvas: Canvas) -> (Painter, PainterHandle) {
        let scale = Scale::of(&canvas);
        let desk = Arc::new(Desk::default());
        let thread = render(&desk, scale);
        let painter = Painter {
            desk: Arc::clone(&desk),
            reserved: scale.reserved,
            arrangement: Arrangement::new(scale),
            hearts: Hearts::new(scale),
            with_hearts: false,
            #[cfg(test)]
            is_broken: false,
        };
        (painter, PainterHandle { desk, scale, thread: Mutex::new(thread) })
    }

    /// Whether anything is to be drawn at the moment `now` (running time, which never goes back).
    pub(crate) fn is_due(&mut self, now: Duration) -> bool {
        #[cfg(test)]
        assert!(!std::mem::take(&mut self.is_broken), "a test");
        self.take(now);
        !self.arrangement.is_empty() || !self.hearts.is_empty()
    }

    /// Draws the graphics of the moment `now` over `frame`, an I420 frame of the canvas' size.
    /// Returns the hues of the hearts that this frame is the first to show. Never waits; the top
    /// twenty-fourth of the frame stays as it is.
    pub(crate) fn paint(
        &mut self,
        frame: &mut gst_video::VideoFrameRef<&mut gst::BufferRef>,
        now: Duration,
    ) -> Vec<u16> {
        self.take(now);
        self.draw(&mut FrameMut::of(frame, self.reserved), now)
    }

    fn take(&mut self, now: Duration) {
        let made = self.desk.take_made();
        if let Some(dressing) = made.dressing {
            self.with_hearts = dressing.hearts;
            self.arrangement.set(&dressing, now);
            if !self.with_hearts {
                self.hearts.stop();
            }
        }
        if self.with_hearts {
            for (hue, count, sprites) in made.hearts {
                self.hearts.add(hue, count, &sprites);
            }
        }
    }

    fn draw(&mut self, frame: &mut FrameMut<'_>, now: Duration) -> Vec<u16> {
        let first = self.hearts.paint(frame, now);
        self.arrangement.paint(frame, now);
        first
    }
}
