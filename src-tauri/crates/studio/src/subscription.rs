//! What a window or a command line is told.

use bytes::Bytes;
use domain::{Levels, Update};
use tokio::sync::{mpsc, watch};

/// How many events may wait for a slow subscriber. When it is full, events are dropped for that
/// subscriber; the gap in their numbers makes it ask for a snapshot.
const EVENTS: usize = 512;

/// One thing that a subscriber is told.
#[derive(Debug, Clone)]
pub enum Output {
    /// A snapshot, an event or levels.
    Update(Box<Update>),
    /// A picture of the program, as JPEG.
    Monitor(Bytes),
}

/// A subscriber's end. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Subscription {
    events: mpsc::Receiver<Update>,
    levels: watch::Receiver<Levels>,
    monitor: Option<watch::Receiver<Bytes>>,
}

impl Subscription {
    /// The studio's end, and a subscriber's.
    pub(crate) fn pair(
        levels: watch::Receiver<Levels>,
        monitor: Option<watch::Receiver<Bytes>>,
    ) -> (mpsc::Sender<Update>, Self) {
        let (sender, events) = mpsc::channel(EVENTS);
        (sender, Self { events, levels, monitor })
    }

    /// The next thing; events before levels and pictures. None when the studio is closed.
    pub async fn next(&mut self) -> Option<Output> {
        let picture = async {
            if let Some(monitor) = &mut self.monitor
                && monitor.changed().await.is_ok()
            {
                return monitor.borrow_and_update().clone();
            }
            std::future::pending().await
        };
        tokio::select! {
            biased;
            event = self.events.recv() => event.map(|update| Output::Update(Box::new(update))),
            changed = self.levels.changed() => match changed {
                Ok(()) => {
                    let levels = self.levels.borrow_and_update().clone();
                    Some(Output::Update(Box::new(Update::Levels { levels })))
                }
                Err(_) => None,
            },
            jpeg = picture => Some(Output::Monitor(jpeg)),
        }
    }

    /// The next snapshot or event. None when the studio is closed.
    pub async fn next_update(&mut self) -> Option<Update> {
        self.events.recv().await
    }
}
