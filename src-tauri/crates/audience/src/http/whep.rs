//! WHEP: an offer in, an answer out (draft-ietf-wish-whep). One round trip; candidates of the
//! viewer are learned from its datagrams, so there is nothing to trickle.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::guest::{Guest, Place, budgeted};
use super::problem::Problem;
use super::sdp;
use crate::budget::Holding;
use crate::clock::clock_header;
use crate::media_out::{Negotiator, Refused, Upload, Viewer};
use crate::shared::Shared;

/// `POST /S/whep`.
pub(super) async fn join(
    State(shared): State<Arc<Shared>>,
    Extension(guest): Extension<Guest>,
    Path(slug): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let show = shared.shows.at(&slug).ok_or_else(|| Problem::unknown("There is no show at this address."))?;
    let offer = sdp::offer(&headers, body, &shared).await?;
    if !show.is_on_air() {
        let message = "The show is not on air.";
        return Err(Problem::new(StatusCode::CONFLICT, "not_on_air", message).retry_after(1));
    }
    let held = budgeted(&shared, &guest, Holding::Session)?;
    let negotiated = sdp::negotiated(&shared, &guest, offer, Negotiator::answer).await?;
    let answer = negotiated.answer.clone();
    let id = sdp::random_id()?;
    let upload = if guest.place == Place::Away { Upload::Counts } else { Upload::Free };
    let viewer = Viewer { id: id.clone(), address: guest.address, held, upload };
    shared.media.join(show.key, negotiated, viewer).await.map_err(|refused| {
        if matches!(refused, Refused::Pending | Refused::Full | Refused::Upload) {
            shared.metrics.turned_away.add(1);
        }
        refused_session(refused)
    })?;
    let created = [
        (header::CONTENT_TYPE, "application/sdp".to_owned()),
        (header::LOCATION, format!("/{slug}/whep/{id}")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (HeaderName::from_static("antenne-clock"), clock_header(show.clock.now())),
    ];
    Ok((StatusCode::CREATED, created, answer).into_response())
}

/// `DELETE /S/whep/…`.
pub(super) async fn leave(
    State(shared): State<Arc<Shared>>,
    Path((slug, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let left = match shared.shows.at(&slug) {
        Some(show) => shared.media.leave(show.key, id).await,
        None => false,
    };
    if left { Ok(StatusCode::OK) } else { Err(Problem::unknown("There is no such session; it may have ended.")) }
}

fn refused_session(refused: Refused) -> Problem {
    match refused {
        Refused::Pending => {
            let message = "Too many sessions from this address wait for their connection.";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_pending", message).retry_after(5)
        }
        Refused::Full => Problem::full(),
        Refused::Upload => {
            let message = "The connection of this show carries no more viewers. Somebody must leave first.";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "upload_full", message).retry_after(30)
        }
        // It ended while we computed.
        Refused::Over => Problem::new(StatusCode::CONFLICT, "not_on_air", "The show is over."),
        Refused::Stopping => Problem::stopping(),
    }
}
