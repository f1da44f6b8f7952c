//! Pages of other sites: on a server, where shows are published from elsewhere, they may watch and publish. What they
//! need for it is said in headers; keys, not cookies, say who may what. A desk answers its own pages only.

use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What a page may send.
const SENT: &str = "authorization, content-type, if-match, range";
/// What it may read.
const READ: &str = "location, etag, accept-patch, antenne-clock, content-range, accept-ranges, retry-after";
/// For so many seconds a browser need not ask again.
const MAX_AGE: &str = "86400";

/// Whether `path` is one of those that answer any site: a show's media, and replays.
pub(super) fn is_open(path: &str) -> bool {
    let mut parts = path.trim_start_matches('/').split('/');
    matches!(
        (parts.next(), parts.next()),
        (Some("replays"), Some(_)) | (Some(_), Some("whep" | "whip" | "hls" | "index.m3u8"))
    )
}

/// The answer to a browser that asks whether it may (Fetch §3.2).
pub(super) fn preflight(method: &Method) -> Option<Response> {
    (*method == Method::OPTIONS).then(|| {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PATCH, DELETE, OPTIONS"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, SENT),
            (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    })
}

/// Any site may read it.
pub(super) fn open(mut response: Response) -> Response {
    let headers: [(HeaderName, &str); 2] =
        [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (header::ACCESS_CONTROL_EXPOSE_HEADERS, READ)];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_is_open_and_rooms_pages_and_numbers_are_not() {
        for path in
            ["/studio/whep", "/studio/whip/0011", "/studio/index.m3u8", "/studio/hls/1.m4s", "/replays/00/media.mp4"]
        {
            assert!(is_open(path), "{path}");
        }
        for path in
            ["/", "/studio", "/studio/room", "/metrics", "/healthz", "/replays", "/studio/show.json", "/a/b/whep"]
        {
            assert!(!is_open(path), "{path}");
        }
    }
}
