//! One episode, from its plan to its replay.

use std::path::PathBuf;
use std::sync::Arc;

use archive::{Archive, ArchiveError, End};
use audience::{Episode, ShowHandle};
use domain::{EpisodeId, Input, Phase, Refusal, Replay, ReplayState, Said, Seq, Severity, ShowSlug, UnixMs, ViewerId};
use engine::Broadcast;
use media::{Look, Program};

use crate::actor::{Actor, Message, now};
use crate::ledger::Ledger;
use crate::{addresses, recording, replays};

/// An episode whose row stands in the archive.
struct Planned {
    episode: EpisodeId,
    next_seq: Seq,
    said: Vec<Said>,
    muted: Vec<ViewerId>,
}

/// Plans the next episode, or finds the one that was planned and never begun, and opens its room:
/// in this order, so that no comment is accepted before there is a place for it. A command that
/// comes after this finds everything ready.
pub(crate) async fn plan(actor: &mut Actor) {
    let archive = actor.archive.clone();
    let setup = actor.production.snapshot().setup.clone();
    let planned = tokio::task::spawn_blocking(move || plan_row(&archive, &setup.show, &setup.title)).await;
    match planned.expect("planning neither panics nor is aborted") {
        Ok(planned) => actor.planned(planned).await,
        Err(error) => actor.problem(Severity::Alarm, Refusal::from_coded(&error)).await,
    }
}

fn plan_row(archive: &Archive, show: &ShowSlug, title: &str) -> Result<Planned, ArchiveError> {
    let episode = match archive.planned(show)? {
        Some(episode) => episode,
        None => {
            let episode = EpisodeId::from_random(random());
            archive.plan_episode(&episode, show, title, now())?;
            episode
        }
    };
    let (next_seq, said) = archive.last_said(&episode)?;
    let muted = archive.muted(&episode)?;
    Ok(Planned { episode, next_seq, said, muted })
}

/// 128 bits from the system's source.
///
/// # Panics
///
/// Where the system has no randomness: nothing that must not be guessed can be made then.
fn random() -> [u8; 16] {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).expect("the system has a source of randomness");
    bits
}

impl Actor {
    /// The room of the planned episode opens.
    async fn planned(&mut self, planned: Planned) {
        let Planned { episode, next_seq, said, muted } = planned;
        let (show, events) = self.audience.open(self.room(&episode, next_seq, said.clone()));
        muted.into_iter().for_each(|viewer| show.set_muted(viewer, true));
        show.set_on_picture(self.production.on_picture());
        self.audience_events = events;
        // A show under another name is another show: nobody finds the old one any more.
        if let Some(before) = self.show.replace(show)
            && Some(before.slug()) != self.show.as_ref().map(ShowHandle::slug)
        {
            before.close();
        }
        self.input(Input::Planned { episode, chat: said }).await;
    }

    /// The room of `episode`, for the audience.
    pub(crate) fn room(&self, episode: &EpisodeId, next_seq: Seq, backlog: Vec<Said>) -> Episode {
        let setup = &self.production.snapshot().setup;
        Episode {
            id: episode.clone(),
            show: setup.show.clone(),
            title: setup.title.clone(),
            next_seq,
            backlog,
            journal: Arc::new(Ledger::new(self.archive.clone(), episode.clone())),
        }
    }

    /// Begins the program: encoding, recording, destinations. People may watch it once it began.
    pub(crate) async fn begin(&mut self, episode: EpisodeId, title: String) {
        let started_at = now();
        let title = if title.trim().is_empty() { date_and_time(started_at) } else { title.trim().to_owned() };
        let recording = self.recording_file(&episode, started_at);
        self.recording = Some(recording.clone());
        let program = Program::new(Look::Dressed);
        let (archive, row_title, recorded, inbox) =
            (self.archive.clone(), title.clone(), program.clone(), self.inbox.clone());
        let begun = tokio::task::spawn_blocking(move || {
            // The row first: what is recorded from here on is found again after a crash.
            let row = archive.begin_episode(&episode, &row_title, Some(&recording), started_at);
            (row, recording::start(&recorded, &recording, inbox))
        });
        let (row, recorder) = begun.await.expect("beginning neither panics nor is aborted");
        if let Err(error) = row {
            self.problem(Severity::Alarm, Refusal::from_coded(&error)).await;
        }
        match recorder {
            Ok(recorder) => self.recorder = Some(recorder),
            Err(refusal) => self.problem(Severity::Alarm, refusal).await,
        }
        self.program = Some(program.clone());
        self.engine.begin(Broadcast { program });
        if let Some(show) = &self.show {
            show.set_title(title.clone());
        }
        let inbox = self.inbox.clone();
        tokio::task::spawn_blocking(move || {
            let _closed = inbox.blocking_send(Message::KeepsAwake(keep_awake()));
        });
        self.input(Input::Titled(title)).await;
    }

