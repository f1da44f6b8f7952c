//! One broadcast: its encoders and its destinations.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::{DestinationId, PushTarget, UnixMs};
use gst::ClockTime;
use media::ProgramTime;

use super::mailbox::Mailbox;
use super::request::Request;
use super::shared::Shared;
use crate::destination::Destination;
use crate::encoding::{Counted, Encoding, EncodingConfig, Publisher};
use crate::error::EngineError;
use crate::event::{Broadcast, EngineConfig, EngineEvent, EventSink};
use crate::output::ProgramOutput;
use crate::watchdog;

/// A destination that the operator wants, on air or not.
pub(super) struct Wanted {
    pub(super) id: DestinationId,
    pub(super) host: String,
    pub(super) target: PushTarget,
}

/// The running broadcast.
pub(super) struct OnAir {
    encoding: Option<Arc<Encoding>>,
    publisher: Arc<Publisher>,
    destinations: Vec<(DestinationId, Destination)>,
    config: EngineConfig,
    shared: Arc<Shared>,
    sink: EventSink,
    requests: Mailbox,
    output: Arc<ProgramOutput>,
    /// How many frames were encoded when they were last seen to advance, and when.
    advanced: (u64, Instant),
    made: Instant,
    /// Frames that encoders did not take that are gone by now.
    dropped_before: u64,
}

/// What every broadcast of an engine has in common.
pub(super) struct Surroundings {
    pub(super) config: EngineConfig,
    pub(super) shared: Arc<Shared>,
    pub(super) sink: EventSink,
    pub(super) requests: Mailbox,
    pub(super) output: Arc<ProgramOutput>,
}

impl OnAir {
    /// Starts encoding and pushing.
    ///
    /// # Errors
    ///
    /// Where the encoders do not start; the program has then ended. A destination that does not start
    /// says so in an event, and the rest goes on.
    pub(super) fn begin(broadcast: Broadcast, around: Surroundings, wanted: &[Wanted]) -> Result<Self, EngineError> {
        let Surroundings { config, shared, sink, requests, output } = around;
        let (emit, time, program) = (sink.clone(), shared.clone(), broadcast.program.clone());
        let began = move |zero: ClockTime| {
            time.set_zero(Some(zero));
            let since = Duration::from(time.running_now().saturating_sub(zero));
            let now = Instant::now();
            program.begin(now.checked_sub(since).unwrap_or(now));
            let since = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
            emit(EngineEvent::Began { zero_at: UnixMs(unix_ms().saturating_sub(since)) });
        };
        let publisher = Arc::new(Publisher::new(config.canvas, broadcast.program, Box::new(began)));
        let mut on_air = Self {
            encoding: None,
            publisher,
            destinations: Vec::new(),
            config,
            shared,
            sink,
            requests,
            output,
            advanced: (0, Instant::now()),
            made: Instant::now(),
            dropped_before: 0,
        };
        let encoding = on_air.make_encoding().inspect_err(|_| on_air.publisher.close())?;
        wanted.iter().for_each(|wanted| on_air.add(wanted));
        on_air.use_encoding(encoding);
        Ok(on_air)
    }

    /// Starts pushing to a destination.
    pub(super) fn add(&mut self, wanted: &Wanted) {
        self.remove(wanted.id);
        let (id, host, target) = (wanted.id, wanted.host.clone(), wanted.target.clone());
        let (program, graphs_dir) = (self.publisher.program().clone(), self.config.graphs_dir.clone());
        self.destinations.push((id, Destination::start(id, target, host, program, graphs_dir, self.sink.clone())));
    }

    /// Stops pushing to a destination.
    pub(super) fn remove(&mut self, id: DestinationId) {
        if let Some(at) = self.destinations.iter().position(|(known, _)| *known == id) {
            let (_, destination) = self.destinations.swap_remove(at);
            on_its_own("close-destination", move || drop(destination));
        }
    }

    /// Destinations whose threads panicked: the program is not over.
    pub(super) fn died(&self) -> Vec<DestinationId> {
        self.destinations.iter().filter(|(_, destination)| destination.has_ended()).map(|(id, _)| *id).collect()
    }

    /// Makes a destination's place one whose thread panicked.
    #[cfg(test)]
    pub(super) fn break_destination(&mut self, id: DestinationId) {
        self.remove(id);
        self.destinations.push((id, Destination::that_panics()));
    }

    /// Replaces the encoders, which failed; program time goes on.
    ///
    /// # Errors
    ///
    /// Where the new ones do not start either.
    pub(super) fn rebuild(&mut self) -> Result<(), EngineError> {
        self.output.set_encoder(None);
        if let Some(failed) = self.encoding.take() {
            self.dropped_before += failed.dropped();
            failed.save_graph();
        }
        self.advanced.1 = Instant::now();
        self.made = Instant::now();
        let encoding = self.make_encoding()?;
        self.use_encoding(encoding);
        Ok(())
    }

    /// How long ago the encoders were made.
    pub(super) fn age(&self) -> Duration {
        self.made.elapsed()
    }

    /// Whether the encoders gave no frame for some seconds.
    pub(super) fn stands_still(&mut self) -> bool {
        let frames = self.publisher.counted().frames;
        if frames != self.advanced.0 {
            self.advanced = (frames, Instant::now());
        }
        self.advanced.1.elapsed() > watchdog::ENCODER
    }

    /// What was encoded so far.
    pub(super) fn counted(&self) -> Counted {
        self.publisher.counted()
    }

    /// How far the program has come.
    pub(super) fn reached(&self) -> ProgramTime {
        self.publisher.program().reached()
    }

    /// Frames that the encoder did not take.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped_before + self.encoding.as_ref().map_or(0, |encoding| encoding.dropped())
    }

    /// Frames that destinations did not take.
    pub(super) fn dropped_network(&self) -> u64 {
        self.destinations.iter().map(|(_, destination)| destination.lost()).sum()
    }

    /// Takes no further frames and finishes everything on a thread of its own, which then sends
    /// [`Request::WoundUp`]: what is in the encoders is still published, then the program ends.
    pub(super) fn wind_up(self) -> Option<thread::JoinHandle<()>> {
        self.output.set_encoder(None);
        let Self { encoding, publisher, destinations, requests, .. } = self;
        on_its_own("end-broadcast", move || {
            if let Some(encoding) = &encoding {
                encoding.drain();
            }
            publisher.close();
            drop(destinations);
            drop(encoding);
            requests.put(Request::WoundUp);
        })
    }

    fn make_encoding(&self) -> Result<Arc<Encoding>, EngineError> {
        let requests = self.requests.clone();
        let config = EncodingConfig {
            canvas: self.config.canvas,
            video_kbps: self.config.video_kbps,
            audio_kbps: self.config.audio_kbps,
            clock: self.shared.clock.clone(),
            base_time: self.shared.base_time,
            graphs_dir: self.config.graphs_dir.clone(),
            failed: Box::new(move |problem| requests.put(Request::EncodingFailed(problem))),
        };
        Ok(Arc::new(Encoding::start(config, &self.publisher)?))
    }

    fn use_encoding(&mut self, encoding: Arc<Encoding>) {
        self.output.set_encoder(Some(encoding.clone()));
        self.encoding = Some(encoding);
    }
}

fn on_its_own(name: &str, work: impl FnOnce() + Send + 'static) -> Option<thread::JoinHandle<()>> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.inspect_err(|error| tracing::error!(%error, "no thread for {name}")).ok()
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
