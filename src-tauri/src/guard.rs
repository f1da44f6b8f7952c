//! Where the window may go: nowhere. It shows the studio's own page; what leads out of it is opened
//! in the person's browser, which may not ask the studio for anything.

use tauri::Url;

/// What becomes of a wish to show another page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the studio's own page.
    Stay,
    /// It is opened in the person's browser.
    Browser,
    /// It is nobody's page: a file, a script, a document of data.
    Refuse,
}

/// Whether the window may show `url`.
pub(crate) fn verdict(url: &Url) -> Verdict {
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    match (url.scheme(), url.host_str()) {
        // Tauri's own origin, and the empty page that a web view begins with.
        ("tauri", Some("localhost")) if !has_credentials && url.port().is_none() => Verdict::Stay,
        ("about", None) if url.path() == "blank" => Verdict::Stay,
        ("http" | "https", Some(_)) if !has_credentials => Verdict::Browser,
        _ => Verdict::Refuse,
    }
}

/// Decides, opens the browser where it is to be opened, and answers whether the window goes there.
pub(crate) fn goes(url: &Url) -> bool {
    match verdict(url) {
        Verdict::Stay => true,
        Verdict::Browser => {
            tracing::info!(host = url.host_str(), "a page is opened in the browser");
            // It may wait for the desktop, which the window must not.
            let url = url.to_string();
            let open = move || {
                if let Err(error) = opener::open_browser(url) {
                    tracing::warn!(%error, "the browser could not be opened");
                }
            };
            if let Err(error) = std::thread::Builder::new().name("browser".to_owned()).spawn(open) {
                tracing::warn!(%error, "the browser could not be opened");
            }
            false
        }
        Verdict::Refuse => {
            tracing::warn!(scheme = url.scheme(), "the window does not go there");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_shows_its_own_page_and_no_other() {
        for (url, expected) in [
            ("tauri://localhost/index.html", Verdict::Stay),
            ("tauri://localhost/", Verdict::Stay),
            ("about:blank", Verdict::Stay),
            ("https://example.org/help", Verdict::Browser),
            ("http://127.0.0.1:8420/studio", Verdict::Browser),
            ("http://tauri.localhost/", Verdict::Browser),
            ("https://tauri@localhost/", Verdict::Refuse),
            ("tauri://localhost.example.org/", Verdict::Refuse),
            ("tauri://localhost:1/", Verdict::Refuse),
            ("tauri://me@localhost/", Verdict::Refuse),
            ("about:srcdoc", Verdict::Refuse),
            ("file:///etc/passwd", Verdict::Refuse),
            ("data:text/html,<script>alert(1)</script>", Verdict::Refuse),
            ("blob:tauri://localhost/5", Verdict::Refuse),
            ("javascript:alert(1)", Verdict::Refuse),
            ("mailto:ada@example.org", Verdict::Refuse),
        ] {
            assert_eq!(verdict(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
