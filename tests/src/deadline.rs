//! Waiting for something to become true, and never longer than makes sense.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long anything may take that is expected to happen. Generous: a slow machine is no failure.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The time between two looks at something that cannot tell when it changes.
const LOOK_AGAIN: Duration = Duration::from_millis(40);

/// Asks `look` until it finds something.
///
/// # Panics
///
/// With `what` was awaited, when [`DEADLINE`] has passed.
#[track_caller]
pub fn until<T, Look, Looking>(what: &str, look: Look) -> impl Future<Output = T>
where
    Look: FnMut() -> Looking,
    Looking: Future<Output = Option<T>>,
{
    until_within(DEADLINE, what, look)
}

/// Asks `look` until it finds something, for at most `limit`.
///
/// # Panics
///
/// With `what` was awaited, when `limit` has passed.
#[track_caller]
pub fn until_within<T, Look, Looking>(limit: Duration, what: &str, mut look: Look) -> impl Future<Output = T>
where
    Look: FnMut() -> Looking,
    Looking: Future<Output = Option<T>>,
{
    let caller = std::panic::Location::caller();
    async move {
        let end = Instant::now() + limit;
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(Instant::now() < end, "{caller}: not within {limit:?}: {what}");
            sleep(LOOK_AGAIN).await;
        }
    }
}

/// Lets the world go on for `span`, where the length of a time is itself what is tested: a server
/// that is away for five seconds, a show that lasts a while. Never a way to wait for something.
pub async fn let_pass(span: Duration) {
    sleep(span).await;
}
