//! The task that keeps the settings.

use domain::{Refusal, Setup, Severity};
use tokio::sync::watch;

use super::{keep, write};
use crate::actor::{Actor, Message, problem};
use crate::tasks::AtClose;

const SETTINGS: &str = "writing the settings";

impl Actor {
    /// Starts the task, or starts it again with what is chosen now.
    pub(crate) fn keep_settings(&mut self) {
        let sender = watch::Sender::new(self.production.snapshot().setup.clone());
        let mut chosen = sender.subscribe();
        if self.chosen.replace(sender).is_some() {
            // It died with a choice that was not written.
            chosen.mark_changed();
        }
        let (file, beside, inbox) = (self.folder.settings(), self.remembered.clone(), self.inbox.clone());
        let store = move |setup: Setup| {
            let (file, beside) = (file.clone(), beside.clone());
            async move {
                let written = tokio::task::spawn_blocking(move || write(&file, &setup, &beside)).await;
                written.map_err(std::io::Error::other)?
            }
        };
        let failed = move |error: std::io::Error| {
            let inbox = inbox.clone();
            let text =
                format!("What you chose cannot be remembered ({error}): is the disk full? The show is not affected");
            let notice = problem(Severity::Warning, Refusal::new("settings.unwritable", text));
            async move {
                let _closed = inbox.send(notice).await;
            }
        };
        self.tasks.spawn(SETTINGS, AtClose::Finish, Some(Message::SettingsStopped), async move {
            keep(chosen, store, failed).await;
            Vec::new()
        });
    }

    /// Has the setup remembered, in a moment.
    pub(crate) fn save_setup(&self) {
        if let Some(chosen) = &self.chosen {
            chosen.send_replace(self.production.snapshot().setup.clone());
        }
    }
}
