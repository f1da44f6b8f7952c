//! The desktop's session bus, whose end must not be the show's.

use gtk::gio::{BusType, Cancellable, DBusConnection, bus_get_sync};

/// Makes this process outlive its session bus: GIO ends whoever was connected to one that went away.
/// GTK and everybody else in this process share the connection, which is kept as long as it is held.
///
/// None where there is no bus.
#[must_use]
pub(crate) fn outlived() -> Option<DBusConnection> {
    match bus_get_sync(BusType::Session, Cancellable::NONE) {
        Ok(connection) => {
            connection.set_exit_on_close(false);
            connection.connect_closed(|_, _, _| {
                tracing::warn!(
                    "the desktop's session bus went away: a show goes on, but notices and links may not reach the desktop"
                );
            });
            tracing::info!("connected to the desktop's session bus");
            Some(connection)
        }
        Err(error) => {
            tracing::info!(%error, "there is no session bus");
            None
        }
    }
}
