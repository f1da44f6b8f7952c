//! The runtime: takes commands, asks the domain, instructs engine, audience and archive, and
//! brings what they observe back to the domain.
//!
//! Used by the shell, with a window or without. One actor owns the [`domain::Production`]; nothing
//! here decides what a broadcast is (that is the domain's), touches a pipeline, a socket of a
//! viewer or a table of its own.

mod actor;
mod addresses;
mod bridge;
mod config;
mod disk;
mod effects;
mod episode;
mod error;
mod handle;
mod lanes;
mod names;
mod probe;
mod recording;
mod replays;
mod service;
mod settings;
mod subscription;
mod tasks;
mod timers;
mod unfinished;

pub use actor::END_WITHIN;
pub use config::{Listen, StudioConfig};
pub use engine::{DeviceList, EngineError, init as init_engine, list_devices};
pub use error::StudioError;
pub use handle::Studio;
pub use hosting::{DataFolder, descriptors, lines, redact};
pub use replays::{Library, read_library};
pub use subscription::{Beat, Subscription};
