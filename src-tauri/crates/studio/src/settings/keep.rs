//! Writes what was chosen: a second after the last change, the newest only, and at the end.

use std::future::Future;
use std::io;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use domain::Setup;
use tokio::sync::watch;
use tokio::time::timeout;

/// So long nothing changes before it is written.
const QUIET: Duration = Duration::from_secs(1);
/// Between two attempts where it cannot be written.
const AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// Writes every state of `chosen` that lasts, with `write`, until its sender is gone; then the last
/// one, if it is not written. `failed` learns of the first failure in a row.
pub(crate) async fn keep<Written, Notified>(
    mut chosen: watch::Receiver<Setup>,
    write: impl Fn(Setup) -> Written,
    failed: impl Fn(io::Error) -> Notified,
) where
    Written: Future<Output = io::Result<()>>,
    Notified: Future<Output = ()>,
{
    while chosen.changed().await.is_ok() {
        let mut is_last = settle(&mut chosen).await;
        let mut pauses =
            ExponentialBuilder::default().with_min_delay(AGAIN.0).with_max_delay(AGAIN.1).without_max_times().build();
        let mut is_first_failure = true;
        loop {
            let setup = chosen.borrow_and_update().clone();
            let Err(error) = write(setup).await else { break };
            if std::mem::take(&mut is_first_failure) {
                failed(error).await;
            }
            let Some(pause) = pauses.next().filter(|_| !is_last) else { break };
            is_last = match timeout(pause, chosen.changed()).await {
                Ok(Ok(())) => settle(&mut chosen).await,
                Ok(Err(_closed)) => true,
                Err(_time_is_over) => false,
            };
        }
    }
}

/// Waits until nothing changes any more; whether that is because nobody is left to change it.
async fn settle(chosen: &mut watch::Receiver<Setup>) -> bool {
    loop {
        match timeout(QUIET, chosen.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_closed)) => return true,
            Err(_quiet) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::SourceKind;
    use std::cell::RefCell;
    use tokio::time::{Instant, sleep};

    fn with_gain(gain_db: f32) -> Setup {
        let mut setup = Setup::default();
        setup.first_mut(SourceKind::Microphone).strip.gain_db = gain_db;
        setup
    }

    /// Writes into a list, and fails as often as is said first.
    async fn kept(chosen: watch::Receiver<Setup>, failures: usize) -> (Vec<(f32, Duration)>, usize) {
        let (written, notified, left) = (RefCell::new(Vec::new()), RefCell::new(0), RefCell::new(failures));
        let began = Instant::now();
        let write = |setup: Setup| {
            let fails = *left.borrow() > 0;
            if fails {
                *left.borrow_mut() -= 1;
            } else {
                let gain_db = setup.clone().first_mut(SourceKind::Microphone).strip.gain_db;
                written.borrow_mut().push((gain_db, began.elapsed()));
            }
            std::future::ready(if fails { Err(io::Error::other("full")) } else { Ok(()) })
        };
        let notify = |_| {
            *notified.borrow_mut() += 1;
            std::future::ready(())
        };
        keep(chosen, write, notify).await;
        (written.into_inner(), notified.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn a_drag_of_a_hundred_changes_is_written_once_a_second_after_it() {
        let (sender, chosen) = watch::channel(Setup::default());
        let drag = async move {
            for step in 1..=100_u8 {
                sender.send_replace(with_gain(f32::from(step) / 10.0));
                sleep(Duration::from_millis(80)).await;
            }
            sleep(Duration::from_secs(5)).await;
        };
        let ((), (written, _)) = tokio::join!(drag, kept(chosen, 0));
        let [(10.0, at)] = written[..] else { panic!("{written:?}") };
        assert_eq!(at.as_millis() / 100, (99 * 80 + 1_000) / 100);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_value_is_written_at_once_when_the_studio_closes() {
        let (sender, chosen) = watch::channel(Setup::default());
        let drag = async move {
            sender.send_replace(with_gain(1.0));
            sleep(Duration::from_millis(1_500)).await;
            sender.send_replace(with_gain(2.0));
        };
        let ((), (written, _)) = tokio::join!(drag, kept(chosen, 0));
        let [(1.0, _), (2.0, at)] = written[..] else { panic!("{written:?}") };
        assert!(at < Duration::from_millis(1_600), "{at:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_written_where_nothing_was_chosen() {
        let (sender, chosen) = watch::channel(Setup::default());
        drop(sender);
        assert!(kept(chosen, 0).await.0.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_disk_is_said_once_and_tried_again_until_it_is_written() {
        let (sender, chosen) = watch::channel(Setup::default());
        let drag = async move {
            sender.send_replace(with_gain(1.0));
            sleep(Duration::from_secs(300)).await;
        };
        let ((), (written, notified)) = tokio::join!(drag, kept(chosen, 5));
        assert_eq!((written.len(), notified), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_stays_full_does_not_hold_the_close() {
        let (sender, chosen) = watch::channel(Setup::default());
        sender.send_replace(with_gain(1.0));
        drop(sender);
        let (written, notified) = kept(chosen, usize::MAX).await;
        assert_eq!((written.len(), notified), (0, 1));
    }
}
