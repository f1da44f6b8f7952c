//! What the archive holds as lines of JSON: the same from a desk and from a server.

use domain::{Replay, ReplayState, UnixMs};
use serde_json::{Value, json};

/// A show as `antenne shows --json` prints it.
#[must_use]
pub fn show(slug: &str, title: &str, episodes: u64, last_started_at: Option<UnixMs>) -> Value {
    json!({"slug": slug, "title": title, "episodes": episodes, "last_started_at": last_started_at.map(rfc3339)})
}

/// A replay as `antenne replays --json` prints it.
#[must_use]
pub fn replay(replay: &Replay) -> Value {
    let state = match replay.state {
        ReplayState::OnAir => "on_air",
        ReplayState::Whole => "whole",
        ReplayState::Recovered => "recovered",
        ReplayState::Unfinished => "unfinished",
    };
    json!({
        "episode": replay.episode, "show": replay.show, "title": replay.title, "started_at": rfc3339(replay.started_at),
        "ended_at": replay.ended_at.map(rfc3339), "duration_ms": replay.duration_ms, "bytes": replay.bytes, "path": replay.path,
        "hearts": replay.hearts, "chat": replay.chat, "viewers": replay.viewers, "state": state,
        "expires_at": replay.expires_at.map(rfc3339),
    })
}

/// A moment as RFC 3339 writes it, in UTC.
#[must_use]
pub fn rfc3339(at: UnixMs) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

/// A replay in words.
#[must_use]
pub fn replay_line(replay: &Replay) -> String {
    let expires = replay.expires_at.map_or_else(|| "kept".to_owned(), |at| format!("until {}", rfc3339(at)));
    let seconds = replay.duration_ms / 1000;
    format!(
        "{}  {:>3}:{:02}  {:>6.1} MB  ♥ {:<5} {:<32} {expires}",
        rfc3339(replay.started_at),
        seconds / 60,
        seconds % 60,
        replay.bytes as f64 / 1e6,
        replay.hearts,
        replay.title
    )
}
