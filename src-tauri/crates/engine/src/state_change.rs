//! State changes with a deadline, and the graphs of pipelines that missed it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gst::prelude::{ElementExt, GstBinExtManual, PipelineExt};

use crate::error::EngineError;
use crate::thread_names;

/// How long a pipeline may take to start or to stop before it is abandoned.
pub(crate) const STATE_DEADLINE: Duration = Duration::from_secs(5);

/// So many graphs are kept: a pipeline that fails all night must not fill the disk.
const GRAPHS_KEPT: usize = 20;

/// Gives `pipeline` the one clock and base time, and no start time of its own.
pub(crate) fn share_time(pipeline: &gst::Pipeline, clock: &gst::Clock, base_time: gst::ClockTime) {
    pipeline.use_clock(Some(clock));
    pipeline.set_start_time(gst::ClockTime::NONE);
    pipeline.set_base_time(base_time);
}

/// Counts pipelines that were abandoned in a state change and did not come out of it yet. Each holds
/// a thread, and whatever its elements hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stuck(Arc<AtomicUsize>);

impl Stuck {
    /// How many there are now.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

/// Brings `pipeline` to `state`, and says so when it did not get there in `deadline`.
///
/// The change runs on a thread of its own: an element that hangs keeps that thread, never the
/// caller. A change that goes on by itself (a sink that waits for its first buffer) counts as done.
/// An abandoned pipeline that comes out of its change after all is stopped by that thread.
///
/// # Errors
///
/// [`EngineError::Deadline`] or [`EngineError::StateChange`]. In both cases the pipeline's graph is
/// saved in `graphs_dir`, and the pipeline is to be abandoned.
pub(crate) fn change_state(
    pipeline: &gst::Pipeline,
    state: gst::State,
    deadline: Duration,
    what: &'static str,
    graphs_dir: &Path,
) -> Result<(), EngineError> {
    change_counted(pipeline, state, deadline, what, graphs_dir, &Stuck::default())
}

/// [`change_state`], counted in `stuck` for as long as it hangs.
///
/// # Errors
///
/// See [`change_state`].
pub(crate) fn change_counted(
    pipeline: &gst::Pipeline,
    state: gst::State,
    deadline: Duration,
    what: &'static str,
    graphs_dir: &Path,
    stuck: &Stuck,
) -> Result<(), EngineError> {
    let (done, changed) = mpsc::sync_channel(1);
    // Set by whoever comes first: the end of the change, or the end of patience.
    let decided = Arc::new(AtomicBool::new(false));
    let (subject, theirs, count) = (pipeline.clone(), decided.clone(), stuck.clone());
    thread::Builder::new()
        .name(thread_names::STATE_CHANGE.to_owned())
        .spawn(move || {
            let outcome = subject.set_state(state);
            if theirs.swap(true, Ordering::AcqRel) {
                // Nobody else stops it. What it answers interests nobody.
                let _ = subject.set_state(gst::State::Null);
                count.0.fetch_sub(1, Ordering::AcqRel);
            } else {
                let _ = done.send(outcome);
            }
        })
        .map_err(|error| EngineError::Thread { problem: error.to_string() })?;
    let mut outcome = changed.recv_timeout(deadline);
    if outcome.is_err() {
        stuck.0.fetch_add(1, Ordering::AcqRel);
        if decided.swap(true, Ordering::AcqRel) {
            // In the last moment.
            stuck.0.fetch_sub(1, Ordering::AcqRel);
            outcome = changed.recv_timeout(deadline);
        }
    }
    match outcome {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => {
            save_graph(pipeline, what, graphs_dir);
            Err(EngineError::StateChange { pipeline: what, problem: first_error(pipeline) })
        }
        Err(_) => {
            save_graph(pipeline, what, graphs_dir);
            Err(EngineError::Deadline { pipeline: what, deadline })
        }
    }
}

/// Starts `pipeline` within [`STATE_DEADLINE`].
///
/// # Errors
///
/// See [`change_state`].
pub(crate) fn start(pipeline: &gst::Pipeline, what: &'static str, graphs_dir: &Path) -> Result<(), EngineError> {
    change_state(pipeline, gst::State::Playing, STATE_DEADLINE, what, graphs_dir)
}

/// Stops `pipeline` within [`STATE_DEADLINE`].
///
/// # Errors
///
/// See [`change_state`].
pub(crate) fn stop(pipeline: &gst::Pipeline, what: &'static str, graphs_dir: &Path) -> Result<(), EngineError> {
    change_state(pipeline, gst::State::Null, STATE_DEADLINE, what, graphs_dir)
}

/// The first error that waits on `pipeline`'s bus, in words; takes messages off the bus.
pub(crate) fn first_error(pipeline: &gst::Pipeline) -> String {
    let message = pipeline.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
    match message.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Error(error)) => error.error().to_string(),
        _ => "no reason was given".to_owned(),
    }
}

