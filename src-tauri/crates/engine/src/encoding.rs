//! The encodings of a broadcast: each is made once, however many take it.

mod distributor;
mod h264;
mod pipeline;

pub(crate) use distributor::{Counted, Distributor, TapId, Zero};
pub(crate) use pipeline::{Encoding, EncodingConfig};

#[cfg(test)]
pub(crate) mod bench;
#[cfg(test)]
mod tests;
