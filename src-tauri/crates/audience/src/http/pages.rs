//! The pages, embedded in the program.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::EmbeddedFile;

use super::elsewhere;
use super::problem::Problem;
use crate::shared::Shared;

/// What `npm --prefix ui run build` made. In debug builds it is read from the folder each time.
#[derive(rust_embed::RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../../ui/dist/viewer"]
#[allow_missing = true]
struct Pages;

/// `GET /S`: before, during and after the show.
pub(super) async fn show(State(shared): State<Arc<Shared>>, Path(show): Path<String>, headers: HeaderMap) -> Response {
    match shared.shows.at(&show) {
        Some(_) => page("index.html", StatusCode::OK, &headers),
        None => {
            let problem = Problem::unknown("There is no show at this address.");
            elsewhere::nothing_at(&shared, &format!("/{show}"), &headers, problem)
        }
    }
}

/// `GET /assets/…`: their names change with their content, so they may be kept for ever.
pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    // The name is looked up in a table, or below the folder in debug builds; never walk upwards.
    let plain = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..") && !path.contains('\\');
    let Some(found) = Some(format!("assets/{path}")).filter(|_| plain).and_then(|name| Found::look(&name, &headers))
    else {
        return Problem::unknown("There is nothing at this address.").into_response();
    };
    let kind = mime_guess::from_path(&path).first_or_octet_stream();
    let kind = if kind.type_() == "text" { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    let mut response = found.answer(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    if let Ok(kind) = HeaderValue::try_from(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// Browsers ask for it whatever the page says.
pub(super) async fn favicon() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// A page by its file's name, or a sentence that says how to build it.
pub(super) fn page(name: &str, status: StatusCode, headers: &HeaderMap) -> Response {
    let Some(found) = Found::look(name, headers) else {
        let message = "The viewer's pages were not built into this program. Run `make` once.";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "pages_missing", message).into_response();
    };
    let tag = found.tag();
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response =
        if known && status == StatusCode::OK { StatusCode::NOT_MODIFIED.into_response() } else { found.answer(status) };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Whether a browser takes what was compressed with gzip (RFC 9110 §12.5.3).
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|accepted| accepted.to_str().ok()).unwrap_or("");
    accepted.split(',').any(|coding| {
        let (coding, weight) = coding.split_once(';').unwrap_or((coding, ""));
        coding.trim() == "gzip" && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

/// A file of the pages, compressed beforehand where there is such a twin and the browser takes it.
struct Found {
    file: EmbeddedFile,
    compressed: bool,
}

impl Found {
    fn look(name: &str, headers: &HeaderMap) -> Option<Self> {
        let twin = if takes_gzip(headers) { Pages::get(&format!("{name}.gz")) } else { None };
        match twin {
            Some(file) => Some(Self { file, compressed: true }),
            None => Pages::get(name).map(|file| Self { file, compressed: false }),
        }
    }

    fn tag(&self) -> String {
        let hash: String = self.file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("\"{hash}\"")
    }

    fn answer(self, status: StatusCode) -> Response {
        let body = match self.file.data {
            Cow::Borrowed(data) => Bytes::from_static(data),
            Cow::Owned(data) => data.into(),
        };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if self.compressed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}
