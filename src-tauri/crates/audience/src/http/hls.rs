//! HLS: a show's playlists, parts and segments. What is not there yet is waited for.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;

use super::pages;
use super::problem::Problem;
use crate::hls::{self, Answer, Stage, Text, Unreadable, View, Wanted};
use crate::shared::Shared;
use crate::show::Show;

/// Whoever comes before the first segment is whole waits for it, but not longer than for others.
const FIRST: Duration = Duration::from_secs(6);

/// `GET /S/index.m3u8`: the multivariant playlist.
pub(super) async fn index(
    State(shared): State<Arc<Shared>>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let coding = Coding::of(headers);
    let show = shared.shows.at(&slug).ok_or_else(|| Problem::unknown("There is no show at this address."))?;
    let opened = |stage: &Stage| match stage {
        Stage::Coming => None,
        Stage::Open(view) => Some(Ok(view.clone())),
        Stage::Nothing => {
            let message = "The show is not on air.";
            Some(Err(Problem::new(StatusCode::CONFLICT, "not_on_air", message).retry_after(1)))
        }
        Stage::Unfit => {
            let message = "This show cannot be watched by HLS: its keyframes are too far apart.";
            Some(Err(Problem::new(StatusCode::CONFLICT, "hls_unfit", message)))
        }
    };
    let view = until(&shared, &show, FIRST, opened).await??;
    Ok(text(&view.multivariant, coding, "no-cache"))
}

/// `GET /S/hls/…`: a file of a stream.
pub(super) async fn file(
    State(shared): State<Arc<Shared>>,
    Path((slug, path)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let coding = Coding::of(headers);
    let nothing = || Problem::unknown("There is no such part of a show; it may be over, or too old.");
    let show = shared.shows.at(&slug).ok_or_else(nothing)?;
    let (stream, name) = path.split_once('/').ok_or_else(nothing)?;
    let wanted = hls::parse(name, query.as_deref()).map_err(|unreadable| match unreadable {
        Unreadable::Name => nothing(),
        Unreadable::Query => {
            absurd("_HLS_msn and _HLS_part are whole numbers, each once, and a part needs its segment.")
        }
    })?;
    let Stage::Open(now) = show.hls.stage().borrow().clone() else { return Err(nothing()) };
    if now.stream != stream {
        return Err(nothing());
    }
    let patience = now.patience();
    drop(now);
    let answered = |stage: &Stage| match stage {
        Stage::Open(view) if view.stream == stream => match view.answer(wanted) {
            Answer::Wait => None,
            Answer::Here(bytes, stays) => Some(Ok(Sent::Media(bytes, stays))),
            Answer::Playlist => Some(Ok(Sent::Playlist(view.clone()))),
            Answer::Nothing => Some(Err(nothing())),
            Answer::Absurd => Some(Err(absurd("No playlist comes to this so soon."))),
        },
        _ => Some(Err(nothing())),
    };
    Ok(match until(&shared, &show, patience, answered).await?? {
        Sent::Playlist(view) => {
            // One that was waited for is the same for everybody who asks so.
            let plain = wanted == Wanted::Playlist(None);
            text(&view.media, coding, if plain { "no-cache" } else { "public, max-age=1" })
        }
        Sent::Media(bytes, stays) => media(bytes, stays),
    })
}

enum Sent {
    Playlist(Arc<View>),
    Media(Vec<Bytes>, Duration),
}

/// What `check` says of the stage, as soon as it says something.
///
/// # Errors
///
/// 503 where that takes longer than `patience`, or the service stops.
async fn until<T>(
    shared: &Shared,
    show: &Show,
    patience: Duration,
    check: impl Fn(&Stage) -> Option<T>,
) -> Result<T, Problem> {
    let mut stage = show.hls.stage();
    if let Some(answer) = check(&stage.borrow_and_update()) {
        return Ok(answer);
    }
    let _waiting = shared.metrics.hls_waiting.one();
    let mut stopping = shared.stopping.subscribe();
    let answered = async {
        loop {
            stage.changed().await.map_err(|_| Problem::stopping())?;
            if let Some(answer) = check(&stage.borrow_and_update()) {
                return Ok(answer);
            }
        }
    };
    tokio::select! {
        answer = answered => answer,
        _ = stopping.wait_for(|stopping| *stopping) => Err(Problem::stopping()),
        () = tokio::time::sleep(patience) => {
            let message = "The program is late. Another attempt makes sense in a moment.";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "hls_late", message).retry_after(1))
        }
    }
}

fn absurd(message: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "hls_query", message)
}

/// How playlists are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    Plain,
    Gzip,
}

impl Coding {
    /// By the headers of whoever may have to wait. They are not kept meanwhile: they hold the buffer that
    /// they were read into, and the connection would take another one of 8 KiB.
    fn of(headers: HeaderMap) -> Self {
        let coding = if pages::takes_gzip(&headers) { Self::Gzip } else { Self::Plain };
        drop(headers);
        coding
    }
}

fn text(text: &Text, coding: Coding, kept: &'static str) -> Response {
    let compressed = coding == Coding::Gzip;
    let body = if compressed { text.gzip.clone() } else { text.plain.clone() };
    let fixed = [
        (header::CONTENT_TYPE, "application/vnd.apple.mpegurl"),
        (header::CACHE_CONTROL, kept),
        (header::VARY, "accept-encoding"),
    ];
    let mut response = (fixed, body).into_response();
    if compressed {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// Bytes that never change, for as long as they are there.
fn media(bytes: Vec<Bytes>, stays: Duration) -> Response {
    let length: usize = bytes.iter().map(Bytes::len).sum();
    let body = match <[Bytes; 1]>::try_from(bytes) {
        Ok([one]) => Body::from(one),
        Err(several) => Body::from_stream(stream::iter(several.into_iter().map(Ok::<_, std::convert::Infallible>))),
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("video/mp4"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let kept = match stays.as_secs() {
        0 => "no-store".to_owned(),
        seconds => format!("public, max-age={seconds}"),
    };
    if let Ok(kept) = HeaderValue::try_from(kept) {
        headers.insert(header::CACHE_CONTROL, kept);
    }
    response
}
