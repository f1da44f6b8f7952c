//! One connection: a pipeline that packs video and audio as FLV and pushes them over RTMP.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{Protocol, PushTarget};
use gst::ClockTime;
use gst::prelude::{Cast, ElementExt, ElementExtManual, GstObjectExt, ObjectExt, PadExt};
use media::{AccessUnit, CodecConfig, ProgramTime, Track};

use super::problem::Problem;
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
    /// There was none: nobody answers there.
    Unreachable,
    /// The far end said that we may not, or closed the connection before it took anything.
    Refused,
    /// Its certificate is not believed.
    Certificate,
    /// It does not speak TLS as we do.
    Tls,
    /// Anything else.
    Broken,
}

impl Ending {
    /// What GIO's error, named by its domain and code, says. The sink has no other words for it.
    fn of(domain: &str, code: u32) -> Self {
        match (domain, code) {
            ("g-resolver-error-quark", _) => Self::Unreachable,
            // Of GIOErrorEnum: timed out, no such host, host or network unreachable, connection refused, proxies.
            ("g-io-error-quark", 24 | 28 | 37..=43) => Self::Unreachable,
            // Too short, not understood, closed.
            ("g-io-error-quark", 34 | 35 | 44 | 45) => Self::Refused,
            // Of GTlsError.
            ("g-tls-error-quark", 2) => Self::Certificate,
            ("g-tls-error-quark", _) => Self::Tls,
            _ => Self::Broken,
        }
    }
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
    /// Builds the pipeline. The address goes into the sink's properties, and nowhere else.
    ///
    /// # Errors
    ///
    /// [`Problem::Unusable`] where a part of GStreamer is missing.
    pub(super) fn build(target: &PushTarget, graphs_dir: &Path) -> Result<Self, Problem> {
        let unusable = |error: EngineError| {
            // Never the error itself towards people: it could quote a property.
            tracing::error!(%error, "a destination could not be built");
            Problem::Unusable("a part of GStreamer is missing or too old (see the log)")
        };
        let pipeline = gst::Pipeline::new();
        let tail = tail(target).build(pipeline.upcast_ref(), WHAT).map_err(unusable)?;
        let (mux, sink) = (tail.first().clone(), tail.last().clone());
        // FLV has its H.264 with length prefixes, the program as a byte-stream.
        let packing = vec![Part::new("h264parse"), Part::caps(packed::AVC)];
        let video = input(&pipeline, &mux, "video", packing).map_err(unusable)?;
        let audio = input(&pipeline, &mux, "audio", Vec::new()).map_err(unusable)?;
        let unsent = Unsent::new(target.port);
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
        // Its text may hold the stream's name, which is the key; of the details, only GIO's domain and code.
        // An error without details is none of those that are known.
        let details = error.debug().unwrap_or_default();
        let (domain, code) = reason(&details);
        tracing::debug!(domain, code, "a destination's pipeline failed");
        Some(if cause.matches(gst::ResourceError::NotAuthorized) {
            Ending::Refused
        } else if cause.message().starts_with("Connection refused") {
            Ending::Unreachable
        } else {
            Ending::of(domain, code)
        })
    }

    /// Whether a connection was opened.
    pub(super) fn is_connected(&mut self) -> bool {
        self.unsent.is_connected()
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

/// GIO's domain and code in the sink's details of an error: `domain g-io-error-quark, code 44`.
fn reason(details: &str) -> (&str, u32) {
    let Some((_, rest)) = details.rsplit_once("domain ") else { return ("", 0) };
    let (domain, rest) = rest.split_once(", code ").unwrap_or((rest, ""));
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    (domain, rest[..digits].parse().unwrap_or(0))
}

/// The application and the stream are set one by one: of a whole location, the sink takes what follows the
/// last slash for the stream, and a key may hold one.
fn tail(target: &PushTarget) -> Chain {
    let scheme = match target.protocol {
        Protocol::Rtmp => "rtmp",
        Protocol::Rtmps => "rtmps",
    };
    let mut sink = Part::new("rtmp2sink")
        .set("scheme", scheme)
        .set("host", &target.host)
        .set("port", target.port)
        .set_secret("application", target.application.expose())
        .set_secret("stream", target.stream.expose());
    if let Some((name, password)) = &target.credentials {
        sink = sink.set_secret("username", name.expose()).set_secret("password", password.expose());
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{DestinationAddress, Secret};
    use gst::prelude::ObjectExt;

    #[test]
    fn the_sink_gets_application_and_stream_whatever_stands_in_the_key() {
        gst::init().unwrap();
        let key = Secret::new("live_1?sign=aZ/9+b==&t=1");
        for (address, host, port, application) in [
            ("rtmp://h/app/{key}", "h", 1935, "app"),
            ("rtmp://joe:pass@h:77/app/inst/{key}", "h", 77, "app/inst"),
            ("rtmps://[::1]/app/{key}", "::1", 443, "app"),
        ] {
            let target = DestinationAddress::parse(address).unwrap().target(Some(&key));
            let folder = tempfile::tempdir().unwrap();
            let push = Push::build(&target, folder.path()).ok().unwrap();
            let text = |name: &str| push.sink.property::<Option<String>>(name).unwrap_or_default();
            assert_eq!((text("host").as_str(), push.sink.property::<i32>("port")), (host, port), "{address}");
            assert_eq!((text("application").as_str(), text("stream").as_str()), (application, key.expose()));
            let credentials = if address.contains('@') { ("joe", "pass") } else { ("", "") };
            assert_eq!((text("username").as_str(), text("password").as_str()), credentials);
        }
    }

    #[test]
    fn the_pipeline_as_data_does_not_show_the_address() {
        let target = DestinationAddress::parse("rtmp://joe:p4ssword@host/4pplication/s3cret").unwrap().target(None);
        let chain = tail(&target);
        for secret in ["joe", "p4ssword", "4pplication", "s3cret"] {
            assert!(!chain.to_string().contains(secret) && !format!("{chain:?}").contains(secret), "{chain}");
        }
    }

    #[test]
    fn why_a_connection_failed_is_read_from_the_sinks_details() {
        for (details, ending) in [
            ("x.c(1117): send_connect_error (): /P:p/S:s:\ndomain g-io-error-quark, code 44", Ending::Refused),
            ("domain g-resolver-error-quark, code 0", Ending::Unreachable),
            ("domain g-tls-error-quark, code 2", Ending::Certificate),
            ("domain g-tls-error-quark, code 3", Ending::Tls),
            ("domain g-io-error-quark, code", Ending::Broken),
            ("domain ", Ending::Broken),
            ("", Ending::Broken),
        ] {
            let (domain, code) = reason(details);
            assert_eq!(Ending::of(domain, code), ending, "{details}");
        }
    }
}
