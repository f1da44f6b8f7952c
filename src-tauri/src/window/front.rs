//! A second start brings the window that is open to the front. The two meet at a socket that only this
//! person's programs can reach.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use tauri::WebviewWindow;

/// Asks whoever has a window open on `folder` to show it. Whether there is one.
pub(super) fn bring_the_open_window(folder: &Path) -> bool {
    // To connect is the whole message.
    meeting_point(folder).is_some_and(|path| UnixStream::connect(path).is_ok())
}

/// Shows `window` whenever somebody starts another one on `folder`, whose lock this process holds.
pub(super) fn listen(window: &WebviewWindow, folder: &Path) {
    let Some(path) = meeting_point(folder) else { return };
    // Whoever held the folder before and died has left it there.
    let _absent = std::fs::remove_file(&path);
    let listener = match UnixListener::bind(&path) {
        Ok(listener) => listener,
        Err(error) => return tracing::warn!(%error, "a second start will not find this window"),
    };
    let window = window.clone();
    let show = move || {
        for _ in listener.incoming().filter_map(Result::ok) {
            tracing::info!("a second start: the window comes to the front");
            if let Err(error) = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus()) {
                tracing::warn!(%error, "the window cannot be brought to the front");
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("second-start".to_owned()).spawn(show) {
        tracing::warn!(%error, "a second start will not find this window");
    }
}

/// Where the starts on `folder` meet: one place for each folder, in the person's own runtime folder,
/// which nobody else can enter; none where the system has none.
fn meeting_point(folder: &Path) -> Option<PathBuf> {
    let mut hasher = DefaultHasher::new();
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).hash(&mut hasher);
    dirs::runtime_dir().map(|runtime| runtime.join(format!("antenne-{:016x}.socket", hasher.finish())))
}
