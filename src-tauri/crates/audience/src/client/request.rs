//! The two requests of WHEP.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use url::Url;

use super::{ClientError, unreachable};

/// An answer is no larger than this.
const BODY: usize = 256 << 10;

/// What the service answered.
#[derive(Debug)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    headers: HeaderMap,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Sends `body`.
pub(super) async fn post(url: &Url, kind: &str, body: String) -> Result<Answer, ClientError> {
    request(Method::POST, url, kind, body).await
}

/// Ends what is at `url`.
pub(super) async fn delete(url: &Url) -> Result<Answer, ClientError> {
    request(Method::DELETE, url, "", String::new()).await
}

async fn request(method: Method, url: &Url, kind: &str, body: String) -> Result<Answer, ClientError> {
    let failed = |error: &dyn std::fmt::Display| unreachable(url, &error.to_string());
    let mut request = Request::builder().method(method).uri(url.as_str());
    if !kind.is_empty() {
        request = request.header("content-type", kind);
    }
    let request = request.body(Body::from(body)).map_err(|error| failed(&error))?;
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|error| failed(&error))?;
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(Body::new(body), BODY).await.map_err(|error| failed(&error))?;
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Answer { status: parts.status.as_u16(), body, headers: parts.headers })
}
