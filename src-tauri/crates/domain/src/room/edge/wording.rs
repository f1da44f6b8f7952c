//! The words for people that an edge sends: the only place where they stand. Pages show them as they are.

use crate::room::limits::COMMENT_CHARACTERS;
use crate::room::{ConnectionId, milliseconds};
use crate::{RefusedCode, ToViewer, Voice, names, text};
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

/// A frame could not be read; `id` is that of what was in it, as far as that could be.
#[must_use]
pub fn unreadable(id: Option<String>) -> ToViewer {
    let message = "This could not be read here. Write it again in other words.".to_owned();
    ToViewer::Refused { id, code: RefusedCode::Unreadable, retry_ms: None, message }
}

/// A name, or a comment because of its name, was not accepted.
pub(super) fn name_refusal(
    connection: ConnectionId,
    id: Option<String>,
    name: &str,
    code: RefusedCode,
    retry: Option<Duration>,
) -> EdgeEffect {
    let message = match code {
        RefusedCode::NameNeeded if names::is_hosts(name) => {
            "That is what the host is called. Choose another name.".to_owned()
        }
        RefusedCode::NameNeeded if !name.is_empty() && text::clean_name(name).is_none() => {
            "There is nothing in this name that others could read.".to_owned()
        }
        RefusedCode::TooFast => {
            let seconds = retry.map_or(1.0, |retry| retry.as_secs_f64().ceil());
            format!("You have just changed your name. You can do so again in {seconds} seconds.")
        }
        _ => return refusal(connection, id, code, retry),
    };
    let retry_ms = retry.map(milliseconds);
    EdgeEffect::Deliver(Delivery::To(connection, ToViewer::Refused { id, code, retry_ms, message }))
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
        RefusedCode::Unreadable => return EdgeEffect::Deliver(Delivery::To(connection, unreadable(id))),
        RefusedCode::Closed if retry.is_some() => "The comment could not be kept. Try again in a moment.".to_owned(),
        RefusedCode::Closed => "The show is over, and the chat with it.".to_owned(),
    };
    EdgeEffect::Deliver(Delivery::To(connection, ToViewer::Refused { id, code, retry_ms, message }))
}
