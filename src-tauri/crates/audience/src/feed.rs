//! What a publisher sends to a show: one program for as long as the show has publishers, whoever of them
//! is there and however often they come back.

mod size;
mod timeline;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::ShowSlug;
use media::{GOP, Program, ProgramTime};
use tokio::sync::watch;

use crate::incoming::Incoming;
pub(crate) use timeline::Report;
use timeline::Timeline;

/// A publisher that comes back goes on at least so much after what was there.
const BETWEEN: Duration = Duration::from_millis(100);

/// Whether somebody publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedState {
    /// Nothing was received yet.
    Waiting,
    /// Frames arrive.
    Live,
    /// The publisher vanished; the program goes on when it is back.
    Away,
    /// The publisher said goodbye, or its host closed the feed.
    Over,
}

/// A show's feed, for its host. Clones are the same feed. It ends with [`Feed::close`].
#[derive(Clone)]
pub struct Feed {
    shared: Arc<Shared>,
}

struct Shared {
    show: ShowSlug,
    incoming: Mutex<Option<Incoming>>,
    program: Program,
    state: watch::Sender<FeedState>,
    /// Counts sessions: the newest is the one that is heard.
    session: Mutex<Session>,
}

#[derive(Default)]
struct Session {
    number: u64,
    /// None until its first frame.
    timeline: Option<Timeline>,
    /// Where its newest keyframe is.
    keyframe: Option<ProgramTime>,
    began: Option<Instant>,
}

/// Names a session of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionNumber(u64);

/// A frame as it was received.
pub(crate) struct Received {
    pub(crate) rtp: u32,
    pub(crate) arrived: Instant,
    pub(crate) report: Option<Report>,
    pub(crate) data: Bytes,
}

impl Feed {
    /// Nothing was received; `wake` is called when a reader wishes for a keyframe.
    pub(crate) fn new(show: ShowSlug, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let incoming = Incoming::new(wake);
        let program = incoming.program().clone();
        let (state, session) = (watch::Sender::new(FeedState::Waiting), Mutex::default());
        Self { shared: Arc::new(Shared { show, incoming: Mutex::new(Some(incoming)), program, state, session }) }
    }

    /// Whose it is.
    #[must_use]
    pub fn show(&self) -> &ShowSlug {
        &self.shared.show
    }

    /// What is received. It has begun once the state is [`FeedState::Live`].
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.shared.program
    }

    /// Whether somebody publishes, from now on.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<FeedState> {
        self.shared.state.subscribe()
    }

    /// Nothing more is taken: the program ends.
    pub fn close(&self) {
        self.set(FeedState::Over);
        drop(self.incoming().take());
    }

    pub(crate) fn is_over(&self) -> bool {
        *self.shared.state.borrow() == FeedState::Over
    }

    /// A session begins, and replaces the one that was there. None where the feed is over.
    pub(crate) fn begin(&self, now: Instant) -> Option<SessionNumber> {
        if self.is_over() {
            return None;
        }
        let mut session = self.session();
        *session = Session { number: session.number + 1, began: Some(now), ..Session::default() };
        let number = SessionNumber(session.number);
        drop(session);
        if let Some(incoming) = self.incoming().as_mut() {
            incoming.restart();
        }
        Some(number)
    }

    /// How long ago the session began that is there; none where nobody is.
    pub(crate) fn age(&self, now: Instant) -> Option<Duration> {
        self.session().began.map(|began| now.saturating_duration_since(began))
    }

    /// A session ended; with a goodbye, so does the feed. What an older one says is of no weight.
    pub(crate) fn end(&self, session: SessionNumber, goodbye: bool) {
        let mut at = self.session();
        if at.number != session.0 {
            return;
        }
        at.began = None;
        drop(at);
        if goodbye {
            self.close();
        } else if *self.shared.state.borrow() == FeedState::Live {
            self.set(FeedState::Away);
        }
    }

    /// A frame of a session, and whether all before it was received.
    pub(crate) fn frame(&self, session: SessionNumber, frame: Received, keyframe: bool, contiguous: bool) {
        let Received { rtp, arrived, report, data } = frame;
        let mut at = self.session();
        if at.number != session.0 {
            return;
        }
        if at.timeline.is_none() {
            // Sound and what cannot be shown before the first keyframe have no place.
            if !keyframe {
                drop(at);
                if let Some(incoming) = self.incoming().as_mut() {
                    incoming.restart();
                }
                return;
            }
            at.timeline = Some(Timeline::new(self.start(arrived)));
        }
        let Some(pts) = at.timeline.as_mut().map(|timeline| timeline.video(rtp, arrived, report)) else { return };
        // Browsers make a keyframe only when they are asked; newcomers and HLS need them all the time.
        let is_due = !keyframe && at.keyframe.is_some_and(|last| pts.since(last) >= GOP);
        if keyframe {
            at.keyframe = Some(pts);
        }
        drop(at);
        let mut incoming = self.incoming();
        let Some(incoming) = incoming.as_mut() else { return };
        incoming.frame(pts, keyframe, contiguous, data, size::of_sps);
        if is_due {
            incoming.wish();
        }
        if incoming.has_begun() {
            self.set(FeedState::Live);
        }
    }

    /// A packet of sound of a session.
    pub(crate) fn packet(&self, session: SessionNumber, packet: Received) {
        let Received { rtp, arrived, report, data } = packet;
        let mut at = self.session();
        if at.number != session.0 {
            return;
        }
        let Some(pts) = at.timeline.as_mut().and_then(|timeline| timeline.audio(rtp, arrived, report)) else { return };
        drop(at);
        if let Some(incoming) = self.incoming().as_ref() {
            incoming.packet(pts, data);
        }
    }

    /// Whether to ask the publisher for a keyframe now.
    pub(crate) fn asks(&self, session: SessionNumber, now: Instant) -> bool {
        self.session().number == session.0 && self.incoming().as_ref().is_some_and(|incoming| incoming.asks(now))
    }

    /// When [`Self::asks`] will say yes.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        self.incoming().as_ref().and_then(|incoming| incoming.due(now))
    }

    /// Where a session's first frame stands in the program: at its beginning, or where time is by now.
    fn start(&self, arrived: Instant) -> ProgramTime {
        let program = &self.shared.program;
        match program.time_at(arrived) {
            Some(time) => time.max(program.reached() + BETWEEN),
            None => {
                program.begin(arrived);
                ProgramTime::ZERO
            }
        }
    }

    fn set(&self, state: FeedState) {
        self.shared.state.send_if_modified(|now| {
            let changes = *now != state && *now != FeedState::Over;
            if changes {
                *now = state;
            }
            changes
        });
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.shared.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn incoming(&self) -> MutexGuard<'_, Option<Incoming>> {
        self.shared.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
