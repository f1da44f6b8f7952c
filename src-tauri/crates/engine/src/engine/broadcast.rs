//! One broadcast: its encoders, its recording, its destinations.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::{DestinationId, Refusal, Secret, UnixMs};

use super::request::Request;
use super::shared::Shared;
use crate::destination::{Destination, DestinationHandle};
use crate::encoding::{Counted, Distributor, Encoding, EncodingConfig, TapId, Zero};
use crate::error::EngineError;
use crate::event::{Broadcast, EngineConfig, EngineEvent, EventSink};
use crate::output::ProgramOutput;
use crate::recording::Recording;

/// All askers together get at most one keyframe in this time.
const KEYFRAME_PAUSE: Duration = Duration::from_secs(1);
/// An encoder that gives no picture for so long is replaced.
const STANDSTILL: Duration = Duration::from_secs(5);

/// A destination that the operator wants, on air or not.
pub(super) struct Wanted {
    pub(super) id: DestinationId,
    pub(super) host: String,
    pub(super) address: Secret,
}

/// The running broadcast.
pub(super) struct OnAir {
    encoding: Option<Arc<Encoding>>,
    distributor: Arc<Distributor>,
    recording: Option<Recording>,
    destinations: Vec<(DestinationId, DestinationHandle, TapId)>,
    config: EngineConfig,
    shared: Arc<Shared>,
    sink: EventSink,
    requests: mpsc::SyncSender<Request>,
    output: Arc<ProgramOutput>,
    forced: Instant,
    /// How many pictures were encoded when they were last seen to advance, and when.
    advanced: (u64, Instant),
    made: Instant,
    /// Pictures that encoders did not take that are gone by now.
    dropped_before: u64,
}

/// What every broadcast of an engine has in common.
pub(super) struct Surroundings {
    pub(super) config: EngineConfig,
    pub(super) shared: Arc<Shared>,
    pub(super) sink: EventSink,
    pub(super) requests: mpsc::SyncSender<Request>,
    pub(super) output: Arc<ProgramOutput>,
}

impl OnAir {
    /// Starts encoding, recording and pushing.
    ///
    /// # Errors
    ///
    /// Where the encoders do not start. A recording that does not start is told, and the rest goes
    /// on; so is a destination.
    pub(super) fn begin(broadcast: Broadcast, around: Surroundings, wanted: &[Wanted]) -> Result<Self, EngineError> {
        let Surroundings { config, shared, sink, requests, output } = around;
        let (told, time) = (sink.clone(), shared.clone());
        let began = move |zero: Zero| {
            time.set_zero(Some(zero.running));
            let since = time.running_now().saturating_sub(zero.running);
            let zero_at = UnixMs(unix_ms().saturating_sub(since.mseconds()));
            told(EngineEvent::Began { zero_at, config: zero.config });
        };
        let distributor = Arc::new(Distributor::new(config.canvas, broadcast.feed, Box::new(began)));
        let mut on_air = Self {
            encoding: None,
            distributor,
            recording: None,
            destinations: Vec::new(),
            config,
            shared,
            sink,
            requests,
            output,
            // The first picture is a keyframe anyway.
            forced: Instant::now(),
            advanced: (0, Instant::now()),
            made: Instant::now(),
            dropped_before: 0,
        };
        // The encoders first: a failure here must leave no file behind.
        let encoding = on_air.make_encoding()?;
        if let Some(path) = &broadcast.recording {
            on_air.start_recording(path);
        }
        wanted.iter().for_each(|wanted| on_air.add(wanted));
        on_air.use_encoding(encoding);
        Ok(on_air)
    }

    /// Starts pushing to a destination.
    pub(super) fn add(&mut self, wanted: &Wanted) {
        self.remove(wanted.id);
        let (id, host, address) = (wanted.id, wanted.host.clone(), wanted.address.clone());
        let (handle, tap) = Destination::start(id, address, host, self.config.graphs_dir.clone(), self.sink.clone());
        let tap = self.distributor.add(tap);
        self.destinations.push((id, handle, tap));
        self.shared.want_keyframe();
    }

