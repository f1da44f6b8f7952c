//! Pushes the program to another place.

use std::sync::Arc;

use domain::{DestinationId, Secret};

use crate::event::EventSink;
use crate::joint::{EncodedUnit, Tap};

/// A destination that is supervised until this is dropped.
pub(crate) struct DestinationHandle;

/// A destination.
pub(crate) struct Destination;

struct Nothing;

impl Tap for Nothing {
    fn take(&self, _unit: &EncodedUnit) {}
}

impl Destination {
    /// Starts pushing what the tap takes to `address`.
    pub(crate) fn start(
        _id: DestinationId,
        _address: Secret,
        _host: String,
        _sink: EventSink,
    ) -> (DestinationHandle, Arc<dyn Tap>) {
        (DestinationHandle, Arc::new(Nothing))
    }
}
