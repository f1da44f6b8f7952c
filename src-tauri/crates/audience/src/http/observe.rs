//! For those who run the service: liveness and figures.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::guest::{Guest, Place};
use super::problem::Problem;
use crate::shared::Shared;

/// `GET /healthz`.
pub(super) async fn health() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(serde_json::json!({ "status": "ok" })))
}

/// `GET /metrics`, for this computer only; for others, and for what was forwarded, the address does
/// not exist.
pub(super) async fn metrics(State(shared): State<Arc<Shared>>, Extension(guest): Extension<Guest>) -> Response {
    if guest.place == Place::Away {
        return Problem::unknown("There is nothing at this address.").into_response();
    }
    let shows = shared.shows.all();
    let figures: Vec<_> =
        shows.iter().map(|show| (show.slug.as_str(), show.metrics.as_ref(), show.clock.now().0)).collect();
    let text = shared.metrics.text(&figures);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
