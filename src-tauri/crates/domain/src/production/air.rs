//! Going on air, proving it, and ending.

use super::commands::fresh;
use super::{AsRunWhat, COUNTDOWN_MS, Effect, PROOF_WITHIN_MS, Production};
use crate::{AudienceStatus, EpisodeId, Event, Moderation, OnProgram, Phase, Proof, Refusal, Said, Severity, UnixMs};

/// The code of the notice that there is no place for the next episode.
const NOT_PLANNED: &str = "broadcast.not_planned";

impl Production {
    pub(super) fn go_live(&mut self, now: UnixMs) -> Result<Vec<Effect>, Refusal> {
        match self.snapshot.phase {
            Phase::Idle | Phase::Failed { .. } => {}
            Phase::Ended { .. } => {
                return Err(Refusal::new("broadcast.ended", "the last show is still open; start a new one first"));
            }
            _ => return Err(Refusal::new("broadcast.on_air", "the show has begun already")),
        }
        if self.planned.is_none() {
            // It begins when the episode is planned, and no sooner than the countdown ends.
            let until = if self.snapshot.setup.countdown { now.plus(COUNTDOWN_MS) } else { now };
            self.snapshot.phase = Phase::CountingDown { until };
            return Ok(vec![Effect::PlanEpisode]);
        }
        if self.snapshot.setup.countdown {
            self.snapshot.phase = Phase::CountingDown { until: now.plus(COUNTDOWN_MS) };
            return Ok(Vec::new());
        }
        Ok(self.begin(now))
    }

    /// Whether an episode that is planned now would be the next one on air.
    #[must_use]
    pub const fn awaits_plan(&self) -> bool {
        matches!(self.snapshot.phase, Phase::Idle | Phase::CountingDown { .. } | Phase::Failed { .. })
    }

