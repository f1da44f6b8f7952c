//! What must be installed for the engine to run.

use crate::error::EngineError;

const BASE: &str = "gstreamer1.0-plugins-base";
const GOOD: &str = "gstreamer1.0-plugins-good";
const BAD: &str = "gstreamer1.0-plugins-bad";
const UGLY: &str = "gstreamer1.0-plugins-ugly";
const LIBAV: &str = "gstreamer1.0-libav";
const CORE: &str = "libgstreamer1.0-0";

/// Without these there is no program. Cameras, screens and destinations need more, and say so
/// when they are opened.
const REQUIRED: &[(&str, &str)] = &[
    ("capsfilter", CORE),
    ("queue", CORE),
    ("filesink", CORE),
    ("filesrc", CORE),
    ("appsrc", BASE),
    ("appsink", BASE),
    ("audioconvert", BASE),
    ("audiomixer", BASE),
    ("audioresample", BASE),
    ("audiotestsrc", BASE),
    ("opusenc", BASE),
    ("opusdec", BASE),
    ("videoconvertscale", BASE),
    ("videorate", BASE),
    ("videotestsrc", BASE),
    ("volume", BASE),
    ("level", GOOD),
    ("mp4mux", GOOD),
    ("qtdemux", GOOD),
    ("jpegenc", GOOD),
    ("h264parse", BAD),
    ("aacparse", GOOD),
    ("x264enc", UGLY),
    ("avenc_aac", LIBAV),
    ("avdec_h264", LIBAV),
];

const OPTIONAL: &[(&str, &str)] = &[
    ("v4l2src", GOOD),
    ("jpegdec", GOOD),
    ("flvmux", GOOD),
    ("ximagesrc", GOOD),
    ("pulsesrc", GOOD),
    ("rtmp2sink", BAD),
    ("pipewiresrc", "gstreamer1.0-pipewire"),
    ("alsasrc", "gstreamer1.0-alsa"),
];

/// Starts GStreamer and looks for everything that the program needs. May be called again.
///
/// # Errors
///
/// [`EngineError::MissingElement`] names the element and its package; [`EngineError::Gstreamer`]
/// where the library itself does not start.
pub fn init() -> Result<(), EngineError> {
    gst::init().map_err(|error| EngineError::Gstreamer { problem: error.to_string() })?;
    crate::debug_log::divert();
    for (element, package) in REQUIRED {
        if gst::ElementFactory::find(element).is_none() {
            return Err(EngineError::MissingElement { element: (*element).to_owned(), package });
        }
    }
    Ok(())
}

/// The Debian package that holds `element`.
pub(crate) fn package_of(element: &str) -> &'static str {
    let known = REQUIRED.iter().chain(OPTIONAL).find(|(name, _)| *name == element);
    known.map_or("that provides it (see gst-inspect-1.0)", |(_, package)| package)
}
