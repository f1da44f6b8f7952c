//! What waits for one viewer: bounded, and shared with everybody else's.

use axum::extract::ws::Utf8Bytes;
use domain::{Backlog, Bye, ToViewer};
use tokio::sync::{mpsc, oneshot};

/// The room's end: never waits.
pub(super) struct Outbox {
    queue: mpsc::Sender<Letter>,
    farewell: oneshot::Sender<Bye>,
}

/// The connection's end.
pub(super) struct Inbox {
    pub(super) queue: mpsc::Receiver<Letter>,
    /// Fires when the room lets go; only an orderly end lets what waits in the queue go first.
    pub(super) farewell: oneshot::Receiver<Bye>,
}

/// The viewer is too far behind.
#[derive(Debug)]
pub(super) struct Full;

/// A message as it waits: what many are sent, they share.
#[derive(Debug, Clone)]
pub(super) enum Letter {
    /// All of it.
    Whole(Utf8Bytes),
    /// A welcome: what is the viewer's own stands before and after the backlog, which is everybody's.
    Welcome { before: String, backlog: Utf8Bytes, after: String },
}

impl Letter {
    /// As it goes over the wire.
    pub(super) fn into_text(self) -> Utf8Bytes {
        match self {
            Self::Whole(text) => text,
            Self::Welcome { before, backlog, after } => [&before, backlog.as_str(), &after].concat().into(),
        }
    }
}

/// Both ends.
pub(super) fn outbox(capacity: usize) -> (Outbox, Inbox) {
    let (sender, queue) = mpsc::channel(capacity);
    let (farewell_sender, farewell) = oneshot::channel();
    (Outbox { queue: sender, farewell: farewell_sender }, Inbox { queue, farewell })
}

impl Outbox {
    /// Adds a message. A connection that is already gone takes everything: its own event follows.
    pub(super) fn post(&self, letter: Letter) -> Result<(), Full> {
        match self.queue.try_send(letter) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Full),
        }
    }

    /// Lets the viewer go.
    pub(super) fn dismiss(self, bye: Bye) {
        // The connection may have ended by itself.
        let _ = self.farewell.send(bye);
    }
}

/// A message as it goes over the wire.
pub(super) fn written(message: &impl serde::Serialize) -> Option<Utf8Bytes> {
    match serde_json::to_string(message) {
        Ok(text) => Some(text.into()),
        Err(error) => {
            tracing::error!(%error, "a message of ours cannot be written");
            None
        }
    }
}

/// Writes messages; a backlog only once, for however many newcomers.
#[derive(Default)]
pub(super) struct Writer {
    backlog: Option<(Backlog, Utf8Bytes)>,
}

impl Writer {
    /// A message for one viewer.
    pub(super) fn letter(&mut self, message: ToViewer) -> Option<Letter> {
        let ToViewer::Welcome { v, viewer, token, state, title, program_ms, on_picture, hearts, backlog, replay_url } =
            message
        else {
            return written(&message).map(Letter::Whole);
        };
        let shared = match &self.backlog {
            Some((known, text)) if known.is_same(&backlog) => text.clone(),
            _ => {
                let text = written(&backlog)?;
                self.backlog = Some((backlog, text.clone()));
                text
            }
        };
        let backlog = Backlog::default();
        let own = written(&ToViewer::Welcome {
            v,
            viewer,
            token,
            state,
            title,
            program_ms,
            on_picture,
            hearts,
            backlog,
            replay_url,
        })?;
        // A quote within a text is escaped: this stands nowhere but in its place.
        let (before, after) = own.split_once("\"backlog\":[]")?;
        Some(Letter::Welcome { before: format!("{before}\"backlog\":"), backlog: shared, after: after.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ProgramMs, PublicViewer, Said, Seq, ViewerId};

    #[test]
    fn a_welcome_is_what_it_was_and_its_backlog_is_written_once() {
        let viewer = PublicViewer {
            id: ViewerId::from_random([1; 16]),
            name: r#"","backlog":[],"x":""#.to_owned(),
            hue: 1,
            badge: None,
            n: None,
        };
        let said = Said { seq: Seq(1), at_ms: ProgramMs(0), viewer: viewer.clone(), text: "hi".repeat(200) };
        let backlog: Backlog = std::iter::repeat_n(said, 50).collect();
        let welcome = |token: &str| ToViewer::Welcome {
            v: 1,
            viewer: viewer.clone(),
            token: token.to_owned(),
            state: domain::BroadcastState::OnAir,
            title: r#"\"backlog":[]"#.to_owned(),
            program_ms: ProgramMs(5),
            on_picture: Vec::new(),
            hearts: 7,
            backlog: backlog.clone(),
            replay_url: None,
        };
        let mut writer = Writer::default();
        let letters = ["a", "b"].map(|token| (token, writer.letter(welcome(token)).expect("it can be written")));
        let mut bytes = Vec::new();
        for (token, letter) in letters {
            if let Letter::Welcome { backlog, .. } = &letter {
                bytes.push(backlog.as_str().as_ptr());
            }
            assert_eq!(letter.into_text().as_str(), serde_json::to_string(&welcome(token)).expect("it can be written"));
        }
        assert!(bytes.len() == 2 && bytes[0] == bytes[1], "the same bytes, not equal ones");
    }
}
