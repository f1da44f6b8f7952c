//! Errors carry a code: HTTP status, wording and log level follow from it, never from the text.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What kind of failure it is; HTTP statuses and exit codes follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
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

/// Who can put it right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
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
