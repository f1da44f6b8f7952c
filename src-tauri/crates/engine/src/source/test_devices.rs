//! The test devices: frames and sound made by a thread that keeps to the clock.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use domain::SourceState;
use gst::prelude::{BufferPoolExt, BufferPoolExtManual};

use crate::blender::Pixels;
use crate::format::video_info;
use crate::source::cadence::{Grid, Stopped, running_time, unix_time, wait};
use crate::source::format::{audio_buffer, clock_time};
use crate::source::inspector::Inspector;
use crate::source::level::PeakMeter;
use crate::source::slide::Slide;
use crate::source::test_picture::{Planes, TestPicture};
use crate::source::test_sound::TestSound;
use crate::source::{Common, Reporter};

/// So much sound is made up for after the computer was too busy; what is more is left out.
const CATCH_UP: Duration = Duration::from_secs(1);

/// The moving picture with the clock strip, until the source is stopped.
pub(crate) fn camera(common: &Common, reporter: &mut Reporter, stop: &Receiver<()>) {
    let canvas = common.context.canvas;
    let picture = TestPicture::new(canvas.width as usize, canvas.height as usize);
    pictures(common, reporter, stop, |number, planes| {
        picture.draw(number, u64::try_from(unix_time().as_millis()).unwrap_or(0), planes);
    });
}

/// The slide with the moving cursor, until the source is stopped.
pub(crate) fn screen(common: &Common, reporter: &mut Reporter, stop: &Receiver<()>) {
    let canvas = common.context.canvas;
    let slide = Slide::new(canvas.width as usize, canvas.height as usize);
    pictures(common, reporter, stop, |number, planes| slide.draw(number, canvas.fps, planes));
}

/// The pink noise with its beep, until the source is stopped.
pub(crate) fn microphone(common: &Common, reporter: &mut Reporter, stop: &Receiver<()>) {
    let _ended: Result<(), Stopped> = sound(common, reporter, stop);
}

fn pictures(common: &Common, reporter: &mut Reporter, stop: &Receiver<()>, draw: impl FnMut(u64, &mut Planes<'_>)) {
    match draw_pictures(common, reporter, stop, draw) {
        Ok(Stopped) => {}
        Err(error) => reporter.report(SourceState::Lost, Some(format!("The test picture cannot be made: {error}"))),
    }
}

/// One frame for each step of the canvas' rate; its pts is the step, its content is made then.
/// Steps that were missed are left out: the program never gets two frames at once.
fn draw_pictures(
    common: &Common,
    reporter: &mut Reporter,
    stop: &Receiver<()>,
    mut draw: impl FnMut(u64, &mut Planes<'_>),
) -> Result<Stopped, gst::glib::BoolError> {
    let info = video_info(&common.context.canvas);
    let pool = gst_video::VideoBufferPool::new();
    let mut config = pool.config();
    config.set_params(Some(&info.to_caps()?), u32::try_from(info.size()).unwrap_or(u32::MAX), 0, 0);
    pool.set_config(config)?;
    pool.set_active(true)?;
    let mut inspector = Inspector::new(common.id.clone(), Arc::clone(&common.sink));
    let mut steps = Steps::new(common, common.context.canvas.fps);
    let ended = loop {
        let Ok(step) = steps.next(stop, Duration::ZERO) else { break Ok(Stopped) };
        let moment = steps.grid.at(step);
        let Ok(mut buffer) = pool.acquire_buffer(None) else { break Err(gst::glib::bool_error!("no memory")) };
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(clock_time(moment));
            buffer.set_duration(clock_time(steps.grid.at(step + 1) - moment));
            let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, &info)?;
            let strides = [0, 1, 2].map(|plane| usize::try_from(info.stride()[plane]).unwrap_or(0));
            let [luma, cb, cr, _] = frame.planes_data_mut();
            draw(step, &mut Planes { data: [luma, cb, cr], strides });
            if inspector.due(moment) {
                let plane = frame.plane_data(0)?;
                inspector.inspect(moment, plane, strides[0], info.width() as usize, info.height() as usize);
            }
        }
        reporter.report(SourceState::Running, None);
        common.sink.frame(Pixels::Opaque(buffer), clock_time(moment));
    };
    pool.set_active(false)?;
    ended
}

fn sound(common: &Common, reporter: &mut Reporter, stop: &Receiver<()>) -> Result<(), Stopped> {
    let mut sound = TestSound::new();
    let mut meter = PeakMeter::new(Arc::clone(&common.sink));
    let mut offset = UnixOffset::default();
    let mut steps = Steps::new(common, 100);
    loop {
        // Like a real microphone: the 10 ms that begin at a step are there 10 ms later.
        let step = steps.next(stop, CATCH_UP)?;
        let moment = steps.grid.at(step - 1);
        let samples = sound.chunk(offset.at(moment, common));
        meter.measure(&samples);
        reporter.report(SourceState::Running, None);
        common.sink.audio(audio_buffer(&samples, moment));
    }
}

/// Waits for one step of a grid after the other.
struct Steps<'a> {
    common: &'a Common,
    grid: Grid,
    next: u64,
}

impl<'a> Steps<'a> {
    fn new(common: &'a Common, rate: u32) -> Self {
        Self { common, grid: Grid::new(rate), next: 0 }
    }

    /// Waits until the next step is due. Steps older than `catch_up` are left out.
    fn next(&mut self, stop: &Receiver<()>, catch_up: Duration) -> Result<u64, Stopped> {
        let now = running_time(&self.common.context.clock, self.common.context.base_time);
        let period = self.grid.at(1);
        if self.next == 0 || now > self.grid.at(self.next) + catch_up + period {
            self.next = self.grid.next(now).max(1);
        }
        wait(stop, self.grid.at(self.next).saturating_sub(now))?;
        self.next += 1;
        Ok(self.next - 1)
    }
}

/// Unix time at running time zero, measured again and again because the wall clock may be set.
#[derive(Default)]
struct UnixOffset(Option<Duration>);

impl UnixOffset {
    fn at(&mut self, moment: Duration, common: &Common) -> Duration {
        let running = || running_time(&common.context.clock, common.context.base_time);
        for _ in 0..3 {
            let (before, unix, after) = (running(), unix_time(), running());
            // The thread may lose the processor between two looks; such a look counts only if
            // there has been none yet.
            if after.saturating_sub(before) < Duration::from_micros(10) || self.0.is_none() {
                self.0 = unix.checked_sub(before);
                break;
            }
        }
        self.0.unwrap_or_default() + moment
    }
}
