//! Waiting for something to become true, and never longer than makes sense.

use std::fs::OpenOptions;
use std::future::Future;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// An answer of a page, a room, a window or a server, which is promised within two seconds; five
/// times that, because other things run on the machine.
pub const ANSWER: Duration = Duration::from_secs(10);

/// What takes as long as a start does: a program, a browser, a show with its proof, an end, a loss that has
/// to be noticed. Promised within six seconds; five times that.
pub const START: Duration = Duration::from_secs(30);

/// The time between two looks at something that does not notify when it changes.
const LOOK_AGAIN: Duration = Duration::from_millis(40);

/// Asks `look` until it finds something, for at most [`ANSWER`].
///
/// # Panics
///
/// With `what` was awaited, when that has passed.
#[track_caller]
pub fn until<T, Look, Looking>(what: &str, look: Look) -> impl Future<Output = T>
where
    Look: FnMut() -> Looking,
    Looking: Future<Output = Option<T>>,
{
    until_within(ANSWER, what, look)
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
    within(limit, what, async move {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(LOOK_AGAIN).await;
        }
    })
}

/// Waits for `event`, for at most `limit`, and notes how long it took.
///
/// # Panics
///
/// With `what` was awaited, when `limit` has passed.
#[track_caller]
pub fn within<T>(limit: Duration, what: &str, event: impl Future<Output = T>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let began = Instant::now();
        let Ok(found) = timeout_at(began + limit, event).await else {
            panic!("{caller}: not within {limit:?}: {what}")
        };
        note(began.elapsed(), limit, &format!("{caller}: {what}"));
        found
    }
}

/// Appends a wait to `target/test-logs/waits.tsv`: thousandths of its deadline, milliseconds, what.
/// `scripts/test` shows those that came nearest to their deadline.
fn note(took: Duration, limit: Duration, what: &str) {
    let part = took.as_millis() * 1000 / limit.as_millis().max(1);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-logs");
    let line = format!("{part}\t{}\t{}\n", took.as_millis(), what.replace(['\t', '\n'], " "));
    let file = std::fs::create_dir_all(&folder)
        .and_then(|()| OpenOptions::new().create(true).append(true).open(folder.join("waits.tsv")));
    // One write a line: tests run in several processes.
    let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
    written.expect("target can be written");
}

/// Lets the world go on for `span`, where the length of a time is itself what is tested: a server
/// that is away for five seconds, a show that lasts a while. Never a way to wait for something.
pub async fn let_pass(span: Duration) {
    sleep(span).await;
}
