//! A file of the archive, whole or in part.

use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};

use super::problem::Problem;
use super::range::{Part, part};

/// Read from the disk at once.
const CHUNK: usize = 64 << 10;

/// Answers with the file at `path`, which the archive named, never the address. None where it cannot
/// be read.
pub(super) async fn send(path: &Path, content_type: &'static str, headers: &HeaderMap) -> Option<Response> {
    let opened = open(path, content_type, headers).await;
    opened.inspect_err(|error| tracing::warn!(%error, content_type, "a file of a replay cannot be read")).ok()
}

async fn open(path: &Path, content_type: &'static str, headers: &HeaderMap) -> io::Result<Response> {
    let mut file = File::open(path).await?;
    let about = file.metadata().await?;
    if !about.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let length = about.len();
    let changed = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let tag = format!("\"{length:x}-{:x}\"", changed.as_millis());
    let wanted = match headers.get(header::RANGE).map(HeaderValue::to_str) {
        Some(Ok(range)) if is_current(headers, &tag) => part(range, length),
        _ => Part::Whole,
    };
    let (status, first, count) = match wanted {
        Part::Whole => (StatusCode::OK, 0, length),
        Part::Bytes(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Part::Unsatisfiable => return Ok(unsatisfiable(length)),
    };
    file.seek(SeekFrom::Start(first)).await?;
    let mut response = (status, body(file, count)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(count));
    insert(headers, header::ETAG, tag);
    if status == StatusCode::PARTIAL_CONTENT {
        insert(headers, header::CONTENT_RANGE, format!("bytes {first}-{}/{length}", first + count - 1));
    }
    Ok(response)
}

/// A part only fits what the browser has if the file is still the same (RFC 9110 §13.1.5).
fn is_current(headers: &HeaderMap, tag: &str) -> bool {
    headers.get(header::IF_RANGE).is_none_or(|known| known.as_bytes() == tag.as_bytes())
}

fn unsatisfiable(length: u64) -> Response {
    let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", "The recording has no such part.");
    let mut response = problem.into_response();
    insert(response.headers_mut(), header::CONTENT_RANGE, format!("bytes */{length}"));
    response
}

/// The next `count` bytes. A file that turns out shorter ends the connection, so that nobody
/// takes half of it for the whole.
fn body(file: File, count: u64) -> Body {
    Body::from_stream(stream::try_unfold((file, count), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let size = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = vec![0; size];
        let read = file.read(&mut chunk).await?;
        if read == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        chunk.truncate(read);
        Ok(Some((Bytes::from(chunk), (file, left - read as u64))))
    }))
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
