//! The words for people that an edge sends: the only place where they stand. Pages show them as they are.

use crate::room::limits::COMMENT_CHARACTERS;
use crate::room::{ConnectionId, milliseconds};
use crate::{RefusedCode, ToViewer, Voice};
use std::time::Duration;

use super::{Delivery, EdgeEffect};

const MUTED: &str = "The host has muted you. You can watch and read; your comments and hearts are not taken.";

/// What somebody is sent about their voice.
pub(super) fn voice(connection: ConnectionId, voice: Voice) -> EdgeEffect {
    let muted = voice.is_silenced();
    let message = if muted { MUTED } else { "You may write and send hearts again." }.to_owned();
    EdgeEffect::Deliver(Delivery::To(connection, ToViewer::Voice { muted, message }))
}

/// Somebody's comment waits for the host.
pub(super) fn held(connection: ConnectionId, id: String) -> EdgeEffect {
    let message = "Your comment waits for the host, who lets newcomers in.".to_owned();
    EdgeEffect::Deliver(Delivery::To(connection, ToViewer::Held { id, message }))
}

/// A comment (with its id) or hearts were not accepted.
pub(super) fn refusal(
    connection: ConnectionId,
    id: Option<String>,
    code: RefusedCode,
    retry: Option<Duration>,
) -> EdgeEffect {
    let retry_ms = retry.map(milliseconds);
    let message = match code {
        RefusedCode::NameNeeded => "Write your name, then it goes out.".to_owned(),
        RefusedCode::Empty => "There is nothing in this comment that others could read.".to_owned(),
        RefusedCode::TooLong => {
            format!("A comment has at most {COMMENT_CHARACTERS} characters. Make it a little shorter.")
        }
        RefusedCode::TooFast => match retry.map(|retry| retry.as_secs_f64().ceil()) {
            Some(seconds) if seconds > 2.0 => format!("Many people write at once. It can go out in {seconds} seconds."),
            _ => "Slower, please: it can go out in a moment.".to_owned(),
        },
        RefusedCode::Muted => MUTED.to_owned(),
        RefusedCode::Closed if retry.is_some() => "The comment could not be kept. Try again in a moment.".to_owned(),
        RefusedCode::Closed => "The show is over, and the chat with it.".to_owned(),
    };
    EdgeEffect::Deliver(Delivery::To(connection, ToViewer::Refused { id, code, retry_ms, message }))
}
