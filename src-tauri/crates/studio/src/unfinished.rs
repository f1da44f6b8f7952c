//! Recordings that are not finished: found at the start, finished in the background, and tried again
//! until it works. None of them expires before.

use std::collections::BTreeSet;
use std::time::Duration;

use archive::{Archive, ArchiveError};
use domain::{EpisodeId, Input, Refusal, Severity};
use hosting::clock::now;
use hosting::unfinished::{Found, Outcome};
use tokio::time::Instant;

use crate::actor::{Actor, Message, failure, problem};
use crate::replays;

/// How long a recovered replay is kept, counted from its recovery: the operator must have a chance
/// to see it.
const RECOVERED_KEPT_MS: u64 = 24 * 3_600_000;
/// So much more room than at the last attempt is a reason to try again.
const MORE_ROOM: u64 = 8 << 20;
/// Without more room it is tried again this much later: a drive may be back.
const AGAIN: Duration = Duration::from_secs(600);
/// The task that finishes them.
const FINISH: &str = "finishing recordings";
/// Says that some are not finished, until none is left.
const NOT_YET: &str = "recording.unfinished";

/// When it is tried again. Time is an argument.
#[derive(Debug, Clone, Default)]
pub(crate) struct Again {
    /// Something is unfinished.
    wanted: bool,
    /// A show has just ended so: nobody measured yet how little room there was, and there may be more already.
    is_new: bool,
    /// Shows that are over, though the archive could not be brought to say so.
    over: BTreeSet<EpisodeId>,
    tried: Option<Instant>,
    /// The least room since the last attempt.
    room: Option<u64>,
}

impl Again {
    /// Something is unfinished; these of it have just ended, and are over, whatever the archive says.
    pub(crate) fn want(&mut self, over: Vec<EpisodeId>) {
        self.wanted = true;
        self.is_new |= !over.is_empty();
        self.over.extend(over);
    }

    /// An attempt begins.
    fn begin(&mut self, now: Instant) {
        (self.wanted, self.is_new, self.tried, self.room) = (false, false, Some(now), None);
    }

    /// The disk was measured: whether it is worth another attempt.
    fn is_due(&mut self, free: u64, now: Instant) -> bool {
        let least = self.room.map_or(free, |room| room.min(free));
        self.room = Some(least);
        let is_late = self.tried.is_none_or(|tried| now.saturating_duration_since(tried) >= AGAIN);
        self.wanted && (self.is_new || is_late || free - least >= MORE_ROOM)
    }
}

/// Finishes, in the background, what was found at the start, and then brings the list.
pub(crate) fn recover(actor: &mut Actor, found: Result<Found, ArchiveError>) {
    actor.again.begin(Instant::now());
    let archive = actor.archive.clone();
    actor.tasks.blocking(FINISH, None, move || {
        let mut answers = match &found {
            Ok(found) => finish_all(&archive, found, Attempt::AtStart),
            Err(error) => vec![failure(error)],
        };
        answers.push(replays::list(&archive).1);
        answers
    });
}

/// The disk was measured: what is unfinished is tried again where that may help.
pub(crate) fn room_measured(actor: &mut Actor, free: u64) {
    let now = Instant::now();
    if !actor.again.is_due(free, now) || actor.tasks.is_running(FINISH) {
        return;
    }
    actor.again.begin(now);
    let (archive, over) = (actor.archive.clone(), actor.again.over.clone());
    actor.tasks.blocking(FINISH, Some(Message::Unfinished(Vec::new())), move || match archive.unfinished() {
        Ok(shows) => {
            // What was begun and has not ended may be on air.
            let shows = shows.into_iter().filter(|show| show.has_ended || over.contains(&show.episode)).collect();
            let mut answers = finish_all(&archive, &Found { shows, ..Found::default() }, Attempt::Later);
            answers.push(replays::list(&archive).1);
            answers
        }
        Err(error) => vec![failure(&error), Message::Unfinished(Vec::new())],
    });
}

/// Whether the operator knows already what cannot be finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    AtStart,
    Later,
}

fn finish_all(archive: &Archive, found: &Found, attempt: Attempt) -> Vec<Message> {
    let mut answers = Vec::new();
    let (mut finished, mut not_yet, mut over) = (Vec::new(), Vec::new(), Vec::new());
    for show in &found.shows {
        let expires_at = (!found.strangers.contains(&show.episode)).then(|| now().plus(RECOVERED_KEPT_MS));
        match hosting::unfinished::finish(archive, show, expires_at, replays::make_thumbnail) {
            Ok(Outcome::Finished) => finished.push(&show.title),
            Ok(Outcome::Nothing(refusal)) => answers.push(problem(Severity::Note, refusal)),
            Ok(Outcome::NotYet(reason)) => not_yet.push((&show.title, reason)),
            // Its file may be whole by now; the archive is yet to know.
            Err(error) => {
                not_yet.push((&show.title, error.to_string()));
                over.push(show.episode.clone());
            }
        }
    }
    let text = match finished.as_slice() {
        [] => None,
        [title] => {
            Some(format!("“{title}” ended without a clean end; its recording was finished and is in the library"))
        }
        more => Some(format!(
            "{} shows ended without a clean end; their recordings were finished and are in the library",
            more.len()
        )),
    };
    answers.extend(text.map(|text| problem(Severity::Note, Refusal::new("recording.recovered", text))));
    let refusal = match not_yet.as_slice() {
        [] => None,
        [(title, reason)] => Some(not_yet_of(&format!("The recording of “{title}” is"), reason)),
        [(title, reason), ..] => {
            let which = format!("{} recordings are", not_yet.len());
            Some(not_yet_of(&which, &format!("“{title}”: {reason}")))
        }
    };
    match refusal {
        Some(refusal) => {
            // Later attempts change nothing of what was said.
            if attempt == Attempt::AtStart {
                answers.push(problem(Severity::Warning, refusal));
            }
            answers.push(Message::Unfinished(over));
        }
        None if attempt == Attempt::Later => answers.push(Message::Input(Input::Solved(NOT_YET))),
        None => {}
    }
    answers
}

/// What to say of the recording of the show that has just ended.
pub(crate) fn not_yet(reason: &str) -> Refusal {
    not_yet_of("The recording of this show is", reason)
}

fn not_yet_of(which: &str, reason: &str) -> Refusal {
    let text = format!(
        "{which} not finished yet ({reason}); nothing of it is deleted, and it is tried again when the disk has room \
         and at each start"
    );
    Refusal::new(NOT_YET, text)
}

#[cfg(test)]
mod tests;
