//! Remembers: shows, episodes, recordings, chat, hearts, the as-run log, and when a replay goes.
//!
//! Used by `studio` (an [`Archive`], the one owner that writes) and by the command line (a
//! [`Reader`], also while another process writes). `schema.sql` explains every table.
//!
//! One thread owns the writing connection. It collects what arrives for 50 ms, or until it has
//! 256 rows, commits once, and only then acknowledges: **what was acknowledged is in the database,
//! also after kill -9 of the process.** A loss of power may take the commits since the last
//! checkpoint (a thousand pages), but never damages the file: waiting for the disk twenty times a
//! second would disturb the recording beside it.
//!
//! It deliberately has no clock (time is an argument, see [`Archive::expire`]), no runtime and no
//! opinion about who may speak; and it never walks a folder to find out what to delete.

mod archive;
mod backup;
mod connection;
mod error;
mod files;
mod hearts;
mod library;
mod looker;
mod queue;
mod reader;
mod retention;
mod retention_clock;
mod rows;
mod schema;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod threads;
mod timeline;
mod types;
mod writer;

pub use archive::Archive;
pub use error::ArchiveError;
pub use reader::Reader;
pub use types::{AsRunEntry, AsRunKind, BootTime, End, Lookup, Moment, Show, Unfinished};