    /// Stops pushing to a destination.
    pub(super) fn remove(&mut self, id: DestinationId) {
        if let Some(at) = self.destinations.iter().position(|(known, ..)| *known == id) {
            let (_, handle, tap) = self.destinations.swap_remove(at);
            self.distributor.remove(tap);
            on_its_own("close-destination", move || drop(handle));
        }
    }

    /// The recording failed: its pipeline is taken down, its file stays.
    pub(super) fn drop_recording(&mut self) {
        if let Some(recording) = self.recording.take() {
            on_its_own("close-recording", move || drop(recording));
        }
    }

    /// Passes on the wish for a keyframe, if the last one is long enough ago; answers how long to
    /// wait otherwise.
    pub(super) fn keyframe(&mut self) -> Option<Duration> {
        if !self.shared.keyframe_wanted() {
            return None;
        }
        let wait = KEYFRAME_PAUSE.saturating_sub(self.forced.elapsed());
        if !wait.is_zero() {
            return Some(wait);
        }
        self.shared.keyframe_asked();
        self.forced = Instant::now();
        if let Some(encoding) = &self.encoding {
            encoding.force_keyframe();
        }
        None
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

    /// Whether the encoders gave no picture for some seconds.
    pub(super) fn stands_still(&mut self) -> bool {
        let pictures = self.distributor.counted().pictures;
        if pictures != self.advanced.0 {
            self.advanced = (pictures, Instant::now());
        }
        self.advanced.1.elapsed() > STANDSTILL
    }

    /// What was encoded so far.
    pub(super) fn counted(&self) -> Counted {
        self.distributor.counted()
    }

    /// Pictures that the encoder did not take.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped_before + self.encoding.as_ref().map_or(0, |encoding| encoding.dropped())
    }

    /// Pictures that destinations did not take.
    pub(super) fn dropped_network(&self) -> u64 {
        self.destinations.iter().map(|(_, handle, _)| handle.dropped()).sum()
    }

    /// Bytes on disk of the recording.
    pub(super) fn recording_bytes(&self) -> u64 {
        self.recording.as_ref().map_or(0, Recording::bytes)
    }

    /// Takes no further pictures and finishes everything on a thread of its own, which then sends
    /// [`Request::WoundUp`].
    pub(super) fn wind_up(self) -> Option<thread::JoinHandle<()>> {
        self.output.set_encoder(None);
        let Self { encoding, distributor, recording, destinations, requests, .. } = self;
        on_its_own("end-broadcast", move || {
            if let Some(encoding) = &encoding {
                encoding.drain();
            }
            distributor.close();
            // A far end that hangs must not hold up the end of the recording.
            let closing = on_its_own("close-destinations", move || drop(destinations));
            let finished = recording.map(Recording::finish);
            drop(encoding);
            if let Some(closing) = closing {
                // A panic there was logged where it happened.
                let _ = closing.join();
            }
            let _ = requests.send(Request::WoundUp(finished));
        })
    }

    fn start_recording(&mut self, path: &std::path::Path) {
        let (sink, requests) = (self.sink.clone(), self.requests.clone());
        let on_failure = move |error: EngineError| {
            sink(EngineEvent::RecordingFailed { refusal: Refusal::from_coded(&error) });
            let _ = requests.try_send(Request::RecordingFailed);
        };
        match Recording::start(path, &self.config.graphs_dir, Box::new(on_failure)) {
            Ok(recording) => {
                self.distributor.add(recording.tap());
                self.recording = Some(recording);
            }
            Err(error) => {
                (self.sink)(EngineEvent::RecordingFailed { refusal: Refusal::from_coded(&error) });
            }
        }
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
            failed: Box::new(move |problem| {
                let _ = requests.try_send(Request::EncodingFailed(problem));
            }),
        };
        Ok(Arc::new(Encoding::start(config, &self.distributor)?))
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
