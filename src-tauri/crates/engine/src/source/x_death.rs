//! Survives the death of a captured X server.
//!
//! Xlib answers a broken connection by ending the whole process, which would end the broadcast
//! because a screen went away. Its error handler must not return; ours parks the capturing thread
//! for ever instead, so that the watchdog sees silence and the source is reopened. Each death of a
//! server costs one sleeping thread.
//!
//! # Why the `unsafe` here is sound
//!
//! - `XSetIOErrorHandler` may be called at any time, from any thread, without a display; it swaps
//!   one global pointer. The library stays loaded because [`LIBRARY`] is never dropped.
//! - Our handler is `extern "C"`, has the declared signature, does not touch the display, and does
//!   not unwind: it only reads a file, takes a lock that is held for moments, and parks.
//! - Xlib has released the display's lock before it calls the handler, so parking blocks nobody
//!   else.
//! - The handler that was there before (the window system's own) is called for every thread that
//!   is not capturing, with the argument that Xlib gave, as Xlib would have done.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::sync::{Mutex, OnceLock, PoisonError};

use x11_dl::xlib::{Display, Xlib};

type Handler = unsafe extern "C" fn(*mut Display) -> c_int;

static LIBRARY: OnceLock<Option<Xlib>> = OnceLock::new();
static PREVIOUS: Mutex<Option<Handler>> = Mutex::new(None);

/// Beginnings of the names of threads that work for a captured screen.
const CAPTURING: [&str; 3] = ["ximagesrc", "state-change", "device-look"];

/// Makes a dying X server the matter of the source that captures it. To be called before each
/// opening of a display, since others set their handler too. Does nothing without Xlib.
pub(crate) fn survive() {
    let Some(library) = LIBRARY.get_or_init(|| Xlib::open().ok()) else { return };
    let ours: Handler = on_death;
    // SAFETY: see the head of this file.
    let before = unsafe { (library.XSetIOErrorHandler)(Some(ours)) };
    if let Some(before) = before.filter(|before| !std::ptr::fn_addr_eq(*before, ours)) {
        *PREVIOUS.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
    }
}

unsafe extern "C" fn on_death(display: *mut Display) -> c_int {
    let thread = std::fs::read_to_string("/proc/thread-self/comm").unwrap_or_default();
    if CAPTURING.iter().any(|name| thread.starts_with(name)) {
        loop {
            std::thread::park();
        }
    }
    let before = *PREVIOUS.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: see the head of this file.
    before.map_or(0, |before| unsafe { before(display) })
}
