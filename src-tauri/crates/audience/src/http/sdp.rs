//! What WHEP and WHIP have in common: an offer is read, or refused in words.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};

use super::problem::Problem;
use crate::media_out::NegotiationError;
use crate::shared::Shared;

/// An offer may be so large.
pub(super) const OFFER: usize = 64 << 10;

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
pub(super) fn refused(error: &NegotiationError) -> Problem {
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
