//! What the tests of the whole system and the benchmarks share: the studio as a process, the
//! servers, screens, cameras and browsers around it, and independent readers of what it made.
//!
//! Used by `tests/` and the `bench` binary only. Deliberately contains no Tauri, no GStreamer and
//! none of the studio's own code for what it checks: recordings are read with ffmpeg, the archive
//! with sqlite3, the page with a real browser.

pub mod antenne;
pub mod archive;
pub mod browser;
pub mod colour;
pub mod deadline;
pub mod firefox;
pub mod http;
pub mod lossy;
pub mod measure;
pub mod peers;
pub mod process;
pub mod recording;
pub mod room;
pub mod server;
pub mod small_disk;
pub mod strip;
pub mod surroundings;
pub mod tone;
pub mod window;
