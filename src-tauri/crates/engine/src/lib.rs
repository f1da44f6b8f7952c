//! Frames and audio: makes the program described by a plan, encodes it once, sends it.
//!
//! Used by `studio`. It is the only crate that imports GStreamer, and it deliberately knows nothing
//! of the audience, the archive, the network towards viewers or the window: what it makes leaves
//! through a [`media::Program`], what it has to say through an [`EventSink`].
//!
//! One pipeline for each source, one for the program, one for each broadcast's encodings and one for
//! each destination: a consumer that fails never touches the others.
//! All of them run on the monotonic system clock with one base time and without a start time, so
//! that running time means the same everywhere.

mod blender;
mod chain;
mod contain;
mod debug_log;
mod destination;
mod device;
mod encoding;
mod engine;
mod error;
mod event;
mod format;
mod graphics;
mod joint;
mod mixer;
mod monitor;
mod output;
mod packed;
mod probe;
mod requirement;
mod source;
mod state_change;
mod thread_names;
mod thumbnail;
mod watchdog;
mod yuv;

pub use device::{DeviceList, DeviceWatch, list_devices};
pub use engine::Engine;
pub use error::EngineError;
pub use event::{Broadcast, EngineConfig, EngineEvent, EventSink, MonitorConfig};
#[doc(hidden)]
pub use graphics::{PaintCost, paint_cost};
pub use probe::{ProbeDecoder, ProbeReport};
pub use requirement::init;
pub use source::clock_strip;
pub use source::{Planes, TestPicture};
pub use thumbnail::thumbnail;
