//! The page lives in a process of its own, which may die. It owns nothing: it is loaded again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tauri::WebviewWindow;
use webkit2gtk::{WebProcessTerminationReason, WebViewExt as _};

/// A page that dies so often within [`WITHIN`] is left alone: it would die for ever.
const OFTEN: usize = 5;
const WITHIN: Duration = Duration::from_secs(60);

/// Loads the page again whenever its process has died.
pub(super) fn revive(window: &WebviewWindow) {
    let deaths = Arc::new(Mutex::new(Deaths::default()));
    let watched = window.with_webview(move |webview| {
        webview.inner().connect_web_process_terminated(move |view, reason| {
            if reason == WebProcessTerminationReason::TerminatedByApi {
                return;
            }
            tracing::error!(?reason, "the window's page died");
            if deaths.lock().unwrap_or_else(PoisonError::into_inner).may_live(Instant::now()) {
                view.reload();
            }
        });
    });
    if let Err(error) = watched {
        tracing::error!(%error, "the window's page is not watched");
    }
}

/// Ends a page that does not answer: it would outlive the window.
pub(super) fn end(window: &WebviewWindow) {
    if let Err(error) = window.with_webview(|webview| webview.inner().terminate_web_process()) {
        tracing::warn!(%error, "the window's page was left alone");
    }
}

/// When it died lately. Time is an argument.
#[derive(Default)]
struct Deaths(Vec<Instant>);

impl Deaths {
    /// It died at `now`: whether it is loaded again.
    fn may_live(&mut self, now: Instant) -> bool {
        self.0.retain(|death| now.saturating_duration_since(*death) < WITHIN);
        self.0.push(now);
        self.0.len() <= OFTEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_dies_is_loaded_again_unless_it_dies_for_ever() {
        let (mut deaths, start) = (Deaths::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!((0..5).all(|second| deaths.may_live(after(second))));
        assert!(!deaths.may_live(after(5)));
        assert!(deaths.may_live(after(120)), "a minute later it is another matter");
    }
}
