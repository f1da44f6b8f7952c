//! A still picture from a PNG or JPEG file, repeated at the canvas' rate.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use domain::SourceState;
use gst::prelude::Cast;

use crate::chain::{Chain, Part};
use crate::error::EngineError;
use crate::format::video_info;
use crate::source::cadence::{Grid, running_time, wait};
use crate::source::format::{clock_time, video_caps};
use crate::source::observer::Observer;
use crate::source::supervise::Ending;
use crate::source::{Shared, Teller};
use crate::state_change;

const WHAT: &str = "still picture's pipeline";
/// A large photograph takes a second to decode.
const DECODE_DEADLINE: Duration = Duration::from_secs(10);

/// Decodes the file once and repeats it until the source is stopped.
pub(crate) fn run(path: &Path, shared: &Shared, teller: &mut Teller, stop: &Receiver<()>) -> Ending {
    let picture = match decode(path, shared) {
        Ok(Some(picture)) => picture,
        Ok(None) => {
            return Ending::Lost("This file is no picture that can be shown. Choose a PNG or JPEG file.".to_owned());
        }
        Err(error) => return Ending::Lost(format!("The picture cannot be shown: {error}")),
    };
    teller.tell(SourceState::Running, None);
    repeat(&picture, shared, stop);
    Ending::Stopped
}

fn decode(path: &Path, shared: &Shared) -> Result<Option<gst::Buffer>, EngineError> {
    let Some(decoder) = decoder(path) else { return Ok(None) };
    let chain = Chain::start(Part::new("filesrc").set("location", path.display()))
        .then(Part::new(decoder))
        .then(Part::new("videoconvertscale").set("add-borders", true))
        .then(Part::caps(video_caps(&shared.context.canvas)))
        .then(Part::new("appsink").set("sync", false));
    let pipeline = gst::Pipeline::new();
    let built = chain.build(pipeline.upcast_ref(), WHAT)?;
    let sink = built.last().downcast_ref::<gst_app::AppSink>().cloned();
    let started = state_change::start(&pipeline, WHAT, &shared.context.graphs_dir);
    let sample = match (&started, sink) {
        (Ok(()), Some(sink)) => sink.try_pull_sample(clock_time(DECODE_DEADLINE)),
        _ => None,
    };
    let stopped = state_change::stop(&pipeline, WHAT, &shared.context.graphs_dir);
    started.and(stopped)?;
    Ok(sample.and_then(|sample| sample.buffer_owned()))
}

/// By the file's first bytes, never by its name.
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

fn repeat(picture: &gst::BufferRef, shared: &Shared, stop: &Receiver<()>) {
    let grid = Grid::new(shared.context.canvas.fps);
    let now = || running_time(&shared.context.clock, shared.context.base_time);
    let mut observer = Observer::new(shared.role, Arc::clone(&shared.sink));
    loop {
        let step = grid.next(now() + Duration::from_nanos(1));
        let moment = grid.at(step);
        if wait(stop, moment.saturating_sub(now())).is_err() {
            return;
        }
        if observer.due(moment) {
            observe(&mut observer, moment, picture, shared);
        }
        // The memory is shared: only the timestamps are new.
        let mut buffer = picture.copy();
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(clock_time(moment));
            buffer.set_duration(clock_time(grid.at(step + 1) - moment));
        }
        shared.sink.buffer(shared.role, buffer);
    }
}

fn observe(observer: &mut Observer, moment: Duration, picture: &gst::BufferRef, shared: &Shared) {
    let info = video_info(&shared.context.canvas);
    let Ok(map) = picture.map_readable() else { return };
    let stride = usize::try_from(info.stride()[0]).unwrap_or(0);
    observer.look(moment, &map, stride, info.width() as usize, info.height() as usize);
}
