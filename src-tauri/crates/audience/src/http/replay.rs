//! Episodes watched afterwards.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{EpisodeId, Replay, ReplayState};

use super::elsewhere;
use super::file;
use super::pages;
use super::problem::Problem;
use crate::episode::ReplayLookup;
use crate::shared::Shared;
use crate::timelines::Coding;

/// `GET /replays/E`. People get the page also where there is nothing, with the status that says
/// so: the page has words for it. Programs get the reason as JSON.
pub(super) async fn page(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    match find(&shared, &id).await {
        Ok(_) => pages::page("replay.html", StatusCode::OK, &headers),
        Err(problem) => without(problem, &headers),
    }
}

/// There is no such replay: people get its page with the right status, programs the reason.
fn without(problem: Problem, headers: &HeaderMap) -> Response {
    if elsewhere::is_person(headers) {
        return pages::page("replay.html", problem.status(), headers);
    }
    problem.into_response()
}

/// `GET /replays/E/media.mp4`.
pub(super) async fn media(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let replay = match find(&shared, &id).await {
        Ok(replay) => replay,
        Err(problem) => return without(problem, &headers),
    };
    if replay.state == ReplayState::OnAir {
        let message = "The show is still on air; its replay comes afterwards.";
        return Problem::new(StatusCode::CONFLICT, "on_air", message).into_response();
    }
    let found = match &replay.path {
        Some(path) => file::send(&shared, path.as_ref(), "video/mp4", &headers).await,
        None => None,
    };
    found.unwrap_or_else(|| {
        // The row is there and the file is not: somebody removed it.
        let message = "The recording of this episode is not there.";
        Problem::new(StatusCode::NOT_FOUND, "recording_missing", message).into_response()
    })
}

/// `GET /replays/E/poster.jpg`: the picture that lies beside the recording.
pub(super) async fn poster(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let replay = match find(&shared, &id).await {
        Ok(replay) => replay,
        Err(problem) => return problem.into_response(),
    };
    let found = match &replay.path {
        Some(path) => {
            let picture = std::path::Path::new(path).with_extension("jpg");
            file::send(&shared, &picture, "image/jpeg", &headers).await
        }
        None => None,
    };
    found.unwrap_or_else(|| Problem::unknown("There is no picture of this replay.").into_response())
}

/// `GET /replays/E/timeline.json`.
pub(super) async fn timeline(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let replay = match find(&shared, &id).await {
        Ok(replay) => replay,
        Err(problem) => return problem.into_response(),
    };
    let coding = if pages::takes_gzip(&headers) { Coding::Gzip } else { Coding::Plain };
    match shared.timelines.of(&replay).await {
        Ok(Some(written)) => {
            let fixed = [
                (header::CACHE_CONTROL, "no-store"),
                (header::CONTENT_TYPE, "application/json"),
                (header::VARY, "accept-encoding"),
            ];
            let mut response = (fixed, written.bytes(coding)).into_response();
            if coding == Coding::Gzip {
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            response
        }
        Ok(None) => Problem::unknown("There is no replay at this address.").into_response(),
        Err(no_answer) => Problem::no_answer(no_answer).into_response(),
    }
}

/// The replay, or why there is none.
async fn find(shared: &Shared, id: &str) -> Result<Replay, Problem> {
    let unknown = || Problem::unknown("There is no replay at this address.");
    let episode = EpisodeId::parse(id).ok_or_else(unknown)?;
    let library = shared.library.clone();
    match shared.readers.try_run(move || library.replay(&episode)).await {
        Ok(ReplayLookup::Found { replay }) => Ok(replay),
        Ok(ReplayLookup::Gone) => {
            let message = "This replay was deleted.";
            Err(Problem::new(StatusCode::GONE, "replay_gone", message))
        }
        Ok(ReplayLookup::Unknown) => Err(unknown()),
        Err(no_answer) => Err(Problem::no_answer(no_answer)),
    }
}
