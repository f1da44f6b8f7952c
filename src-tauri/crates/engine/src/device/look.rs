//! Cameras and microphones of every system that offers them.

use domain::DeviceKind;
use gst::prelude::{DeviceProviderExt, DeviceProviderExtManual};

use crate::device::candidate::Candidate;
use crate::device::merge::{Found, merge};
use crate::device::pipewire::Unread;
use crate::device::{pipewire, within_deadline};

/// Providers of GStreamer in the order in which they are asked for microphones, until one has any:
/// PulseAudio where it is not PipeWire that manages the sound, and sound cards without any server.
const SOUND: [&str; 2] = ["pulsedeviceprovider", "alsadeviceprovider"];
const CAMERAS: &str = "v4l2deviceprovider";

/// One look, at most so long as each system's deadline; and why it is not whole, where it is not.
pub(crate) fn cameras_and_microphones() -> (Vec<Found>, Option<Unread>) {
    let (mut candidates, mut unread) = match pipewire::look() {
        Ok(candidates) => (candidates, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let mut ask = |provider| match provided(provider) {
        Some(found) => found,
        None => {
            unread.get_or_insert(Unread(format!("{provider} did not answer in time")));
            Vec::new()
        }
    };
    candidates.extend(ask(CAMERAS));
    for provider in SOUND {
        if candidates.iter().any(|candidate| candidate.kind != DeviceKind::Camera) {
            break;
        }
        candidates.extend(ask(provider));
    }
    (merge(candidates), unread)
}

/// What one provider sees; nothing where it is not installed or does not start, none where it hangs.
fn provided(name: &'static str) -> Option<Vec<Candidate>> {
    let ask = move || {
        let Some(provider) = gst::DeviceProviderFactory::by_name(name) else { return Vec::new() };
        if provider.start().is_err() {
            return Vec::new();
        }
        let candidates = provider.devices().iter().filter_map(Candidate::read).collect();
        provider.stop();
        candidates
    };
    within_deadline(ask)
}
