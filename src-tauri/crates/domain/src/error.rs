//! Errors carry a code: HTTP status, log level and how urgently the operator learns of it follow
//! from it, never from the text.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Severity;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The request itself is wrong.
    Invalid,
    /// It cannot be done in the present state.
    Conflict,
    /// It is not there.
    Missing,
    /// Somebody asks too often or too much.
    TooMuch,
    /// Something we depend on does not work now.
    Unavailable,
    /// A defect of ours.
    Internal,
}

impl Class {
    /// The HTTP status of an answer that fails so. Statuses that say something about HTTP itself
    /// (a method, a range, a media type) have no class.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Missing => 404,
            Self::Conflict => 409,
            Self::TooMuch => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }
}

/// Who can put it right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The person at the studio.
    Operator,
    /// A person who watches.
    Viewer,
    /// The place the program is pushed to.
    Destination,
    /// The computer: devices, disk, system packages.
    System,
    /// Antenne itself.
    Antenne,
}

/// A stable name for an error, such as `archive.newer_version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// `area.what`, stable for scripts.
    pub name: &'static str,
    /// What kind of failure it is.
    pub class: Class,
    /// Who can put it right.
    pub blame: Blame,
}

impl Code {
    /// Names an error.
    #[must_use]
    pub const fn new(name: &'static str, class: Class, blame: Blame) -> Self {
        Self { name, class, blame }
    }

    /// How urgently the operator must know, and so how loudly it is logged: what others do wrong
    /// is a note, what the operator asked for and cannot have is a warning, and so is a far end
    /// that does not answer. Where the studio or its computer fails, it is an alarm.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match (self.class, self.blame) {
            (_, Blame::Viewer) => Severity::Note,
            (Class::Internal, _) | (_, Blame::Antenne) => Severity::Alarm,
            (Class::Unavailable, Blame::System | Blame::Operator) => Severity::Alarm,
            _ => Severity::Warning,
        }
    }
}

/// An error with a [`Code`]. Its `Display` says what happened and what to do, without secrets.
pub trait Coded: std::error::Error {
    /// The stable name, class and blame of this error.
    fn code(&self) -> Code;
}

/// A command that was not carried out, or a request that was turned down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Refusal {
    /// The stable name of the reason.
    pub code: String,
    /// What happened and what to do, for a person.
    pub message: String,
}

impl Refusal {
    /// A refusal with a fixed code and a sentence.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    /// The refusal that `error` amounts to.
    #[must_use]
    pub fn from_coded(error: &dyn Coded) -> Self {
        Self::new(error.code().name, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_urgent_an_error_is_follows_from_its_code() {
        let severity = |class, blame| Code::new("a.b", class, blame).severity();
        assert_eq!(severity(Class::Unavailable, Blame::System), Severity::Alarm);
        assert_eq!(severity(Class::Internal, Blame::Destination), Severity::Alarm);
        assert_eq!(severity(Class::Conflict, Blame::Operator), Severity::Warning);
        assert_eq!(severity(Class::Unavailable, Blame::Destination), Severity::Warning);
        assert_eq!(severity(Class::TooMuch, Blame::Viewer), Severity::Note);
    }
}
