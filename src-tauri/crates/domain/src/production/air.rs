//! Going on air, proving it, and ending.

use super::{AsRunWhat, COUNTDOWN_MS, Effect, PROOF_WITHIN_MS, Production};
use crate::{AudienceStatus, Event, OnProgram, Phase, Proof, Refusal, Severity, UnixMs};

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
            return Err(Refusal::new("broadcast.not_ready", "the archive is not open yet; try again in a moment"));
        }
        if self.snapshot.setup.countdown {
            self.snapshot.phase = Phase::CountingDown { until: now.plus(COUNTDOWN_MS) };
            return Ok(Vec::new());
        }
        Ok(self.begin(now))
    }

    /// The end of the countdown, or of its absence.
    pub(super) fn begin(&mut self, now: UnixMs) -> Vec<Effect> {
        let Some(episode) = self.planned.clone() else { return Vec::new() };
        self.snapshot.phase = Phase::Starting { episode: episode.clone(), since: now };
        self.snapshot.health = crate::Health::default();
        self.last_dropped = (0, 0, 0);
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
                let ended = Effect::AsRun { kind: AsRunWhat::Broadcast, detail: "ended".to_owned() };
                Ok(vec![ended, Effect::End { episode }])
            }
            _ => Err(Refusal::new("broadcast.not_on_air", "nothing is on air")),
        }
    }

    pub(super) fn ended_on_disk(&mut self) -> Vec<Effect> {
        if let Phase::Ending { episode } = self.snapshot.phase.clone() {
            self.snapshot.phase = Phase::Ended { episode };
            self.cards.clear();
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
        self.snapshot.setup.title.clear();
        self.episode_title = None;
        self.planned = None;
        self.snapshot.chat.clear();
        self.snapshot.audience = AudienceStatus::default();
        Ok(vec![Effect::Emit(Event::ChatCleared), Effect::PlanEpisode])
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
                let reason = "the studio could not watch its own show within 8 seconds".to_owned();
                self.proof(Proof::Unverified { reason })
            }
            _ => Vec::new(),
        }
    }
}
