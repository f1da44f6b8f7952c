//! One episode, from its plan to its end.

mod end;

use std::path::PathBuf;
use std::time::Duration;

use archive::{Archive, ArchiveError, End};
use audience::ShowHandle;
use backon::{BlockingRetryable as _, ExponentialBuilder};
use domain::{EpisodeId, Input, Phase, Refusal, ReplayState, Severity, UnixMs};
use engine::Broadcast;
use fmp4::Recorder;
use media::{Look, Program};
use tokio::time::Instant;

use crate::actor::{Actor, Message};
use crate::recording;
use crate::recording::Reopening;
use crate::replays;
use crate::service::LISTEN;
use hosting::clock::now;
use hosting::{Planned, RecordingName, date_and_time};

/// The task that plans.
const PLAN: &str = "planning the next show";
/// The task that opens the recording.
const OPEN: &str = "opening the recording";
/// How soon it is tried again where the archive was held by another program.
const PLAN_AGAIN: Duration = Duration::from_millis(500);
/// How long the archive may take to file an episode before it begins without that.
const FILED_WITHIN: Duration = Duration::from_secs(3);
/// How long the disk may take to open the recording before the show begins without it.
const OPENED_WITHIN: Duration = Duration::from_secs(3);

/// An episode that is being filed: it begins when that is done.
#[derive(Clone)]
pub(crate) struct Beginning {
    episode: EpisodeId,
    title: String,
    recording: PathBuf,
    started_at: UnixMs,
    patience: Instant,
}

/// An episode whose recording is being opened: it begins when that is done, so that the recording has
/// its first frame.
pub(crate) struct Opening {
    program: Program,
    episode: EpisodeId,
    title: String,
    patience: Instant,
}

impl Beginning {
    /// Writes its row.
    fn file(&self, archive: &Archive) -> Result<(), ArchiveError> {
        archive.begin_episode(&self.episode, &self.title, Some(&self.recording), self.started_at)
    }
}

impl Actor {
    /// Plans the next episode, or finds the one that was planned and never begun, and opens its
    /// room: in this order, so that no comment is accepted before there is a place for it. Nothing
    /// where that is under way, or where the service moves: then it follows by itself.
    pub(crate) fn plan(&mut self) {
        self.plan_after(|_| {});
    }

    fn plan_after(&mut self, before: impl FnOnce(&Archive) + Send + 'static) {
        if self.tasks.is_running(PLAN) || self.tasks.is_running(LISTEN) {
            return;
        }
        let setup = &self.production.snapshot().setup;
        let (archive, show, title) = (self.archive.clone(), setup.show.clone(), setup.title.clone());
        let defect = Refusal::new("broadcast.not_planned", "the next show could not be planned");
        self.tasks.blocking(PLAN, Some(Message::Planned(Err(defect))), move || {
            before(&archive);
            let again = ExponentialBuilder::default().with_min_delay(PLAN_AGAIN).with_max_times(1);
            let planned = (|| hosting::plan(&archive, &show, &title))
                .retry(again)
                .when(|error| matches!(error, ArchiveError::Storage(_)))
                .notify(|error, _| tracing::warn!(%error, "the next show is planned again"))
                .call();
            vec![Message::Planned(planned.map(Box::new).map_err(|error| Refusal::from_coded(&error)))]
        });
    }

    /// The room of the planned episode opens.
    pub(crate) fn planned(&mut self, outcome: Result<Box<Planned>, Refusal>) {
        match outcome {
            // The show has another address by now: that one's next episode is another.
            Ok(planned) if planned.show != self.production.snapshot().setup.show => self.plan(),
            // Where the service moves, it is planned again at the new place.
            Ok(planned) if self.production.awaits_plan() && !self.tasks.is_running(LISTEN) => {
                let (episode, chat) = (planned.episode.clone(), planned.said.clone());
                let silenced = planned.silenced.clone();
                let (show, events) = self.audience.open(planned.room(&self.archive));
                for (viewer, voice) in silenced {
                    // It is open; and it says so to the window, too.
                    let _ = show.set_voice(viewer, voice);
                }
                show.set_on_picture(self.production.on_picture());
                self.audience_events = Some(events);
                // A show under another name is another show: nobody finds the old one any more.
                if let Some(before) = self.show.replace(show)
                    && Some(before.slug()) != self.show.as_ref().map(ShowHandle::slug)
                {
                    before.close();
                }
                self.input(Input::Planned { episode, chat });
            }
            Ok(_) => {}
            Err(refusal) => {
                tracing::warn!(code = refusal.code, message = refusal.message, "the next show is not planned");
                self.input(Input::PlanFailed(refusal));
            }
        }
    }

