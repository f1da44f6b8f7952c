//! The handle of a running studio.

use domain::{Command, Refusal, Reply, Snapshot};
use media::ProgramTime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::actor::{Message, open};
use crate::config::StudioConfig;
use crate::error::StudioError;
use crate::lanes::lanes;
use crate::subscription::Subscription;

/// How many messages may wait for the actor. Whoever sends one can wait, and does when it is full;
/// what cannot wait goes through the lanes.
const INBOX: usize = 1_024;

/// A running studio. Dropping it without [`Studio::close`] ends it without a clean end: what is on
/// air is then recovered at the next start, as after a crash.
pub struct Studio {
    inbox: mpsc::Sender<Message>,
    actor: JoinHandle<()>,
    #[cfg(test)]
    pub(crate) observers: crate::lanes::Observers,
}

impl Studio {
    /// Opens the studio on its data folder: archive, audience service, engine, devices. Must be
    /// called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StudioError`]; nothing runs then, and nothing was changed.
    pub async fn start(config: StudioConfig) -> Result<Self, StudioError> {
        let (inbox, messages) = mpsc::channel(INBOX);
        let (observers, lanes) = lanes();
        let actor = open(config, inbox.clone(), observers.clone(), lanes).await?;
        Ok(Self {
            inbox,
            actor: tokio::spawn(actor.run(messages)),
            #[cfg(test)]
            observers,
        })
    }

    /// Hands the operator's command over; the reply says whether it will be done.
    pub async fn dispatch(&self, command: Command) -> Reply {
        let closed = || Reply::Refused(Refusal::new("studio.closed", "the studio is closing"));
        self.ask(|answer| Message::Dispatch(command, answer)).await.unwrap_or_else(closed)
    }

    /// Everything the window shows. None when the studio is closed.
    pub async fn snapshot(&self) -> Option<Snapshot> {
        self.ask(Message::Snapshot).await
    }

    /// The program's present moment, while on air.
    pub async fn program_time(&self) -> Option<ProgramTime> {
        self.ask(Message::ProgramTime).await.flatten()
    }

    /// A subscription that begins with a snapshot; with pictures of the program where `monitor`.
    /// None when the studio is closed.
    pub async fn subscribe(&self, monitor: bool) -> Option<Subscription> {
        self.ask(|answer| Message::Subscribe { monitor, answer }).await
    }

    /// Ends the show, if one is on air, and closes everything.
    pub async fn close(self) {
        if self.ask(Message::Stop).await.is_none() {
            tracing::warn!("the studio was closed already");
        }
        if let Err(error) = self.actor.await {
            tracing::error!(%error, "the studio did not end as it should");
        }
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.inbox.send(message(answer)).await.ok()?;
        answered.await.ok()
    }
}

#[cfg(test)]
mod tests;
