//! The recording of a broadcast.
