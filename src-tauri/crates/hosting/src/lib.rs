//! What it takes to host an audience, at a desk and on a server alike: the data folder, the archive as a room's
//! journal and as the library of replays, episodes from their plan to their file, the one redactor.
//!
//! Used by `studio` and by `server`. It deliberately makes no picture, knows no window, and runs nothing: what
//! takes time is a function that blocks, for its caller's own tasks.

pub mod clock;
pub mod descriptors;
mod folder;
mod ledger;
pub mod lines;
mod planned;
pub mod recording;
mod recording_name;
pub mod redact;
pub mod unfinished;

pub use folder::{DataFolder, FolderError};
pub use ledger::{ArchiveJournal, ArchiveLibrary};
pub use planned::{Planned, plan, random};
pub use recording_name::{RecordingName, date_and_time, zoned};
