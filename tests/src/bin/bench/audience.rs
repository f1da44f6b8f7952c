//! People who keep five cards and twenty hearts on the picture.

use std::time::Duration;

use antenne_tests::room::Guest;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// Guests who talk and tap until they are dropped.
pub(crate) struct Crowd(Vec<JoinHandle<()>>);

impl Crowd {
    /// Six guests: together a comment every second and eight hearts a second.
    pub(crate) async fn gather(room_url: &str) -> Self {
        let mut tasks = Vec::new();
        for number in 0..6u64 {
            let mut guest = Guest::join(room_url, Some(&format!("Guest {number}"))).await;
            tasks.push(tokio::spawn(async move {
                let mut clock = interval(Duration::from_millis(750));
                clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
                let mut turn = number;
                loop {
                    tokio::select! {
                        _ = clock.tick() => {}
                        // What comes is read, so that the room never waits for this guest.
                        message = guest.receive() => { if message.is_none() { return } else { continue } }
                    }
                    turn += 1;
                    guest.hearts(1).await;
                    if turn.is_multiple_of(8) {
                        let text = format!("Comment {turn} of guest {number}, as long as people write");
                        guest.send(&serde_json::json!({"type": "say", "id": format!("c{turn}"), "text": text})).await;
                    }
                }
            }));
        }
        Self(tasks)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}
