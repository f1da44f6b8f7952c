//! Cameras, microphones, screens and encoders: what is there, under ids that stay.

mod candidate;
mod encoders;
mod look;
mod merge;
mod mode;
mod pipewire;
mod screens;
mod watch;

use std::time::Duration;

use domain::{Device, DeviceKind};

use crate::thread_names;

pub(crate) use merge::{Address, Found};
pub(crate) use mode::{Encoding, Mode, best};
pub(crate) use screens::{display_of, wayland_advice};
pub use watch::DeviceWatch;

/// A look that takes longer is given up: a sound server that hangs must not take us along.
const LOOK_DEADLINE: Duration = Duration::from_secs(5);

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceList {
    /// What is there, as far as it could be read.
    pub devices: Vec<Device>,
    /// Why there may be more: something answered in a way that could not be read, or not in time.
    pub unread: Option<String>,
}

/// One look at what is there. Blocks for as long as the system takes to answer, at most 5 s for
/// cameras and microphones and 5 s for the screen. Needs [`init`](crate::init).
#[must_use]
pub fn list_devices() -> DeviceList {
    let (found, unread) = look::cameras_and_microphones();
    let mut devices: Vec<Device> = found.into_iter().map(|found| found.device).collect();
    devices.extend(screens::screens());
    devices.extend(encoders::encoders());
    DeviceList { devices, unread: unread.map(|unread| unread.0) }
}

/// The camera or microphone with this id, if it is there now. Blocks as [`list_devices`] does.
pub(crate) fn find(kind: DeviceKind, id: &str) -> Option<Found> {
    look::cameras_and_microphones().0.into_iter().find(|found| found.device.kind == kind && found.device.id == id)
}

/// Runs `work` on a thread of its own; none if it did not end within [`LOOK_DEADLINE`].
fn within_deadline<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, answer) = std::sync::mpsc::sync_channel(1);
    let spawned = std::thread::Builder::new().name(thread_names::DEVICE_LOOK.to_owned()).spawn(move || {
        let _ = done.send(work());
    });
    let answer = spawned.ok().and_then(|_| answer.recv_timeout(LOOK_DEADLINE).ok());
    if answer.is_none() {
        tracing::warn!("a look for devices took too long and was abandoned");
    }
    answer
}
