//! What one system says of one device, before doubles are merged.

use domain::DeviceKind;
use gst::prelude::{DeviceExt, ObjectExt};

use crate::device::merge::Address;
use crate::device::mode::{Mode, modes};

/// One device as one system sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) kind: DeviceKind,
    pub(crate) name: String,
    pub(crate) address: Address,
    /// The device file behind it, by which doubles are found.
    pub(crate) path: Option<String>,
    /// A link to the device file that survives replugging.
    pub(crate) stable_path: Option<String>,
    pub(crate) modes: Vec<Mode>,
}

impl Candidate {
    /// Reads what `device` says; none where it is of no kind or provider that we use.
    pub(crate) fn read(device: &gst::Device) -> Option<Self> {
        let class = device.device_class();
        let kind = match () {
            () if device.has_classes("Video/Source") => DeviceKind::Camera,
            () if device.has_classes("Audio/Source") => DeviceKind::Microphone,
            () => return None,
        };
        let properties = device.properties();
        let text =
            |key: &str| properties.as_ref().and_then(|p| p.get::<String>(key).ok()).filter(|text| !text.is_empty());
        let internal = || {
            device.find_property("internal-name")?;
            device.property::<Option<String>>("internal-name")
        };
        let provider = device.type_().name();
        let path = text("device.path");
        let address = match provider {
            "GstV4l2Device" => Address::V4l2(path.clone()?),
            "GstPulseDevice" => Address::Pulse(internal()?),
            "GstAlsaDevice" => Address::Alsa(internal()?),
            _ => {
                tracing::debug!(provider, %class, "a device of a provider that is not used");
                return None;
            }
        };
        let is_played = text("device.class").as_deref() == Some("monitor") || class.contains("Sink");
        let kind = if is_played && kind == DeviceKind::Microphone { DeviceKind::ComputerSound } else { kind };
        let stable_path = path.as_deref().and_then(stable_link);
        let modes = device.caps().map(|caps| modes(&caps)).unwrap_or_default();
        Some(Self { kind, name: device.display_name().into(), address, path, stable_path, modes })
    }
}

/// udev's link by the camera's own name and serial number, which survives another socket.
fn stable_link(path: &str) -> Option<String> {
    let device = std::fs::canonicalize(path).ok()?;
    let links = std::fs::read_dir("/dev/v4l/by-id").ok()?;
    let mut names: Vec<String> = links
        .flatten()
        .filter(|link| std::fs::canonicalize(link.path()).is_ok_and(|target| target == device))
        .filter_map(|link| link.file_name().into_string().ok())
        .collect();
    names.sort();
    names.into_iter().next()
}