    fn recording_file(&self, episode: &EpisodeId, at: UnixMs) -> PathBuf {
        let show = &self.production.snapshot().setup.show;
        let short: String = episode.as_str().chars().take(8).collect();
        self.folder.recordings().join(format!("{}-{show}-{short}.mp4", zoned(at).strftime("%Y-%m-%d-%H%M%S")))
    }

    /// Nothing was on air: what was begun is taken back, and another episode is planned.
    pub(crate) async fn begin_failed(&mut self, refusal: Refusal) {
        self.awake = None;
        self.program = None;
        let recorder = self.recorder.take();
        let Phase::Starting { episode, .. } = self.production.snapshot().phase.clone() else { return };
        self.input(Input::BeginFailed(refusal)).await;
        let archive = self.archive.clone();
        let taken_back = tokio::task::spawn_blocking(move || {
            if let Some(Ok(recording)) = recorder.map(recording::finish) {
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
            archive.end_episode(&episode, nothing).and_then(|()| archive.delete(&episode))
        });
        if let Ok(Err(error)) = taken_back.await {
            tracing::warn!(%error, "an episode that never began could not be taken back");
        }
        plan(self).await;
    }

    /// The engine is done: the archive learns of it, and then everybody.
    pub(crate) fn ended(&mut self) {
        self.awake = None;
        self.program = None;
        if let Some(probe) = self.probe.take() {
            probe.abort();
        }
        let snapshot = self.production.snapshot();
        let (Phase::Ending { episode } | Phase::OnAir { episode, .. } | Phase::Starting { episode, .. }) =
            snapshot.phase.clone()
        else {
            return;
        };
        let (peak_viewers, hours) = (snapshot.audience.peak, snapshot.setup.retention_hours);
        let (archive, inbox, begun) = (self.archive.clone(), self.inbox.clone(), self.recording.take());
        let recorder = self.recorder.take();
        tokio::task::spawn_blocking(move || {
            let recording = recorder.and_then(|recorder| match recording::finish(recorder) {
                Ok(recording) => Some(recording),
                Err(refusal) => {
                    let _closed = inbox.blocking_send(problem(Severity::Alarm, refusal));
                    None
                }
            });
            // A recording that failed on the way (the disk was full) is worth what it holds.
            let (recording, state) = match recording {
                Some(file) => (Some(file), ReplayState::Whole),
                None => (begun.and_then(|path| recording::repair(&path).ok()), ReplayState::Recovered),
            };
            let ended_at = now();
            let end = End {
                ended_at,
                duration_ms: recording.as_ref().map_or(0, |file| file.duration_ms.0),
                bytes: recording.as_ref().map_or(0, |file| file.bytes),
                state,
                peak_viewers,
                expires_at: Some(ended_at.plus(u64::from(hours) * 3_600_000)),
            };
            if let Err(error) = archive.end_episode(&episode, end) {
                let _closed = inbox.blocking_send(problem(Severity::Alarm, Refusal::from_coded(&error)));
            }
            if let Some(file) = recording {
                replays::make_thumbnail(&file.path);
            }
            let replay = replays::tell(&archive, &inbox).into_iter().find(|replay| replay.episode == episode);
            let _closed = inbox.blocking_send(Message::Closed(replay.map(Box::new)));
        });
    }

    /// The archive knows: the audience is told where the replay is.
    pub(crate) async fn closed(&mut self, replay: Option<Replay>) {
        let url = replay.filter(|replay| replay.path.is_some()).map(|replay| format!("/replays/{}", replay.episode));
        if let Some(show) = &self.show {
            show.ended(url);
        }
        self.input(Input::EndedOnDisk).await;
    }

    /// The absolute address of a replay's page.
    #[must_use]
    pub(crate) fn replay_url(&self, episode: &EpisodeId) -> String {
        addresses::replay_url(self.listening, episode)
    }
}

/// A message to the operator, from another thread.
pub(crate) fn problem(severity: Severity, refusal: Refusal) -> Message {
    Message::Input(Input::Problem { severity, refusal })
}

fn zoned(at: UnixMs) -> jiff::Zoned {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    let moment = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.to_zoned(jiff::tz::TimeZone::system())
}

/// The title of an episode to which none was given.
fn date_and_time(at: UnixMs) -> String {
    zoned(at).strftime("%-d %B %Y, %H:%M").to_string()
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
