//! The task that packs a show's program.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::{Refusal, Severity};
use futures_util::FutureExt;
use media::{Capacity, GOP, Next, Overflow, Program, Reader, ReaderConfig, Start, Tracks};
use tokio::sync::{Notify, watch};
use tokio::task::yield_now;

use super::packager::{Packager, State};
use super::{Stage, View};
use crate::episode::Notice;

/// Bytes that may wait for the task.
const WAITING_BYTES: usize = 32 << 20;
/// Units that are taken before others have their turn.
const AT_ONCE: usize = 64;
/// What makes the task fall shall not also take the processor.
const REST: Duration = Duration::from_millis(250);
/// After its end a stream stays for so long: a player is behind by three target durations at most.
const FAREWELL: Duration = Duration::from_secs(8);

/// Whom it serves, and how.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) stage: watch::Sender<Stage>,
    pub(super) notify: Arc<dyn Fn(Notice) + Send + Sync>,
    pub(super) behind: Duration,
    /// The host says that the show is over.
    pub(super) finish: Arc<Notify>,
}

/// Packs `program` until it is over, and for a while keeps what was packed. After a panic it goes on with
/// another stream, which players find at the show's address.
pub(super) async fn run(program: Program, reading: Reading, around: Around) {
    let mut reading = Some(reading);
    loop {
        // Whatever made it fall may stand in the current GOP.
        let reading = reading.take().unwrap_or_else(|| Reading::open(&program, Start::Keyframe, around.behind));
        let stream = match stream_id() {
            Ok(stream) => stream,
            Err(error) => {
                tracing::error!(%error, "no random numbers: this show has no HLS");
                around.stage.send_replace(Stage::Nothing);
                return;
            }
        };
        let packed = AssertUnwindSafe(pack(&program, reading, &stream, &around)).catch_unwind().await;
        if packed.is_ok() {
            let is_open = matches!(*around.stage.borrow(), Stage::Open(_));
            if is_open {
                tokio::time::sleep(FAREWELL).await;
            }
            around.stage.send_replace(Stage::Nothing);
            return;
        }
        tracing::error!("packing HLS panicked; it starts again");
        around.stage.send_replace(Stage::Coming);
        let message = "The part that makes HLS for viewers without WebRTC failed and was started again. They come back \
                       by themselves within seconds; nobody else noticed";
        say(&around, "audience.hls_restarted", message);
        tokio::time::sleep(REST).await;
    }
}

/// An open reader, and what it rings.
pub(super) struct Reading {
    reader: Reader,
    woken: Arc<Notify>,
}

impl Reading {
    /// From the current GOP on, all of it.
    pub(super) fn current(program: &Program, behind: Duration) -> Self {
        Self::open(program, Start::Gop { younger_than: GOP }, behind)
    }

    /// From `start` on; so much of what follows may wait.
    fn open(program: &Program, start: Start, behind: Duration) -> Self {
        let woken = Arc::new(Notify::new());
        let wake = woken.clone();
        let reader = program.read(ReaderConfig {
            name: "hls",
            tracks: Tracks::ALL,
            start,
            capacity: Capacity { span: behind, bytes: WAITING_BYTES },
            overflow: Overflow::DropWaiting,
            wake: Some(Arc::new(move || wake.notify_one())),
        });
        Self { reader, woken }
    }
}

async fn pack(program: &Program, Reading { reader, woken }: Reading, stream: &str, around: &Around) {
    let mut packager = Packager::new(zero_of(program));
    let (mut lost, mut taken, mut finishing) = (0, 0, false);
    loop {
        let next = match reader.try_next() {
            Next::Nothing if finishing => Next::Ended,
            next => next,
        };
        let changed = match next {
            Next::Unit(unit) => {
                if reader.lost().frames != std::mem::replace(&mut lost, reader.lost().frames) {
                    packager.lost();
                }
                #[cfg(test)]
                assert_ne!(unit.config.id, media::ConfigId(u32::MAX), "a test wants it so");
                let changed = packager.push(unit);
                if packager.wants_keyframe() {
                    program.request_keyframe();
                }
                changed
            }
            Next::Nothing => {
                tokio::select! {
                    () = woken.notified() => {}
                    () = around.finish.notified() => finishing = true,
                }
                continue;
            }
            Next::Ended => {
                packager.end();
                show(&packager, stream, around);
                return;
            }
        };
        if changed {
            show(&packager, stream, around);
        }
        taken += 1;
        if taken % AT_ONCE == 0 {
            yield_now().await;
        }
    }
}

/// Shows what there is now.
fn show(packager: &Packager, stream: &str, around: &Around) {
    match packager.state() {
        State::Open => {
            if let Some(view) = View::of(stream, packager) {
                around.stage.send_replace(Stage::Open(Arc::new(view)));
            }
        }
        State::Gathering => {}
        State::Unfit => {
            around.stage.send_replace(Stage::Unfit);
            let message = "Whoever has no WebRTC cannot watch: the keyframes of this program are more than 10 s apart, \
                           and HLS needs one every few seconds. Set the encoder's keyframe interval to 2 s";
            say(around, "audience.hls_keyframes", message);
        }
    }
}

fn say(around: &Around, code: &str, message: &str) {
    (around.notify)(Notice { severity: Severity::Warning, refusal: Refusal::new(code, message) });
}

/// Unix time of program zero, in milliseconds, as the clock says it now.
fn zero_of(program: &Program) -> u64 {
    let reached = program.time_at(Instant::now()).unwrap_or_else(|| program.reached());
    // A clock that stands before 1970 makes dates that are wrong as well, and as even.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.saturating_sub(reached.since_zero()).as_millis()).unwrap_or(0)
}

/// 64 random bits: what a cache keeps of one stream is never taken for another's.
fn stream_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}
