//! A file of the archive, whole or in part.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;

use super::problem::Problem;
use super::range::{Part, part};
use crate::pool::Pool;
use crate::shared::Shared;

/// Read from the disk at once.
const CHUNK: usize = 64 << 10;

/// Answers with the file at `path`, which the archive named, never the address. None where it cannot
/// be read.
pub(super) async fn send(
    shared: &Shared,
    path: &Path,
    content_type: &'static str,
    headers: &HeaderMap,
) -> Option<Response> {
    // An open file is a descriptor as a connection is, and both come out of one budget.
    let Ok(descriptor) = shared.descriptors.clone().try_acquire_owned() else {
        return Some(Problem::full().into_response());
    };
    let found = path.to_owned();
    let opened = match shared.readers.try_run(move || open(&found)).await {
        Ok(opened) => opened,
        Err(no_answer) => return Some(Problem::no_answer(no_answer).into_response()),
    };
    let opened = opened.inspect_err(|error| tracing::warn!(%error, content_type, "a file of a replay cannot be read"));
    let Opened { file, length, tag } = opened.ok()?;
    let wanted = match headers.get(header::RANGE).map(HeaderValue::to_str) {
        Some(Ok(range)) if is_current(headers, &tag) => part(range, length),
        _ => Part::Whole,
    };
    let (status, first, count) = match wanted {
        Part::Whole => (StatusCode::OK, 0, length),
        Part::Bytes(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Part::Unsatisfiable => return Some(unsatisfiable(length)),
    };
    let sending = Sending { file, at: first, left: count, _descriptor: descriptor };
    let mut response = (status, body(shared.readers.clone(), sending)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(count));
    insert(headers, header::ETAG, tag);
    if status == StatusCode::PARTIAL_CONTENT {
        insert(headers, header::CONTENT_RANGE, format!("bytes {first}-{}/{length}", first + count - 1));
    }
    Some(response)
}

/// A file, and what is said about it.
struct Opened {
    file: File,
    length: u64,
    tag: String,
}

fn open(path: &Path) -> io::Result<Opened> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let length = about.len();
    // A clock that stood before 1970 makes the tag that of its length alone.
    let changed = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Opened { file, length, tag: format!("\"{length:x}-{:x}\"", changed.as_millis()) })
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

/// A part of a file on its way.
struct Sending {
    file: File,
    at: u64,
    left: u64,
    _descriptor: OwnedSemaphorePermit,
}

impl Sending {
    fn read(mut self) -> io::Result<(Bytes, Self)> {
        let size = usize::try_from(self.left).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = vec![0; size];
        self.file.seek(SeekFrom::Start(self.at))?;
        let read = self.file.read(&mut chunk)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        chunk.truncate(read);
        (self.at, self.left) = (self.at + read as u64, self.left - read as u64);
        Ok((Bytes::from(chunk), self))
    }
}

/// What is to be sent, read by `readers`. A file that turns out shorter ends the connection, so that
/// nobody takes half of it for the whole.
fn body(readers: Arc<Pool>, sending: Sending) -> Body {
    Body::from_stream(stream::try_unfold(sending, move |sending| {
        let readers = readers.clone();
        async move {
            if sending.left == 0 {
                return Ok(None);
            }
            let read = readers.run(move || sending.read()).await;
            read.unwrap_or_else(|_| Err(io::Error::other("the reader failed"))).map(Some)
        }
    }))
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
