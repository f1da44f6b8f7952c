//! Errors as JSON: `{"code":"…","message":"…"}`.

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Class, Refusal};

use crate::pool::NoAnswer;

/// A request that was turned down.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    refusal: Refusal,
    retry_after: Option<u32>,
    challenges: bool,
}

impl Problem {
    /// Any status, with a stable code and a sentence.
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, refusal: Refusal::new(code, message), retry_after: None, challenges: false }
    }

    /// The status that is right for the class of what went wrong.
    pub(crate) fn of(class: Class, code: &str, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(class.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, code, message)
    }

    /// Another attempt makes sense after so many seconds.
    pub(crate) fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// It asks for a key (RFC 6750 §3).
    pub(crate) fn challenge(self) -> Self {
        Self { challenges: true, ..self }
    }

    /// What the answer's status will be.
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// 404.
    pub(crate) fn unknown(message: &str) -> Self {
        Self::of(Class::Missing, "not_found", message)
    }

    /// 405.
    pub(crate) fn wrong_method(method: &Method) -> Self {
        let message = format!("This address does not understand {method}.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    /// 500: a defect of ours.
    pub(crate) fn internal() -> Self {
        Self::of(Class::Internal, "internal", "Something went wrong here. It is not your fault.")
    }

    /// 429: this address holds all that one may.
    pub(crate) fn address_full() -> Self {
        let message = "As many people as may come from one address are here already.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "address_full", message).retry_after(30)
    }

    /// 503: nobody else can be served.
    pub(crate) fn full() -> Self {
        let message = "As many people are here as this computer can serve.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "full", message).retry_after(30)
    }

    /// 503 or 500: nobody could look for it.
    pub(crate) fn no_answer(why: NoAnswer) -> Self {
        match why {
            NoAnswer::Busy => {
                let message = "Too many people ask at once. Another attempt makes sense in a moment.";
                Self::of(Class::Unavailable, "busy", message).retry_after(1)
            }
            NoAnswer::Failed => Self::internal(),
        }
    }

    /// 503: the service is going away.
    pub(crate) fn stopping() -> Self {
        Self::of(Class::Unavailable, "stopping", "The service is stopping.").retry_after(5)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.refusal)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.challenges {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
