//! Why a studio could not be opened.

use std::path::PathBuf;

use archive::ArchiveError;
use audience::AudienceError;
use domain::{Blame, Class, Code, Coded};
use engine::EngineError;

/// Why a studio could not be opened. Nothing runs and nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StudioError {
    /// Another studio uses the data folder.
    #[error("another Antenne uses the data folder {}; close it, or choose another folder with --data-dir", .0.display())]
    FolderInUse(PathBuf),
    /// Something that is no folder stands in its place.
    #[error("the data folder {} is a file; move it away, or choose another folder with --data-dir", .0.display())]
    FolderIsFile(PathBuf),
    /// The data folder cannot be written.
    #[error("the data folder {} cannot be used ({problem}); make it writable, or choose another with --data-dir", path.display())]
    FolderUnusable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// The archive could not be opened.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The audience service could not be started.
    #[error(transparent)]
    Audience(#[from] AudienceError),
    /// The engine could not be started.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Coded for StudioError {
    fn code(&self) -> Code {
        match self {
            Self::FolderInUse(_) => Code::new("folder.in_use", Class::Conflict, Blame::Operator),
            Self::FolderIsFile(_) => Code::new("folder.is_file", Class::Conflict, Blame::Operator),
            Self::FolderUnusable { .. } => Code::new("folder.unusable", Class::Unavailable, Blame::System),
            Self::Archive(error) => error.code(),
            Self::Audience(error) => error.code(),
            Self::Engine(error) => error.code(),
        }
    }
}
