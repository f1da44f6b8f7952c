//! What a window or a command line is sent.

use std::time::Duration;

use bytes::Bytes;
use domain::{Levels, Update};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

/// How many events may wait for a slow subscriber. When it is full, events are dropped for that
/// subscriber; the gap in their numbers makes it ask for a snapshot.
const EVENTS: usize = 512;
/// How long an update waits for the monitor's next picture, to travel with it: a window pays for
/// every message, and for every time that it draws. A little more than pictures are apart.
const BEAT: Duration = Duration::from_millis(75);

/// What a window is sent at once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Beat {
    /// Snapshots and events in their order, then the levels, if there are new ones.
    pub updates: Vec<Update>,
    /// A picture of the program, as JPEG.
    pub monitor: Option<Bytes>,
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

    /// What happened since the last beat: with the monitor's next picture, or without one a moment
    /// after the first update. None when the studio is closed.
    pub async fn beat(&mut self) -> Option<Beat> {
        let mut beat = Beat::default();
        let mut levels: Option<Levels> = None;
        let mut until = None;
        loop {
            let next = self.next();
            let next = match until {
                Some(until) => timeout_at(until, next).await,
                None => Ok(next.await),
            };
            match next {
                Ok(Some(Next::Update(update))) => beat.updates.push(update),
                Ok(Some(Next::Levels(newer))) => levels = Some(levels.map_or(newer.clone(), |older| newer.and(&older))),
                Ok(Some(Next::Monitor(jpeg))) => {
                    beat.monitor = Some(jpeg);
                    break;
                }
                Ok(None) if beat.updates.is_empty() => return None,
                Ok(None) | Err(_) => break,
            }
            until.get_or_insert_with(|| Instant::now() + BEAT);
        }
        beat.updates.extend(levels.map(|levels| Update::Levels { levels }));
        Some(beat)
    }

    async fn next(&mut self) -> Option<Next> {
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
            event = self.events.recv() => event.map(Next::Update),
            changed = self.levels.changed() => {
                changed.ok().map(|()| Next::Levels(self.levels.borrow_and_update().clone()))
            }
            jpeg = picture => Some(Next::Monitor(jpeg)),
        }
    }

    /// The next snapshot or event. None when the studio is closed.
    pub async fn next_update(&mut self) -> Option<Update> {
        self.events.recv().await
    }
}

#[allow(clippy::large_enum_variant, reason = "short-lived, taken apart at once")]
enum Next {
    Update(Update),
    Levels(Levels),
    Monitor(Bytes),
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ends {
        events: mpsc::Sender<Update>,
        levels: watch::Sender<Levels>,
        monitor: watch::Sender<Bytes>,
        subscription: Subscription,
    }

    fn subscribed() -> Ends {
        let (levels, monitor) = (watch::Sender::new(Levels::default()), watch::Sender::new(Bytes::new()));
        let (events, subscription) = Subscription::pair(levels.subscribe(), Some(monitor.subscribe()));
        Ends { events, levels, monitor, subscription }
    }

    fn clock(now_ms: u64) -> Update {
        Update::Clock { now_ms }
    }

    fn microphone() -> domain::SourceId {
        domain::SourceId::parse("microphone").unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_happened_travels_with_the_next_picture() {
        let mut ends = subscribed();
        for n in 0..3 {
            ends.events.try_send(clock(n)).unwrap();
        }
        ends.levels.send_replace(Levels { program_peak_db: [-12.0; 2], ..Levels::default() });
        ends.monitor.send_replace(Bytes::from_static(b"picture"));
        let beat = ends.subscription.beat().await.unwrap();
        assert_eq!(beat.updates[..3], [clock(0), clock(1), clock(2)]);
        assert!(matches!(&beat.updates[3..], [Update::Levels { levels }] if levels.program_peak_db == [-12.0; 2]));
        assert_eq!(beat.monitor.as_deref(), Some(&b"picture"[..]));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_picture_an_update_waits_for_a_moment_only() {
        let mut ends = subscribed();
        ends.events.try_send(clock(1)).unwrap();
        let began = Instant::now();
        let beat = ends.subscription.beat().await.unwrap();
        assert_eq!(beat, Beat { updates: vec![clock(1)], monitor: None });
        assert_eq!(began.elapsed().as_millis() / 10, BEAT.as_millis() / 10);
    }

    #[tokio::test(start_paused = true)]
    async fn no_peak_is_lost_between_beats() {
        let Ends { levels, monitor, mut subscription, events: _events } = subscribed();
        let beat = tokio::spawn(async move { subscription.beat().await });
        for peak in [-40.0, -3.0, -50.0] {
            levels.send_replace(Levels {
                sources_peak_db: [(microphone(), peak)].into(),
                program_rms_db: [peak; 2],
                ..Levels::default()
            });
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        monitor.send_replace(Bytes::from_static(b"picture"));
        let beat = beat.await.unwrap().unwrap();
        let [Update::Levels { levels }] = &beat.updates[..] else { panic!("{beat:?}") };
        assert_eq!(levels.sources_peak_db[&microphone()], -3.0);
        assert_eq!(levels.program_rms_db, [-50.0; 2], "the newest");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_said_before_the_end_is_heard() {
        let Ends { events, mut subscription, levels, monitor } = subscribed();
        events.try_send(clock(1)).unwrap();
        drop((events, levels, monitor));
        assert_eq!(subscription.beat().await.unwrap().updates, [clock(1)]);
        assert_eq!(subscription.beat().await, None);
    }
}
