//! One connection: a pipeline that packs video and audio as FLV and pushes them over RTMP.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Secret;
use gst::ClockTime;
use gst::prelude::{Cast, ElementExt, ElementExtManual, GstObjectExt, ObjectExt, PadExt};
use media::{AccessUnit, CodecConfig, ProgramTime, Track};

use super::problem::{Problem, port_of};
use super::unsent::Unsent;
use crate::chain::{Chain, Part};
use crate::error::EngineError;
use crate::packed;
use crate::state_change;

pub(super) const WHAT: &str = "destination";
/// So many buffers may wait inside the pipeline; the rest stays in the queue, where it is bounded
/// in media time and dropped by GOPs.
const INSIDE: u64 = 30;

/// What feeding one unit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fed {
    Taken,
    /// The encoding changed: the far end must hear of it from the start.
    Changed,
    /// The pipeline takes nothing more: it failed, and its bus says why.
    Stopped,
}

/// How a connection ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The far end said that we may not.
    Unauthorised,
    /// Anything else.
    Broken,
}

/// A connection, or the attempt to open one.
pub(super) struct Push {
    pipeline: gst::Pipeline,
    sink: gst::Element,
    video: Input,
    audio: Input,
    graphs_dir: PathBuf,
    /// The first keyframe's time: the far end's time begins there.
    zero: Option<ProgramTime>,
    unsent: Unsent,
}

/// How much of a connection went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// Bytes that the far end took since it accepted the stream.
    pub(super) taken: u64,
    /// Whether something waits to be taken.
    pub(super) waiting: bool,
}

struct Input {
    source: gst_app::AppSrc,
    config: Option<Arc<CodecConfig>>,
}

impl Push {
    /// Builds the pipeline. The address goes into the sink's property, and nowhere else.
    ///
    /// # Errors
    ///
    /// [`Problem::Unusable`] where a part of GStreamer is missing or the address names no stream.
    pub(super) fn build(address: &Secret, host: &str, graphs_dir: &Path) -> Result<Self, Problem> {
        if !names_a_stream(address) {
            return Err(Problem::Unusable(
                "its address must name an application and a stream, like rtmp://host/app/{key}",
            ));
        }
        let unusable = |error: EngineError| {
            // Never the error itself towards people: it could quote a property.
            tracing::error!(%error, "a destination could not be built");
            Problem::Unusable("a part of GStreamer is missing or too old (see the log)")
        };
        let pipeline = gst::Pipeline::new();
        let tail = tail(address).build(pipeline.upcast_ref(), WHAT).map_err(unusable)?;
        let (mux, sink) = (tail.first().clone(), tail.last().clone());
        // FLV has its H.264 with length prefixes, the program as a byte-stream.
        let packing = vec![Part::new("h264parse"), Part::caps(packed::AVC)];
        let video = input(&pipeline, &mux, "video", packing).map_err(unusable)?;
        let audio = input(&pipeline, &mux, "audio", Vec::new()).map_err(unusable)?;
        let unsent = Unsent::new(port_of(host, is_over_tls(address)));
        Ok(Self { pipeline, sink, video, audio, graphs_dir: graphs_dir.to_owned(), zero: None, unsent })
    }

    /// Starts connecting.
    ///
    /// # Errors
    ///
    /// Where the pipeline refuses or misses its deadline; it is then of no further use.
    pub(super) fn start(&self) -> Result<(), EngineError> {
        state_change::start(&self.pipeline, WHAT, &self.graphs_dir)
    }

    /// Whether another unit can be given without piling up inside. Where the video was lost, audio
    /// goes on up to the next keyframe: the muxer waits for that keyframe, so it must get through.
    pub(super) fn has_room(&self) -> bool {
        let (video, audio) = (self.video.source.current_level_buffers(), self.audio.source.current_level_buffers());
        video == 0 || (video < INSIDE && audio < 2 * INSIDE)
    }

    /// Gives a unit. The first is a keyframe; audio from before it is left out.
    pub(super) fn feed(&mut self, unit: AccessUnit) -> Fed {
        let zero = *self.zero.get_or_insert(unit.pts);
        if unit.pts < zero {
            return Fed::Taken;
        }
        let input = if unit.track == Track::Video { &mut self.video } else { &mut self.audio };
        match &input.config {
            Some(config) if config.id != unit.config.id => return Fed::Changed,
            Some(_) => {}
            None => {
                input.source.set_caps(packed::caps(&unit.config.format).as_ref());
                input.config = Some(unit.config.clone());
            }
        }
        if input.source.push_buffer(packed::buffer(unit, zero)).is_ok() { Fed::Taken } else { Fed::Stopped }
    }

