//! What WHEP and WHIP have in common: an offer is read, or refused in words.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};

use super::guest::Guest;
use super::problem::Problem;
use crate::media_out::{NegotiationError, Negotiator};
use crate::pool::NoAnswer;
use crate::shared::Shared;

/// An offer may be so large.
const OFFER: usize = 64 << 10;

/// The offer in a request.
pub(super) async fn offer(headers: &HeaderMap, body: Body, shared: &Shared) -> Result<String, Problem> {
    if !is(headers, "application/sdp") {
        let message = "Send the offer as application/sdp.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_sdp", message));
    }
    read(body, OFFER, shared).await
}

/// What `negotiate` makes of an offer of `guest`, computed where nobody waits for it.
pub(super) async fn negotiated<T: Send + 'static>(
    shared: &Arc<Shared>,
    guest: &Guest,
    offer: String,
    negotiate: fn(&Negotiator, &str, &[SocketAddr]) -> Result<T, NegotiationError>,
) -> Result<T, Problem> {
    let candidates = shared.candidates(guest.address).map_err(|error| {
        tracing::error!(%error, "this computer's addresses are unknown");
        Problem::internal()
    })?;
    let answering = shared.clone();
    let work = move || negotiate(&answering.media.negotiator, &offer, &candidates);
    match shared.negotiators.try_run(work).await {
        Ok(negotiated) => negotiated.map_err(|error| refused(&error)),
        Err(NoAnswer::Busy) => Err(Problem::no_answer(NoAnswer::Busy)),
        Err(NoAnswer::Failed) => {
            tracing::error!("an offer broke the negotiation");
            Err(refused(&NegotiationError::Malformed))
        }
    }
}

/// Whether the body is said to be of this type.
pub(super) fn is(headers: &HeaderMap, wanted: &str) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

/// The body as text, of at most so many bytes, within the time that a body may take.
pub(super) async fn read(body: Body, most: usize, shared: &Shared) -> Result<String, Problem> {
    let slow = |_| Problem::new(StatusCode::BAD_REQUEST, "too_slow", "The offer took too long to arrive.");
    let body =
        tokio::time::timeout(shared.limits.request_body, axum::body::to_bytes(body, most)).await.map_err(slow)?;
    let bytes = body.map_err(|error| {
        let too_large = error.into_inner().is::<http_body_util::LengthLimitError>();
        if too_large {
            let message = format!("An offer has at most {} KiB.", most >> 10);
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "offer_too_large", message)
        } else {
            Problem::new(StatusCode::BAD_REQUEST, "offer_broken", "The offer did not arrive whole.")
        }
    })?;
    String::from_utf8(bytes.into()).map_err(|_| refused(&NegotiationError::Malformed))
}

/// Why an offer has no answer.
fn refused(error: &NegotiationError) -> Problem {
    let (status, code) = match error {
        NegotiationError::Malformed => (StatusCode::BAD_REQUEST, "offer_malformed"),
        NegotiationError::NoVideo => (StatusCode::BAD_REQUEST, "offer_without_h264"),
        NegotiationError::OtherCodecs(_) => (StatusCode::BAD_REQUEST, "offer_without_h264"),
        NegotiationError::NoAddress => (StatusCode::SERVICE_UNAVAILABLE, "no_address"),
    };
    Problem::new(status, code, format!("{error}."))
}

/// 128 random bits: whoever knows it may end the session.
pub(super) fn random_id() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "no random numbers");
        Problem::internal()
    })?;
    Ok(hex::encode(bytes))
}
