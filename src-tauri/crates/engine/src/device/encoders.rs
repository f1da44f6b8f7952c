//! H.264 encoders that are installed. The program is made with the first; the others are listed
//! so that a person sees what the computer could do.

use domain::{Device, DeviceKind};

use crate::device::merge::plain;

const KNOWN: [(&str, &str, &str); 8] = [
    ("x264enc", "x264", "in software; makes the program"),
    ("openh264enc", "OpenH264", "in software; found, not used"),
    ("vah264enc", "VA-API", "on the graphics card; found, not used"),
    ("vah264lpenc", "VA-API, low power", "on the graphics card; found, not used"),
    ("vaapih264enc", "VA-API (older)", "on the graphics card; found, not used"),
    ("nvh264enc", "NVENC", "on the graphics card; found, not used"),
    ("qsvh264enc", "Quick Sync", "on the graphics card; found, not used"),
    ("v4l2h264enc", "Video4Linux", "on the board; found, not used"),
];

/// The encoders of this computer, the one in use first.
pub(crate) fn encoders() -> Vec<Device> {
    let found = KNOWN.into_iter().filter(|(factory, ..)| gst::ElementFactory::find(factory).is_some());
    found
        .map(|(factory, name, detail)| Device {
            kind: DeviceKind::Encoder,
            id: format!("encoder:{}", plain(factory)),
            name: format!("H.264 by {name}"),
            detail: detail.to_owned(),
            unusable: None,
        })
        .collect()
}
