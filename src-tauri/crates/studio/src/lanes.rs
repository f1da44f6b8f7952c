//! How what others observe reaches the actor. Nobody who observes can wait (they are threads of the
//! engine), so there are two lanes: what begins or ends something is queued, and never dropped; of
//! what repeats itself only the newest is kept, however far behind the actor is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use domain::{DestinationId, Device, Levels, SourceId};
use engine::EngineEvent;
use tokio::sync::{mpsc, watch};

/// Makes both lanes: the observers' end and the actor's.
pub(crate) fn lanes() -> (Observers, Lanes) {
    // Without a bound: a few for each show, and the engine cannot wait for a place.
    let (turns, received) = mpsc::unbounded_channel();
    let latest = Arc::new(Latest::default());
    let (levels, monitor) = (watch::Sender::new(Levels::default()), watch::Sender::new(Bytes::new()));
    let observers = Observers { turns, latest: latest.clone(), levels: levels.clone(), monitor: monitor.clone() };
    (observers, Lanes { turns: received, latest, levels, monitor })
}

/// The actor's end.
pub(crate) struct Lanes {
    /// What begins or ends something, in order.
    pub(crate) turns: mpsc::UnboundedReceiver<EngineEvent>,
    latest: Arc<Latest>,
    /// Levels for subscribers, straight from the engine: latest wins.
    pub(crate) levels: watch::Sender<Levels>,
    /// The monitor's pictures for subscribers, as [`Lanes::levels`].
    pub(crate) monitor: watch::Sender<Bytes>,
}

impl Lanes {
    /// Takes the newest of everything that repeats itself.
    pub(crate) fn latest(&self) -> Vec<Observation> {
        std::mem::take(&mut *self.latest.lock()).into_values().collect()
    }
}

/// The end of those who observe, on any thread. Never waits.
#[derive(Clone)]
pub(crate) struct Observers {
    turns: mpsc::UnboundedSender<EngineEvent>,
    latest: Arc<Latest>,
    levels: watch::Sender<Levels>,
    monitor: watch::Sender<Bytes>,
}

/// Something that was observed.
#[derive(Debug, Clone)]
pub(crate) enum Observation {
    Engine(EngineEvent),
    Devices(Vec<Device>),
}

impl Observers {
    /// Takes an event of the engine.
    pub(crate) fn engine(&self, event: EngineEvent) {
        let subject = match &event {
            EngineEvent::Began { .. }
            | EngineEvent::BeginFailed { .. }
            | EngineEvent::Ended
            | EngineEvent::Fault { .. } => {
                // Nobody hears it when the studio is closed.
                let _closed = self.turns.send(event);
                return;
            }
            EngineEvent::HeartShown { hue, at } => return tracing::debug!(hue, %at, "heart shown"),
            EngineEvent::Monitor(jpeg) => {
                self.monitor.send_replace(jpeg.clone());
                return;
            }
            EngineEvent::Levels(levels) => {
                self.levels.send_replace(levels.clone());
                Subject::Levels
            }
            EngineEvent::Shown(_) => Subject::Shown,
            EngineEvent::Source { id, .. } => Subject::Source(id.clone()),
            EngineEvent::Content { id, .. } => Subject::Content(id.clone()),
            EngineEvent::Destination(report) => Subject::Destination(report.id),
            EngineEvent::Stats(_) => Subject::Stats,
        };
        self.latest.put(subject, Observation::Engine(event));
    }

    /// Takes a list of devices.
    pub(crate) fn devices(&self, devices: Vec<Device>) {
        self.latest.put(Subject::Devices, Observation::Devices(devices));
    }
}

/// What an observation is about: a newer one replaces it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Devices,
    Source(SourceId),
    Content(SourceId),
    Shown,
    Levels,
    Destination(DestinationId),
    Stats,
}

#[derive(Default)]
struct Latest(Mutex<BTreeMap<Subject, Observation>>);

impl Latest {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Subject, Observation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, subject: Subject, mut observation: Observation) {
        let mut latest = self.lock();
        if let (
            Observation::Engine(EngineEvent::Levels(newer)),
            Some(Observation::Engine(EngineEvent::Levels(older))),
        ) = (&mut observation, latest.get(&subject))
        {
            // A short sound must not vanish between two looks.
            *newer = std::mem::take(newer).and(older);
        }
        latest.insert(subject, observation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Stats;

    #[test]
    fn what_repeats_itself_takes_one_place_and_what_ends_is_never_lost() {
        let (observers, mut lanes) = lanes();
        for number in 0..100_000_u32 {
            observers.engine(EngineEvent::Stats(Stats { encoded_kbps: number, ..Stats::default() }));
            let peak = if number == 7 { -1.0 } else { -40.0 };
            observers.engine(EngineEvent::Levels(Levels { program_peak_db: [peak; 2], ..Levels::default() }));
        }
        observers.engine(EngineEvent::Ended);
        let latest = lanes.latest();
        assert!(matches!(
            &latest[..],
            [Observation::Engine(EngineEvent::Levels(levels)), Observation::Engine(EngineEvent::Stats(stats))]
                if levels.program_peak_db == [-1.0; 2] && stats.encoded_kbps == 99_999
        ));
        assert!(lanes.latest().is_empty());
        assert!(matches!(lanes.turns.try_recv(), Ok(EngineEvent::Ended)));
    }
}
