//! MP4: the parts that LL-HLS is made of, and the recording.
//!
//! - [`init_segment`] and [`part`] make an initialisation segment and a media fragment out of
//!   access units. They are functions on data.
//! - [`Recorder`] reads a program into a file with a thread of its own. The file can be played at any
//!   moment of its life, whatever write the process died in.
//! - [`repair`] finishes a file that was left unfinished, in place.
//!
//! Used by the studio, by a server, and by whatever serves a program as HLS. It deliberately knows
//! nothing of GStreamer, of episodes and of folders: where a file stands and what it is called is
//! its caller's business.
//!
//! # A recording on disk
//!
//! ```text
//!   0  ftyp   32 bytes, always the same
//!  32  free   16 bytes: the slot; becomes the header of one large mdat when the file is finished
//!  48  moov   the fragmented one: tracks without samples
//!      (uuid) moof mdat   half a second
//!      (uuid) moof mdat   …
//!      moov   the complete one, when the file is finished
//! ```
//!
//! Finishing appends the complete `moov`, syncs, and only then writes the slot: from that one write
//! on, everything between `ftyp` and the last `moov` is data of a plain MP4. Before it, the file is a
//! fragmented one. Both `moov`s are right at all times (ISO/IEC 14496-12).

mod atoms;
mod boxes;
mod complete;
mod disk;
mod fragment;
mod layout;
mod movie;
mod parts;
mod recorder;
mod repair;
mod sample;
mod silence;
mod tables;

pub use parts::{init_segment, part};
pub use recorder::{FinishedRecording, RecordError, Recorder, RecorderEvent};
pub use repair::{RepairError, Repaired, playable, repair};
pub use silence::silent_unit;

#[cfg(test)]
mod tests;
