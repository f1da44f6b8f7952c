//! The encodings of a broadcast: each is made once, however many readers it has.

mod formats;
mod pipeline;
mod publisher;

pub(crate) use pipeline::{Encoding, EncodingConfig};
pub(crate) use publisher::{Counted, Publisher};

#[cfg(test)]
pub(crate) mod bench;
#[cfg(test)]
mod tests;