    /// Files the episode, and then begins. The row first: what is recorded from then on is found
    /// again after a crash.
    pub(crate) fn begin(&mut self, episode: EpisodeId, title: String) {
        let started_at = now();
        let given = title.trim();
        let recording = self.recording_file(&episode, given, started_at);
        let title = if given.is_empty() { date_and_time(started_at) } else { given.to_owned() };
        let patience = Instant::now() + FILED_WITHIN;
        let beginning = Beginning { episode, title, recording, started_at, patience };
        let (archive, row) = (self.archive.clone(), beginning.clone());
        let defect = Refusal::new("archive.not_filed", "the show could not be filed in the archive");
        self.tasks.blocking("filing the show", Some(Message::Filed(Some(defect))), move || {
            vec![Message::Filed(row.file(&archive).err().map(|error| Refusal::from_coded(&error)))]
        });
        self.unfiled = Some(beginning.clone());
        self.beginning = Some(beginning);
    }

    /// The archive has the episode, or cannot take it: the show begins.
    pub(crate) fn filed(&mut self, refusal: Option<Refusal>) {
        match refusal {
            Some(refusal) => self.problem(Severity::Alarm, refusal),
            None => self.unfiled = None,
        }
        self.begin_filed();
    }

    /// The show does not wait for an archive that does not answer.
    pub(crate) fn begin_without_the_archive(&mut self) {
        if self.beginning.as_ref().is_some_and(|beginning| Instant::now() >= beginning.patience) {
            let text = "The archive does not answer; the show begins all the same, and is filed at its end";
            self.problem(Severity::Alarm, Refusal::new("archive.slow", text));
            self.begin_filed();
        }
    }

    /// Opens the recording, and then begins.
    fn begin_filed(&mut self) {
        let Some(Beginning { episode, title, recording, .. }) = self.beginning.take() else { return };
        self.recording = Some(recording.clone());
        match &self.production.snapshot().phase {
            Phase::Starting { episode: wanted, .. } if *wanted == episode => {}
            // It was ended before it began.
            _ => return self.ended(),
        }
        let program = Program::new(Look::Dressed);
        self.opening =
            Some(Opening { program: program.clone(), episode, title, patience: Instant::now() + OPENED_WITHIN });
        self.reopening = Reopening::default();
        self.open_recording(program, recording);
    }

    fn open_recording(&mut self, program: Program, path: PathBuf) {
        let inbox = self.inbox.clone();
        let defect = Refusal::new("recording.not_opened", "the recording could not be opened");
        self.tasks.blocking(OPEN, Some(Message::Recording(Err(defect))), move || {
            vec![Message::Recording(recording::start(&program, &path, inbox).map(Box::new))]
        });
    }

    /// Where the recording could not be opened, it is tried again as long as the show lasts.
    pub(crate) fn reopen_recording(&mut self) {
        let (Some(program), Some(path), None) = (&self.program, &self.recording, &self.recorder) else { return };
        if self.reopening.is_due(Instant::now()) && !self.tasks.is_running(OPEN) {
            let (program, path) = (program.clone(), path.clone());
            self.open_recording(program, path);
        }
    }

