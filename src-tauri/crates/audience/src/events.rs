//! The way to the studio, in three lanes: what lasts never waits behind what repeats itself.
//!
//! | lane | what | bound | when full |
//! |---|---|---|---|
//! | lasting | comments, removals, mutes | 1,024 | the room keeps them and sends them later |
//! | notices | what the operator must know | 16 | logged and lost: they repeat themselves |
//! | passing | hearts, presence | 256 | lost and counted: the next one makes up for it |

use std::sync::Arc;

use tokio::sync::mpsc::{self, error::TrySendError};

use crate::episode::{AudienceEvent, Notice};
use crate::metrics::Metrics;

const LASTING: usize = 1024;
const NOTICES: usize = 16;
const PASSING: usize = 256;

/// What the audience did, as the studio receives it.
#[derive(Debug)]
pub struct AudienceEvents {
    lasting: mpsc::Receiver<AudienceEvent>,
    notices: mpsc::Receiver<Notice>,
    passing: mpsc::Receiver<AudienceEvent>,
}

impl AudienceEvents {
    /// The next event, notices first and then what lasts; none once the service is gone. Nothing is lost where
    /// this is given up while it waits.
    pub async fn recv(&mut self) -> Option<AudienceEvent> {
        tokio::select! {
            biased;
            Some(notice) = self.notices.recv() => Some(AudienceEvent::Notice(notice)),
            Some(event) = self.lasting.recv() => Some(event),
            Some(event) = self.passing.recv() => Some(event),
            else => None,
        }
    }
}

/// The service's end.
#[derive(Clone)]
pub(crate) struct EventSender {
    /// Only rooms send here; they wait without anybody waiting for them.
    pub(crate) lasting: mpsc::Sender<AudienceEvent>,
    notices: mpsc::Sender<Notice>,
    passing: mpsc::Sender<AudienceEvent>,
    metrics: Arc<Metrics>,
}

impl EventSender {
    /// Both ends.
    pub(crate) fn pair(metrics: Arc<Metrics>) -> (Self, AudienceEvents) {
        let (lasting, lasting_events) = mpsc::channel(LASTING);
        let (notices, notice_events) = mpsc::channel(NOTICES);
        let (passing, passing_events) = mpsc::channel(PASSING);
        let events = AudienceEvents { lasting: lasting_events, notices: notice_events, passing: passing_events };
        (Self { lasting, notices, passing, metrics }, events)
    }

    /// Sends what the next of its kind makes up for. Never waits.
    pub(crate) fn send(&self, event: AudienceEvent) {
        if self.passing.try_send(event).is_err() {
            self.metrics.events_dropped.add(1);
        }
    }

    /// The way for notices, open as long as this is.
    pub(crate) fn notices(&self) -> NoticeSender {
        NoticeSender(self.notices.downgrade())
    }

    /// Sends what lasts, or gives it back where the lane is full.
    pub(crate) fn try_last(&self, event: AudienceEvent) -> Result<(), AudienceEvent> {
        match self.lasting.try_send(event) {
            // Whoever does not listen any more needs nothing.
            Ok(()) | Err(TrySendError::Closed(_)) => Ok(()),
            Err(TrySendError::Full(event)) => Err(event),
        }
    }
}

/// Sends what the operator must know. It does not keep the events open.
pub(crate) struct NoticeSender(mpsc::WeakSender<Notice>);

impl NoticeSender {
    /// Never waits.
    pub(crate) fn send(&self, notice: Notice) {
        if let Some(notices) = self.0.upgrade()
            && let Err(TrySendError::Full(notice)) = notices.try_send(notice)
        {
            tracing::warn!(?notice, "nobody takes this notice");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ProgramMs;
    use domain::Seq;
    use domain::room::RoomNews;

    fn hearts() -> AudienceEvent {
        AudienceEvent::Room(RoomNews::Hearts { at_ms: ProgramMs(1), hue: 204, count: 1, total: 1 })
    }

    #[tokio::test]
    async fn a_removal_overtakes_everything_that_repeats_itself_and_finds_its_lane_free() {
        let metrics = Arc::new(Metrics::default());
        let (sender, mut events) = EventSender::pair(metrics.clone());
        for _ in 0..PASSING + 10 {
            sender.send(hearts());
        }
        assert_eq!(metrics.events_dropped.get(), 10);
        let removed = AudienceEvent::Room(RoomNews::Removed(Seq(7)));
        assert_eq!(sender.try_last(removed.clone()), Ok(()));
        assert_eq!(events.recv().await, Some(removed));
        assert_eq!(events.recv().await, Some(hearts()));
        drop(sender);
        for _ in 1..PASSING {
            assert_eq!(events.recv().await, Some(hearts()));
        }
        assert_eq!(events.recv().await, None);
    }
}
