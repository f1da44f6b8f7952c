//! Whatever takes time: each piece of it a task with a name and an owner, that answers with
//! messages. What panics is noticed.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::timeout;

use crate::actor::Message;

/// What a task has to say when it is done, in order.
pub(crate) type Answers = Vec<Message>;

/// The actor's running tasks. Dropped, those that can be are aborted.
#[derive(Default)]
pub(crate) struct Tasks {
    running: JoinSet<Answers>,
    entries: HashMap<Id, Entry>,
}

/// How a task came to its end.
pub(crate) enum Finished {
    /// With answers; none where it was aborted.
    Done(Answers),
    /// With a panic, which is a defect.
    Panicked {
        /// The task's name.
        name: &'static str,
        /// What takes the place of its answer.
        instead: Option<Message>,
    },
}

struct Entry {
    name: &'static str,
    at_close: AtClose,
    abort: AbortHandle,
    instead: Option<Message>,
}

/// What becomes of a task that still runs when the studio closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtClose {
    /// Its work is of no use any more.
    Abort,
    /// It is waited for.
    Finish,
}

impl Tasks {
    /// Runs `work`. Where it panics, `instead` is its answer.
    pub(crate) fn spawn(
        &mut self,
        name: &'static str,
        at_close: AtClose,
        instead: Option<Message>,
        work: impl Future<Output = Answers> + Send + 'static,
    ) {
        let abort = self.running.spawn(work);
        self.entries.insert(abort.id(), Entry { name, at_close, abort, instead });
    }

    /// Runs `work` where it may block. It is always waited for.
    pub(crate) fn blocking(
        &mut self,
        name: &'static str,
        instead: Option<Message>,
        work: impl FnOnce() -> Answers + Send + 'static,
    ) {
        let abort = self.running.spawn_blocking(work);
        self.entries.insert(abort.id(), Entry { name, at_close: AtClose::Finish, abort, instead });
    }

    /// Whether a task of this name runs.
    pub(crate) fn is_running(&self, name: &str) -> bool {
        self.entries.values().any(|entry| entry.name == name)
    }

    /// Aborts the tasks of this name; one that blocks goes on.
    pub(crate) fn abort(&self, name: &str) {
        self.entries.values().filter(|entry| entry.name == name).for_each(|entry| entry.abort.abort());
    }

    /// The next task that is done; none where none runs. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<Finished> {
        let joined = self.running.join_next_with_id().await?;
        Some(self.finished(joined))
    }

    /// Waits for those that must finish, for at most `patience`, and aborts the others. What they
    /// still had to say.
    pub(crate) async fn close(mut self, patience: Duration) -> Answers {
        let useless = self.entries.values().filter(|entry| entry.at_close == AtClose::Abort);
        useless.for_each(|entry| entry.abort.abort());
        let mut answers = Vec::new();
        let all = async {
            while let Some(finished) = self.next().await {
                if let Finished::Done(more) = finished {
                    answers.extend(more);
                }
            }
        };
        if timeout(patience, all).await.is_err() {
            let names: Vec<_> = self.entries.values().map(|entry| entry.name).collect();
            tracing::error!(?names, "tasks did not end in time; the studio closes without them");
        }
        answers
    }

    fn finished(&mut self, joined: Result<(Id, Answers), JoinError>) -> Finished {
        match joined {
            Ok((id, answers)) => {
                self.entries.remove(&id);
                Finished::Done(answers)
            }
            Err(error) => {
                let entry = self.entries.remove(&error.id());
                let (name, instead) = entry.map_or(("a task", None), |entry| (entry.name, entry.instead));
                if error.is_cancelled() {
                    return Finished::Done(Vec::new());
                }
                tracing::error!(task = name, %error, "a task panicked");
                Finished::Panicked { name, instead }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Input;

    #[tokio::test]
    async fn a_task_that_panics_is_noticed_and_its_answer_replaced() {
        let mut tasks = Tasks::default();
        tasks.blocking("a defect", Some(Message::Input(Input::Tick)), || panic!("a defect"));
        assert!(tasks.is_running("a defect"));
        let finished = tasks.next().await.unwrap();
        let Finished::Panicked { name: "a defect", instead: Some(Message::Input(Input::Tick)) } = finished else {
            panic!("it was not noticed")
        };
        assert!(!tasks.is_running("a defect"));
        assert!(tasks.next().await.is_none());
    }

    #[tokio::test]
    async fn an_aborted_task_answers_nothing() {
        let mut tasks = Tasks::default();
        tasks.spawn("for ever", AtClose::Abort, Some(Message::Input(Input::Tick)), std::future::pending());
        tasks.abort("for ever");
        assert!(matches!(tasks.next().await, Some(Finished::Done(answers)) if answers.is_empty()));
    }

    #[tokio::test(start_paused = true)]
    async fn closing_waits_for_what_must_finish_and_for_nothing_else() {
        let mut tasks = Tasks::default();
        tasks.spawn("for ever", AtClose::Abort, None, std::future::pending());
        tasks.spawn("the last word", AtClose::Finish, None, async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            vec![Message::Input(Input::Tick)]
        });
        assert_eq!(tasks.close(Duration::from_secs(5)).await.len(), 1);
        let mut stuck = Tasks::default();
        stuck.spawn("stuck", AtClose::Finish, None, std::future::pending());
        assert_eq!(stuck.close(Duration::from_secs(5)).await.len(), 0);
    }
}
