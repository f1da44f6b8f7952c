//! GStreamer's own debug output (`GST_DEBUG`) as tracing's events, so that it passes the redactor
//! that stands before the log: GStreamer prints addresses as they are, stream keys included.

use std::sync::Once;

use gst::DebugLevel;

/// The name under which the events are filtered, in `ANTENNE_LOG`.
const TARGET: &str = "gstreamer";

/// Takes the place of GStreamer's printing to standard error. May be called again.
pub(crate) fn divert() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        gst::log::remove_default_log_function();
        gst::log::add_log_function(|category, level, _file, _function, _line, object, message| {
            let object = object.map(ToString::to_string).unwrap_or_default();
            let words = message.get();
            log(category.name(), level, &object, words.as_deref().map_or("", gst::glib::GStr::as_str));
        });
    });
}

fn log(category: &str, level: DebugLevel, object: &str, message: &str) {
    match level {
        DebugLevel::None => {}
        DebugLevel::Error => tracing::error!(target: TARGET, category, object, "{message}"),
        DebugLevel::Warning => tracing::warn!(target: TARGET, category, object, "{message}"),
        DebugLevel::Fixme | DebugLevel::Info => tracing::info!(target: TARGET, category, object, "{message}"),
        DebugLevel::Debug => tracing::debug!(target: TARGET, category, object, "{message}"),
        _ => tracing::trace!(target: TARGET, category, object, "{message}"),
    }
}
