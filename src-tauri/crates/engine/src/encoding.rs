//! The encodings of a broadcast.
