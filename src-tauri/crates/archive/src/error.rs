//! Why the archive could not do something.

use std::path::PathBuf;
use std::sync::Arc;

use domain::{Blame, Class, Code, Coded, EpisodeId};
use rusqlite::ErrorCode;

/// Why the archive could not do something. Nothing of what was asked for was done, unless a variant
/// says otherwise.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ArchiveError {
    /// The file was written by a newer Antenne. It was not touched.
    #[error(
        "the archive {} was written by a newer Antenne (version {found}, this one knows {known}); \
         it was not touched: install the newer Antenne, or choose another folder with --data-dir", path.display()
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that this Antenne knows.
        known: u32,
    },
    /// The file is older and whoever asks may only read.
    #[error(
        "the archive {} was written by an older Antenne (version {found}, this one has {known}); \
         open the studio once, which brings it up to date", path.display()
    )]
    OlderVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version of this Antenne.
        known: u32,
    },
    /// Something else has the archive's name. It was not touched.
    #[error(
        "{} is not an archive of Antenne and was not touched; move it away, or choose another folder with --data-dir",
        .0.display()
    )]
    NotAnArchive(PathBuf),
    /// The file or its folder cannot be read or written.
    #[error(
        "the archive {} cannot be opened ({problem}); make its folder readable and writable, \
         or choose another folder with --data-dir", path.display()
    )]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// The file's content contradicts itself.
    #[error(
        "the archive is damaged ({0}); recordings are not affected: move archive.db away, and Antenne makes a new one"
    )]
    Damaged(Arc<rusqlite::Error>),
    /// No room.
    #[error("the disk is full: the archive cannot take comments and hearts; free some space, no restart is needed")]
    DiskFull,
    /// No such episode, or it was deleted.
    #[error("there is no episode {0} in the archive; it may have been deleted")]
    NoSuchEpisode(EpisodeId),
    /// The episode is not in a state in which this makes sense.
    #[error("episode {episode} is {state}: {needed}")]
    WrongState {
        /// Which.
        episode: EpisodeId,
        /// The state that it is in.
        state: String,
        /// What would be right.
        needed: &'static str,
    },
    /// A deleted replay's file could not be removed. The replay is no longer offered and its comments are
    /// deleted; removing the file is tried again with every [`crate::Archive::expire`].
    #[error(
        "the replay is deleted, but its file {} cannot be removed ({problem}); \
         remove it by hand, or leave it: it is tried again every time", path.display()
    )]
    FileStays {
        /// The file that stays.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// The archive was closed.
    #[error("the archive is closed, because the studio is shutting down")]
    Closed,
    /// A part of the archive panicked. It is not known whether what was asked for was done.
    #[error("a part of the archive failed, which is a defect of Antenne; it was started again: try again")]
    Defect,
    /// Anything else that SQLite reports.
    #[error("the archive did not answer ({0}); try again, and look whether another program holds archive.db")]
    Storage(Arc<rusqlite::Error>),
}

impl Coded for ArchiveError {
    fn code(&self) -> Code {
        match self {
            Self::NewerVersion { .. } => Code::new("archive.newer_version", Class::Conflict, Blame::Operator),
            Self::OlderVersion { .. } => Code::new("archive.older_version", Class::Conflict, Blame::Operator),
            Self::NotAnArchive(_) => Code::new("archive.not_an_archive", Class::Conflict, Blame::Operator),
            Self::Unusable { .. } => Code::new("archive.unusable", Class::Unavailable, Blame::System),
            Self::Damaged(_) => Code::new("archive.damaged", Class::Unavailable, Blame::System),
            Self::DiskFull => Code::new("archive.disk_full", Class::Unavailable, Blame::System),
            Self::NoSuchEpisode(_) => Code::new("archive.no_such_episode", Class::Missing, Blame::Operator),
            Self::WrongState { .. } => Code::new("archive.wrong_state", Class::Conflict, Blame::Operator),
            Self::FileStays { .. } => Code::new("archive.file_stays", Class::Unavailable, Blame::System),
            Self::Closed => Code::new("archive.closed", Class::Unavailable, Blame::Antenne),
            Self::Defect => Code::new("archive.defect", Class::Internal, Blame::Antenne),
            Self::Storage(_) => Code::new("archive.storage", Class::Unavailable, Blame::System),
        }
    }
}

impl From<rusqlite::Error> for ArchiveError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(Arc::new(error)),
            _ => Self::Storage(Arc::new(error)),
        }
    }
}

impl ArchiveError {
    /// Whether the database itself failed, so that everything in the same transaction is in doubt. A
    /// row that the schema refuses is that row's own failure.
    pub(crate) fn is_of_the_database(&self) -> bool {
        match self {
            Self::Damaged(_) | Self::DiskFull => true,
            Self::Storage(error) => error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation),
            _ => false,
        }
    }
}