    /// The recording reads the program, or cannot be made: the show begins.
    pub(crate) fn recording_opened(&mut self, outcome: Result<Box<Recorder>, Refusal>) {
        match outcome {
            Ok(recorder) if self.opening.is_some() || self.program.is_some() => {
                self.recorder = Some(*recorder);
                self.reopening.opened().into_iter().for_each(|message| self.message(message));
            }
            // The show has ended meanwhile. Closing a file may take a while.
            Ok(recorder) => self.tasks.blocking("closing a late recording", None, move || {
                drop(recorder);
                Vec::new()
            }),
            Err(refusal) => {
                if self.reopening.failed(Instant::now()) {
                    self.problem(Severity::Alarm, refusal);
                }
            }
        }
        self.begin_opened();
    }

    /// The show does not wait for a disk that does not answer.
    pub(crate) fn begin_without_the_recording(&mut self) {
        if self.opening.as_ref().is_some_and(|opening| Instant::now() >= opening.patience) {
            let text = "The disk does not answer; the show begins, and is recorded as soon as it does";
            self.problem(Severity::Alarm, Refusal::new("recording.slow", text));
            self.begin_opened();
        }
    }

    /// Begins the program: encoding and destinations. People may watch it once it began.
    fn begin_opened(&mut self) {
        let Some(Opening { program, episode, title, .. }) = self.opening.take() else { return };
        match &self.production.snapshot().phase {
            Phase::Starting { episode: wanted, .. } if *wanted == episode => {}
            // It was ended before it began.
            _ => return self.ended(),
        }
        self.program = Some(program.clone());
        self.engine.begin(Broadcast { program });
        if let Some(show) = &self.show {
            show.set_title(title.clone());
        }
        self.tasks.blocking("keeping the computer awake", None, || vec![Message::KeepsAwake(keep_awake())]);
        self.input(Input::Titled(title));
    }

    fn recording_file(&self, episode: &EpisodeId, title: &str, at: UnixMs) -> PathBuf {
        let show = &self.production.snapshot().setup.show;
        self.folder.recordings().join(RecordingName::new(episode, show, at).file(title))
    }

    /// The last title wins: in the archive, in what is yet to be filed there, and on the page.
    pub(crate) fn retitle(&mut self, episode: EpisodeId, title: String) {
        let filing = [&mut self.beginning, &mut self.unfiled].into_iter().flatten();
        for row in filing.filter(|row| row.episode == episode) {
            row.title.clone_from(&title);
        }
        if let Some(opening) = self.opening.as_mut().filter(|opening| opening.episode == episode) {
            opening.title.clone_from(&title);
        }
        replays::change(self, move |archive| archive.retitle(&episode, &title).map(|()| true));
    }

    /// Nothing was on air: what was begun is taken back, and another episode is planned.
    pub(crate) fn begin_failed(&mut self, refusal: Refusal) {
        self.awake = None;
        let episode = match self.production.snapshot().phase.clone() {
            Phase::Starting { episode, .. } => episode,
            // It was ended meanwhile; there will be no other answer.
            Phase::Ending { .. } => return self.ended(),
            _ => return,
        };
        (self.recording, self.unfiled, self.program) = (None, None, None);
        let recorder = self.recorder.take();
        self.input(Input::BeginFailed(refusal));
        self.plan_after(move |archive| {
            if let Some(Ok(recording)) = recorder.map(hosting::recording::finish) {
                tracing::warn!(?recording, "a show that never began was recorded");
            }
            let nothing = End {
                ended_at: now(),
                duration_ms: 0,
                bytes: 0,
                state: ReplayState::Whole,
                peak_viewers: 0,
                expires_at: None,
            };
            let taken_back = archive.end_episode(&episode, nothing).and_then(|()| archive.delete(&episode));
            if let Err(error) = taken_back {
                tracing::warn!(%error, "an episode that never began could not be taken back");
            }
        });
    }
}

/// Asks the system not to sleep. None where it cannot be asked: the show goes on all the same.
fn keep_awake() -> Option<keepawake::KeepAwake> {
    let asked = keepawake::Builder::default()
        .display(true)
        .idle(true)
        .sleep(true)
        .reason("a show is on air")
        .app_name("Antenne")
        .create();
    asked.inspect_err(|error| tracing::info!(%error, "the computer cannot be kept awake")).ok()
}
