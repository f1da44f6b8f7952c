//! The end of a studio, in order: what was chosen is written, then the audience goes, then engine
//! and archive.

use std::time::Duration;

use super::{Actor, Message};

/// How long tasks that must finish may take at the end.
const TASKS_WITHIN: Duration = Duration::from_secs(15);

impl Actor {
    pub(super) async fn shut_down(self) {
        let Self { engine, audience, archive, folder, stopping, tasks, chosen, recorder, .. } = self;
        // Without a sender the last choice is written, and the task ends.
        drop(chosen);
        for message in tasks.close(TASKS_WITHIN).await {
            // One that came to listen while the studio closed.
            if let Message::Listening(Ok(service)) = message {
                service.audience.shutdown().await;
            }
        }
        audience.shutdown().await;
        let closed = tokio::task::spawn_blocking(move || {
            engine.stop();
            // There is one only where the show did not end in time.
            if let Some(Err(refusal)) = recorder.map(hosting::recording::finish) {
                tracing::error!(code = refusal.code, message = refusal.message, "the recording was not finished");
            }
            archive.close();
            drop(folder);
        });
        if let Err(error) = closed.await {
            tracing::error!(%error, "the engine or the archive did not close as it should");
        }
        if let Some(stopping) = stopping {
            let _gone = stopping.send(());
        }
    }
}
