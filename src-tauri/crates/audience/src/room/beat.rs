//! A sign of life for whoever is sent nothing else: pages cannot see pings, and a middlebox may have
//! swallowed their socket.

use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use domain::ToViewer;
use domain::room::{ConnectionId, RoomInput, ViewerEvent};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::Task;
use super::outbox::{self, Letter};

/// One timer for a room, and one text.
pub(super) struct Beat {
    every: Duration,
    timer: Interval,
    text: Utf8Bytes,
}

impl Beat {
    /// Nobody is to go without anything for longer than `most`.
    pub(super) fn new(most: Duration) -> Self {
        // Looked at often enough that a quarter of the time is left for the way.
        let mut timer = interval((most / 8).max(Duration::from_millis(1)));
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // A message without fields can always be written; that it cannot is logged.
        let text = outbox::written(&ToViewer::Beat).unwrap_or_default();
        Self { every: most * 5 / 8, timer, text }
    }

    /// Until it is time to look.
    pub(super) async fn due(&mut self) {
        self.timer.tick().await;
    }

    /// Whether somebody who was last sent something at `sent_at` is to be sent a beat now.
    pub(super) fn is_missed(&self, now: Instant, sent_at: Instant) -> bool {
        now.duration_since(sent_at) >= self.every
    }

    pub(super) fn letter(&self) -> Letter {
        Letter::Whole(self.text.clone())
    }
}

impl Task {
    /// Whoever was sent nothing for a while is told that we are there.
    pub(super) fn send_beats(&mut self) {
        let (now, mut slow) = (Instant::now(), Vec::new());
        let quiet = self.seats.iter().filter(|(_, seat)| self.beat.is_missed(now, seat.sent_at));
        let quiet: Vec<ConnectionId> = quiet.map(|(connection, _)| *connection).collect();
        for connection in quiet {
            self.post(connection, self.beat.letter(), &mut slow);
        }
        for connection in slow {
            self.apply(RoomInput::Viewer(ViewerEvent::Left { connection }));
        }
    }
}
