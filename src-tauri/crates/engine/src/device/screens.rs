//! Screens that can be captured: the X11 display. Wayland needs the portal, which is not there yet.

use domain::{Device, DeviceKind};
use gst::prelude::{ElementExt, PadExt};

use crate::chain::Part;
use crate::device::merge::plain;
use crate::device::within_deadline;
use crate::source::x_death;

const PREFIX: &str = "x11:";

/// The display of a screen's id; none where it is no screen's id.
pub(crate) fn display_of(id: &str) -> Option<&str> {
    id.strip_prefix(PREFIX).filter(|display| !display.is_empty())
}

/// Why the screen cannot be captured in a Wayland session, where `display` belongs to one.
///
/// X11 programs see only each other there, and the screen would be black.
pub(crate) fn wayland_advice(display: &str) -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let own = set("DISPLAY").is_none_or(|own| own == display);
    let wayland = set("WAYLAND_DISPLAY").is_some() || set("XDG_SESSION_TYPE").as_deref() == Some("wayland");
    (own && wayland).then(|| {
        "This is a Wayland session, which does not show the screen to Antenne yet. \
         Log out and choose \"Xorg\" or \"X11\" at the login screen to share your screen."
            .to_owned()
    })
}

/// The display of this session, if there is one.
pub(crate) fn screens() -> Vec<Device> {
    let display = std::env::var("DISPLAY").ok().filter(|display| !display.is_empty());
    let wayland = std::env::var("WAYLAND_DISPLAY").is_ok_and(|display| !display.is_empty());
    let Some(display) = display.or_else(|| wayland.then(|| ":0".to_owned())) else { return Vec::new() };
    let unusable = wayland_advice(&display);
    let size = if unusable.is_some() { None } else { size_of(display.clone()) };
    let unusable = unusable.or_else(|| {
        size.is_none().then(|| {
            format!("The display {display} does not answer. Start Antenne in the session whose screen it shall show.")
        })
    });
    let detail = size.map_or_else(String::new, |(width, height)| format!("{width}×{height}"));
    let id = format!("{PREFIX}{}", plain(&display));
    vec![Device { kind: DeviceKind::Screen, id, name: format!("Screen {display}"), detail, unusable }]
}

/// The size of a display in pixels; none where it does not answer.
fn size_of(display: String) -> Option<(i32, i32)> {
    let ask = move || {
        x_death::survive();
        let source = Part::new("ximagesrc").set("display-name", display).build("screen's size").ok()?;
        let asked = source.set_state(gst::State::Ready).ok();
        let caps = asked.and_then(|_| Some(source.static_pad("src")?.query_caps(None)));
        let _ = source.set_state(gst::State::Null);
        let caps = caps?;
        let structure = caps.structure(0)?;
        Some((structure.get::<i32>("width").ok()?, structure.get::<i32>("height").ok()?))
    };
    within_deadline(ask).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screens_id_gives_its_display_back() {
        assert_eq!(display_of("x11::0.1"), Some(":0.1"));
        assert_eq!(display_of("x11:"), None);
        assert_eq!(display_of("pipewire:x"), None);
    }
}
