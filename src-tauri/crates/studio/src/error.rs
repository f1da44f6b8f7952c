//! Why a studio could not be opened.

use archive::ArchiveError;
use audience::AudienceError;
use domain::{Code, Coded};
use engine::EngineError;
use hosting::FolderError;

/// Why a studio could not be opened. Nothing runs and nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StudioError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
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
            Self::Folder(error) => error.code(),
            Self::Archive(error) => error.code(),
            Self::Audience(error) => error.code(),
            Self::Engine(error) => error.code(),
        }
    }
}