    /// What the far end took so far.
    pub(super) fn progress(&mut self) -> Progress {
        let stats = self.sink.property::<Option<gst::Structure>>("stats");
        let sent = stats.and_then(|stats| stats.get::<u64>("out-bytes-total").ok()).unwrap_or(0);
        let unsent = self.unsent.bytes();
        let inside = self.video.source.current_level_buffers() + self.audio.source.current_level_buffers();
        Progress { taken: sent.saturating_sub(unsent), waiting: inside > 0 || unsent > 0 }
    }

    /// Whether the pipeline failed or the far end closed.
    pub(super) fn ended(&self) -> Option<Ending> {
        let bus = self.pipeline.bus()?;
        let message = bus.pop_filtered(&[gst::MessageType::Error, gst::MessageType::Eos])?;
        let gst::MessageView::Error(error) = message.view() else { return Some(Ending::Broken) };
        let cause = error.error();
        // Its text may hold the stream's name, which is the key.
        tracing::debug!(domain = %cause.domain().as_str(), "a destination's pipeline failed");
        let unauthorised = cause.matches(gst::ResourceError::NotAuthorized);
        Some(if unauthorised { Ending::Unauthorised } else { Ending::Broken })
    }

    /// Says goodbye, so that the far end knows that this is the end. At most `patience`.
    pub(super) fn finish(&self, patience: ClockTime) {
        for input in [&self.video, &self.audio] {
            // A source that stopped already has nothing to end.
            let _ = input.source.end_of_stream();
        }
        if let Some(bus) = self.pipeline.bus() {
            bus.timed_pop_filtered(patience, &[gst::MessageType::Error, gst::MessageType::Eos]);
        }
    }

    /// Stops the pipeline within the deadline of state changes, else abandons it.
    pub(super) fn stop(self) {
        if let Err(error) = state_change::stop(&self.pipeline, WHAT, &self.graphs_dir) {
            tracing::warn!(%error, "a destination's pipeline was abandoned");
        }
    }
}

fn tail(address: &Secret) -> Chain {
    let sink = Part::new("rtmp2sink").set_secret("location", address.expose());
    Chain::start(
        Part::new("flvmux").set("streamable", true).set("encoder", "Antenne").set("metadatacreator", "Antenne"),
    )
    .then(sink.set("sync", false).set("async", false).set("chunk-size", 4096).set("enable-last-sample", false))
}

/// An application's source, packed as the muxer wants it, linked to a pad of the muxer.
fn input(pipeline: &gst::Pipeline, mux: &gst::Element, pad: &str, packing: Vec<Part>) -> Result<Input, EngineError> {
    let part = Part::new("appsrc").set("format", "time").set("max-bytes", 0).set("max-buffers", 0);
    let chain = packing.into_iter().fold(Chain::start(part), Chain::then);
    let built = chain.build(pipeline.upcast_ref(), WHAT)?;
    let unfit = |problem: &str| EngineError::build(WHAT, format!("{} of {}", problem, mux.name()));
    let sink = mux.request_pad_simple(pad).ok_or_else(|| unfit("no input"))?;
    let from = built.last().static_pad("src").ok_or_else(|| unfit("no output before an input"))?;
    from.link(&sink).map_err(|error| EngineError::build(WHAT, error))?;
    let source = built.first().clone().downcast::<gst_app::AppSrc>();
    let source = source.map_err(|_| unfit("the source is not an application's, before an input"))?;
    Ok(Input { source, config: None })
}

/// Whether the address is one of RTMP over TLS.
pub(super) fn is_over_tls(address: &Secret) -> bool {
    address.expose().starts_with("rtmps:")
}

/// Whether the address has an application and a stream: without them the sink silently keeps its
/// default, which is another place.
fn names_a_stream(address: &Secret) -> bool {
    let path = address.expose().split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    path.and_then(|(_, path)| path.split_once('/'))
        .is_some_and(|(application, stream)| !application.is_empty() && !stream.is_empty() && !stream.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_stream_is_refused_without_being_quoted() {
        gst::init().unwrap();
        for address in ["rtmp://h/s3cret", "rtmp://h/s3cret/", "rtmp://h//s3cret", "rtmp://h"] {
            let folder = tempfile::tempdir().unwrap();
            let problem = Push::build(&Secret::new(address), "h", folder.path()).err().unwrap();
            assert_eq!(problem.code(), "destination.unusable");
            assert!(!problem.sentence("h").contains("s3cret"));
        }
    }

    #[test]
    fn the_pipeline_as_data_does_not_show_the_address() {
        let chain = tail(&Secret::new("rtmp://host/app/s3cret"));
        assert!(!chain.to_string().contains("s3cret") && !format!("{chain:?}").contains("s3cret"), "{chain}");
    }
}
