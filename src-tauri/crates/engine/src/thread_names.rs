//! What this crate's threads are called: in `ps -L`, in a debugger, in the log of a panic. Linux keeps 15
//! bytes of a name. ARCHITECTURE.md says what each of them owns.

pub(crate) const ENGINE: &str = "engine";
pub(crate) const BLENDER: &str = "blender";
pub(crate) const PAINTER: &str = "painter";
pub(crate) const PROBE: &str = "probe";
/// One state change of one pipeline, with its deadline.
pub(crate) const STATE_CHANGE: &str = "state-change";
/// Follows plug and unplug.
pub(crate) const DEVICE_WATCH: &str = "device-watch";
/// Asks a device provider, which may hang.
pub(crate) const DEVICE_LOOK: &str = "device-look";
/// Reads what PipeWire's tool writes of what is there.
pub(crate) const PIPEWIRE_LOOK: &str = "pipewire-look";
/// Reads what PipeWire's tool writes whenever something changes.
pub(crate) const PIPEWIRE_WATCH: &str = "pipewire-watch";
pub(crate) const CLOSE_SOURCE: &str = "close-source";
pub(crate) const STOP_DESTINATION: &str = "stop-destination";

/// The supervisor of a source.
pub(crate) fn source(id: &domain::SourceId) -> String {
    format!("source {id}")
}

/// The reader of a destination.
pub(crate) fn destination(id: impl std::fmt::Display) -> String {
    format!("destination-{id}")
}
