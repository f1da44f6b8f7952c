//! How requests reach the engine's thread. Nobody who asks can wait, and the thread may be busy for
//! some deadlines; so what begins or ends something is queued and never dropped, and of what is a
//! target, or repeats itself, the newest waits in a place of its own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::SourceId;

use super::request::Request;

/// Where requests are put. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Mailbox(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// What begins or ends something, in order. Without a bound: a few for each show, and what people do.
    turns: VecDeque<Request>,
    show: Option<Request>,
    monitor: Option<Request>,
    mixer_failed: Option<Request>,
    encoding_failed: Option<Request>,
    sources: BTreeMap<SourceId, Request>,
}

impl Mailbox {
    /// Puts a request where its kind waits. Never waits itself.
    pub(super) fn put(&self, request: Request) {
        let mut waiting = self.0.lock();
        match &request {
            Request::Show(_) => waiting.show = Some(request),
            Request::Monitor(_) => waiting.monitor = Some(request),
            Request::MixerFailed(_) => waiting.mixer_failed = Some(request),
            Request::EncodingFailed(_) => waiting.encoding_failed = Some(request),
            Request::Source { id, .. } => drop(waiting.sources.insert(id.clone(), request)),
            Request::Begin(_)
            | Request::End
            | Request::AddDestination { .. }
            | Request::RemoveDestination(_)
            | Request::WoundUp
            | Request::Stop => waiting.turns.push_back(request),
            #[cfg(test)]
            Request::Test(_) => waiting.turns.push_back(request),
        }
        drop(waiting);
        self.0.came.notify_one();
    }

    /// The weightiest request that waits; none where none comes within `patience`.
    pub(super) fn take(&self, patience: Duration) -> Option<Request> {
        let deadline = Instant::now() + patience;
        let mut waiting = self.0.lock();
        loop {
            let next = waiting.next();
            let left = deadline.saturating_duration_since(Instant::now());
            if next.is_some() || left.is_zero() {
                return next;
            }
            waiting = self.0.came.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    /// Nothing is done while this is locked that could panic half-way.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn next(&mut self) -> Option<Request> {
        let Self { turns, show, monitor, mixer_failed, encoding_failed, sources } = self;
        let targets = || show.take().or_else(|| monitor.take());
        let failures = || mixer_failed.take().or_else(|| encoding_failed.take());
        let source = || sources.pop_first().map(|(_, request)| request);
        turns.pop_front().or_else(targets).or_else(failures).or_else(source)
    }
}

#[cfg(test)]
mod tests {
    use domain::SourceState;

    use super::*;

    fn source(number: u64) -> Request {
        let (id, state) = (SourceId::parse("camera").unwrap(), SourceState::Running);
        Request::Source { id, generation: number, state }
    }

    #[test]
    fn what_ends_something_is_neither_lost_nor_late_behind_what_repeats_itself() {
        let mailbox = Mailbox::default();
        for number in 0..100_000 {
            mailbox.put(source(number));
            mailbox.put(Request::MixerFailed(number.to_string()));
        }
        mailbox.put(Request::End);
        mailbox.put(Request::Stop);
        let taken: Vec<Request> = std::iter::from_fn(|| mailbox.take(Duration::ZERO)).collect();
        let [Request::End, Request::Stop, Request::MixerFailed(last), Request::Source { generation: 99_999, .. }] =
            &taken[..]
        else {
            panic!("{} requests", taken.len())
        };
        assert_eq!(last, "99999");
    }

    #[test]
    fn a_request_wakes_whoever_waits_for_one() {
        let mailbox = Mailbox::default();
        let waiting = std::thread::spawn({
            let mailbox = mailbox.clone();
            move || mailbox.take(Duration::from_secs(5))
        });
        mailbox.put(Request::WoundUp);
        assert!(matches!(waiting.join().unwrap(), Some(Request::WoundUp)));
        assert!(mailbox.take(Duration::ZERO).is_none());
    }
}