    /// Whether a show begins, is on air or ends: nothing may be closed under it.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self.snapshot.phase, Phase::Starting { .. } | Phase::OnAir { .. } | Phase::Ending { .. })
    }

    pub(super) fn episode_planned(&mut self, now: UnixMs, episode: EpisodeId, chat: Vec<Said>) -> Vec<Effect> {
        if !self.awaits_plan() {
            return Vec::new();
        }
        self.planned = Some(episode);
        self.snapshot.notices.retain(|notice| notice.code != NOT_PLANNED);
        self.snapshot.chat.clone_from(&chat);
        self.snapshot.removals.clear();
        self.snapshot.moderation = Moderation::default();
        let mut effects = vec![self.emit(Event::ChatCleared)];
        effects.extend(chat.into_iter().map(|said| self.emit(Event::Said(said))).collect::<Vec<_>>());
        effects.extend(self.time_passed(now));
        effects
    }

    /// Whoever wanted to go on air learns that it did not work; else it is tried again.
    pub(super) fn plan_failed(&mut self, reason: Refusal) -> Vec<Effect> {
        if self.awaits_plan() {
            let text =
                format!("The next show has no place in the archive yet, and its room is closed: {}", reason.message);
            self.notice(Severity::Alarm, Refusal::new(NOT_PLANNED, text));
        }
        if matches!(self.snapshot.phase, Phase::CountingDown { .. }) && self.planned.is_none() {
            self.snapshot.phase = Phase::Failed { reason };
        }
        Vec::new()
    }

    /// The end of the countdown, or of its absence.
    pub(super) fn begin(&mut self, now: UnixMs) -> Vec<Effect> {
        let Some(episode) = self.planned.clone() else { return Vec::new() };
        self.snapshot.phase = Phase::Starting { episode: episode.clone(), since: now };
        self.snapshot.health = crate::Health::default();
        (self.last_dropped, self.lost) = ((0, 0, 0), (0, 0, 0));
        self.forget_the_last_show();
        self.snapshot.destinations.iter_mut().for_each(fresh);
        vec![Effect::Begin { episode, title: self.snapshot.setup.title.clone() }]
    }

    pub(super) fn began(&mut self, at: UnixMs) -> Vec<Effect> {
        if let Phase::Starting { since, .. } = &mut self.snapshot.phase {
            *since = at;
            return vec![Effect::AsRun { kind: AsRunWhat::Broadcast, detail: "began".to_owned() }, Effect::Probe];
        }
        Vec::new()
    }

    pub(super) fn begin_failed(&mut self, reason: Refusal) -> Vec<Effect> {
        if matches!(self.snapshot.phase, Phase::Starting { .. }) {
            self.notice(Severity::Alarm, reason.clone());
            self.snapshot.phase = Phase::Failed { reason };
            // It is taken back; another one is planned.
            self.planned = None;
        }
        Vec::new()
    }

    pub(super) fn proof(&mut self, proof: Proof) -> Vec<Effect> {
        match &mut self.snapshot.phase {
            Phase::Starting { episode, since } => {
                let (episode, since) = (episode.clone(), *since);
                self.snapshot.phase = Phase::OnAir { episode, since, proof };
            }
            Phase::OnAir { proof: known, .. } => *known = proof,
            _ => {}
        }
        Vec::new()
    }

    pub(super) fn end(&mut self) -> Result<Vec<Effect>, Refusal> {
        match self.snapshot.phase.clone() {
            Phase::CountingDown { .. } => {
                self.snapshot.phase = Phase::Idle;
                Ok(Vec::new())
            }
            Phase::Starting { episode, .. } | Phase::OnAir { episode, .. } => {
                self.snapshot.phase = Phase::Ending { episode: episode.clone() };
                self.snapshot.on_program = OnProgram::default();
                self.snapshot.removals.clear();
                let ended = Effect::AsRun { kind: AsRunWhat::Broadcast, detail: "ended".to_owned() };
                Ok(vec![ended, Effect::End { episode }])
            }
            _ => Err(Refusal::new("broadcast.not_on_air", "nothing is on air")),
        }
    }

    pub(super) fn ended_on_disk(&mut self) -> Vec<Effect> {
        // Also where the engine ended by itself.
        if let Phase::Ending { episode } | Phase::OnAir { episode, .. } | Phase::Starting { episode, .. } =
            self.snapshot.phase.clone()
        {
            self.snapshot.phase = Phase::Ended { episode };
            self.snapshot.on_program = OnProgram::default();
            self.snapshot.removals.clear();
            self.forget_the_air();
            self.cards.clear();
            // What the archive could not be told is over all the same.
            let library = self.snapshot.library.clone();
            return self.library(library).into_iter().collect();
        }
        Vec::new()
    }

    pub(super) fn new_episode(&mut self) -> Result<Vec<Effect>, Refusal> {
        if !matches!(self.snapshot.phase, Phase::Ended { .. } | Phase::Failed { .. }) {
            return Err(Refusal::new("broadcast.not_ended", "a new show can begin when this one is over"));
        }
        let was_on_air = matches!(self.snapshot.phase, Phase::Ended { .. });
        self.snapshot.phase = Phase::Idle;
        if !was_on_air {
            return Ok(Vec::new());
        }
        if !std::mem::take(&mut self.titled_after_the_end) {
            self.snapshot.setup.title.clear();
        }
        self.forget_the_last_show();
        self.snapshot.destinations.iter_mut().for_each(fresh);
        self.episode_title = None;
        self.planned = None;
        self.snapshot.chat.clear();
        self.snapshot.removals.clear();
        self.snapshot.audience = AudienceStatus::default();
        self.snapshot.moderation = Moderation::default();
        Ok(vec![self.emit(Event::ChatCleared), Effect::PlanEpisode])
    }

    /// What time alone changes: the countdown, and the patience for the proof.
    pub(super) fn time_passed(&mut self, now: UnixMs) -> Vec<Effect> {
        match self.snapshot.phase.clone() {
            Phase::CountingDown { until } if now >= until => self.begin(now),
            // The clock was set back: the countdown must not last for hours.
            Phase::CountingDown { until } if until.since(now) > COUNTDOWN_MS => {
                self.snapshot.phase = Phase::CountingDown { until: now.plus(COUNTDOWN_MS) };
                Vec::new()
            }
            Phase::Starting { since, .. } if now.since(since) >= PROOF_WITHIN_MS => {
                let seconds = PROOF_WITHIN_MS / 1000;
                let reason = format!("the studio could not watch its own show within {seconds} seconds");
                self.proof(Proof::Unverified { reason })
            }
            _ => Vec::new(),
        }
    }
}
