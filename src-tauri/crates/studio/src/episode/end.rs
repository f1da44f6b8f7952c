//! The end of an episode: its recording is finished, its row says so, and it becomes a replay.

use archive::{ArchiveError, End};
use domain::{Input, Phase, Replay, ReplayState, Severity};

use crate::actor::{Actor, Message, failure, problem};
use crate::effects::PROBE;
use crate::{replays, unfinished};
use hosting::clock::now;
use hosting::recording::{self, Repaired};

impl Actor {
    /// The engine is done: the archive learns of it, and then everybody.
    pub(crate) fn ended(&mut self) {
        self.awake = None;
        self.tasks.abort(PROBE);
        self.program = None;
        let snapshot = self.production.snapshot();
        let (Phase::Ending { episode } | Phase::OnAir { episode, .. } | Phase::Starting { episode, .. }) =
            snapshot.phase.clone()
        else {
            return;
        };
        let (peak_viewers, hours) = (snapshot.audience.peak, snapshot.setup.retention_hours);
        let (archive, begun, unfiled) = (self.archive.clone(), self.recording.take(), self.unfiled.take());
        let recorder = self.recorder.take();
        self.tasks.blocking("filing the end", Some(Message::Closed(None)), move || {
            let mut answers = Vec::new();
            let finished = recorder.map(recording::finish).transpose().unwrap_or_else(|refusal| {
                answers.push(problem(Severity::Alarm, refusal));
                None
            });
            // A recording that could not be finished is worth what it holds.
            let repaired = finished.is_none().then(|| begun.map(|path| recording::repair(&path))).flatten();
            let (state, duration_ms, bytes, recording) = match (finished, repaired) {
                (Some(file), _) => (ReplayState::Whole, file.duration_ms.0, file.bytes, Some(file)),
                (None, Some(Repaired::Finished(file))) => {
                    (ReplayState::Recovered, file.duration_ms.0, file.bytes, Some(file))
                }
                (None, Some(Repaired::NotYet { reason, bytes, duration_ms })) => {
                    answers.push(problem(Severity::Alarm, unfinished::not_yet(&reason)));
                    answers.push(Message::Unfinished(vec![episode.clone()]));
                    (ReplayState::Unfinished, duration_ms.0, bytes, None)
                }
                (None, Some(Repaired::Nothing { .. }) | None) => (ReplayState::Recovered, 0, 0, None),
            };
            let ended_at = now();
            let expires_at = Some(ended_at.plus(u64::from(hours) * 3_600_000));
            let end = End { ended_at, duration_ms, bytes, state, peak_viewers, expires_at };
            // Where the archive did not answer at the beginning, it may have filed it since.
            match unfiled.map_or(Ok(()), |row| row.file(&archive)) {
                Ok(()) | Err(ArchiveError::WrongState { .. }) => {}
                Err(error) => answers.push(failure(&error)),
            }
            match archive.end_episode(&episode, end) {
                Ok(()) if state == ReplayState::Whole => archive.remove_backups(),
                Ok(()) => {}
                Err(error) => answers.extend([failure(&error), Message::Unfinished(vec![episode.clone()])]),
            }
            if let Some(file) = recording {
                replays::make_thumbnail(&file.path);
            }
            let (replays, list) = replays::list(&archive);
            let replay = replays.into_iter().find(|replay| replay.episode == episode);
            answers.extend([list, Message::Closed(replay.map(Box::new))]);
            answers
        });
    }

    /// The archive knows: the audience learns where the replay is.
    pub(crate) fn closed(&mut self, replay: Option<Replay>) {
        let url = replay.filter(|replay| replay.path.is_some()).map(|replay| format!("/replays/{}", replay.episode));
        if let Some(show) = &self.show {
            show.ended(url);
        }
        self.input(Input::EndedOnDisk);
    }
}
