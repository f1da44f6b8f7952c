//! What a person must read who started the program without a terminal.

use std::io::IsTerminal as _;

use gtk::prelude::{DialogExt as _, GtkWindowExt as _};

/// Shows `text` in a dialog of its own until it is closed, where there is no terminal to read it in.
pub(super) fn show_without_a_terminal(text: &str) {
    if std::io::stderr().is_terminal() || gtk::init().is_err() {
        return;
    }
    // Who reads the log is told at once, and not only when the dialog is closed.
    tracing::error!(text, "the window cannot be opened");
    let dialog = gtk::MessageDialog::new(
        None::<&gtk::Window>,
        gtk::DialogFlags::empty(),
        gtk::MessageType::Error,
        gtk::ButtonsType::Close,
        &format!("Antenne cannot start: {text}"),
    );
    dialog.set_title("Antenne");
    dialog.run();
}