/// Saves the graph of `pipeline`: elements, states and caps, and not one property, because
/// properties hold file names and stream keys. Answers where, unless it could not be written.
pub(crate) fn save_graph(pipeline: &gst::Pipeline, what: &str, graphs_dir: &Path) -> Option<PathBuf> {
    let shown =
        gst::DebugGraphDetails::MEDIA_TYPE | gst::DebugGraphDetails::CAPS_DETAILS | gst::DebugGraphDetails::STATES;
    let graph = pipeline.debug_to_dot_data(shown);
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let path = graphs_dir.join(format!("{unix}-{}.dot", what.replace(|c: char| !c.is_ascii_alphanumeric(), "-")));
    std::fs::create_dir_all(graphs_dir).ok()?;
    remove_oldest(graphs_dir);
    std::fs::write(&path, graph.as_bytes()).ok()?;
    Some(path)
}

fn remove_oldest(graphs_dir: &Path) {
    let Ok(entries) = std::fs::read_dir(graphs_dir) else { return };
    let mut graphs: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "dot"))
        .collect();
    graphs.sort();
    for old in graphs.iter().take((graphs.len() + 1).saturating_sub(GRAPHS_KEPT)) {
        let _ = std::fs::remove_file(old);
    }
}

#[cfg(test)]
pub(crate) mod hanging;

#[cfg(test)]
mod tests {
    use gst::prelude::{Cast, ElementExtManual};

    use super::hanging::hanging;
    use super::*;
    use crate::chain::{Chain, Part};

    #[test]
    fn a_saved_graph_holds_no_property() {
        gst::init().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let pipeline = gst::Pipeline::new();
        let bin: &gst::Bin = pipeline.upcast_ref();
        Chain::start(Part::new("fakesrc"))
            .then(Part::new("filesink").set("location", "/nowhere/s3cret"))
            .build(bin, "test")
            .unwrap();
        let graph = save_graph(&pipeline, "a test", folder.path()).unwrap();
        let text = std::fs::read_to_string(graph).unwrap();
        assert!(text.contains("GstFileSink") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn only_the_newest_graphs_are_kept() {
        gst::init().unwrap();
        let folder = tempfile::tempdir().unwrap();
        for n in 0..30 {
            std::fs::write(folder.path().join(format!("{n:04}-x.dot")), "x").unwrap();
        }
        save_graph(&gst::Pipeline::new(), "new", folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), GRAPHS_KEPT);
    }

    #[test]
    fn a_change_that_hangs_is_counted_until_it_lets_go_and_the_pipeline_is_stopped_then() {
        gst::init().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (pipeline, gate) = hanging();
        let (stuck, soon) = (Stuck::default(), Duration::from_millis(50));
        let change = change_counted(&pipeline, gst::State::Playing, soon, "test", folder.path(), &stuck);
        assert!(matches!(change, Err(EngineError::Deadline { .. })), "{change:?}");
        assert_eq!(stuck.count(), 1);
        gate.open();
        gate.wait_until("it is stopped", || stuck.count() == 0);
        assert_eq!(pipeline.current_state(), gst::State::Null);
    }

    #[test]
    fn a_pipeline_that_cannot_start_says_why() {
        gst::init().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let pipeline = gst::Pipeline::new();
        let bin: &gst::Bin = pipeline.upcast_ref();
        Chain::start(Part::new("fakesrc"))
            .then(Part::new("filesink").set("location", "/no/such/folder/file"))
            .build(bin, "test")
            .unwrap();
        let error = start(&pipeline, "test", folder.path()).unwrap_err();
        assert!(matches!(error, EngineError::StateChange { .. }), "{error}");
        stop(&pipeline, "test", folder.path()).unwrap();
    }
}
