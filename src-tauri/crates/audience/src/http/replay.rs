//! Episodes watched afterwards.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{EpisodeId, Replay, ReplayState, Timeline};

use super::file;
use super::pages;
use super::problem::Problem;
use crate::episode::{Library, ReplayLookup};
use crate::shared::Shared;

/// `GET /replays/E`. People get the page also where there is nothing, with the status that says
/// so: the page has words for it. Programs get the reason as JSON.
pub(super) async fn page(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let person = headers
        .get(header::ACCEPT)
        .and_then(|accepted| accepted.to_str().ok())
        .is_some_and(|accepted| accepted.contains("text/html"));
    match find(&shared, &id).await {
        Ok(_) => pages::page("replay.html", StatusCode::OK, &headers),
        Err((status, _)) if person => pages::page("replay.html", status, &headers),
        Err((_, problem)) => problem.into_response(),
    }
}

/// `GET /replays/E/media.mp4`.
pub(super) async fn media(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let replay = match find(&shared, &id).await {
        Ok((_, replay)) => replay,
        Err((_, problem)) => return problem.into_response(),
    };
    if replay.state == ReplayState::OnAir {
        let message = "The show is still on air; its replay comes afterwards.";
        return Problem::new(StatusCode::CONFLICT, "on_air", message).into_response();
    }
    let found = match &replay.path {
        Some(path) => file::send(path.as_ref(), "video/mp4", &headers).await,
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
        Ok((_, replay)) => replay,
        Err((_, problem)) => return problem.into_response(),
    };
    let found = match &replay.path {
        Some(path) => file::send(&std::path::Path::new(path).with_extension("jpg"), "image/jpeg", &headers).await,
        None => None,
    };
    found.unwrap_or_else(|| Problem::unknown("There is no picture of this replay.").into_response())
}

/// `GET /replays/E/timeline.json`.
pub(super) async fn timeline(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let (episode, _) = match find(&shared, &id).await {
        Ok(found) => found,
        Err((_, problem)) => return problem.into_response(),
    };
    let found: Option<Timeline> = ask(&shared, move |library| library.timeline(&episode)).await.flatten();
    match found {
        Some(timeline) => ([(header::CACHE_CONTROL, "no-store")], Json(timeline)).into_response(),
        None => Problem::unknown("There is no replay at this address.").into_response(),
    }
}

/// The replay, or the status and the reason.
async fn find(shared: &Shared, id: &str) -> Result<(EpisodeId, Replay), (StatusCode, Problem)> {
    let unknown = || (StatusCode::NOT_FOUND, Problem::unknown("There is no replay at this address."));
    let episode = EpisodeId::parse(id).ok_or_else(unknown)?;
    let asked = episode.clone();
    match ask(shared, move |library| library.replay(&asked)).await {
        Some(ReplayLookup::Found { replay }) => Ok((episode, replay)),
        Some(ReplayLookup::Gone) => {
            let message = "This replay was deleted.";
            Err((StatusCode::GONE, Problem::new(StatusCode::GONE, "replay_gone", message)))
        }
        Some(ReplayLookup::Unknown) => Err(unknown()),
        None => Err((StatusCode::INTERNAL_SERVER_ERROR, Problem::internal())),
    }
}

/// Asks the library where blocking is allowed; nothing if it failed badly.
async fn ask<T: Send + 'static>(
    shared: &Shared,
    question: impl FnOnce(&dyn Library) -> T + Send + 'static,
) -> Option<T> {
    let library = shared.library.clone();
    let answer = tokio::task::spawn_blocking(move || question(library.as_ref())).await;
    answer.inspect_err(|error| tracing::error!(%error, "the library failed")).ok()
}
