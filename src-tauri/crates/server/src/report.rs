//! What the server says on standard output: one JSON object a line, or the same for people.

use std::io::Write as _;

use serde_json::Value;

/// Where it is said, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    json: bool,
}

impl Report {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Says `event` with its fields, or `words`. A reader that has left ends nothing.
    pub(crate) fn say(self, event: &Value, words: &str) {
        let line = if self.json { event.to_string() } else { words.to_owned() };
        let mut out = std::io::stdout().lock();
        if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
            tracing::debug!(%error, "nobody reads the standard output");
        }
    }
}
