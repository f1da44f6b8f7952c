//! WHIP: a publisher's offer in, an answer out (RFC 9725). Only where the service has an intake; a desk has none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ShowSlug;

use super::guest::Guest;
use super::problem::Problem;
use super::sdp;
use crate::feed::Feed;
use crate::intake::Intake;
use crate::media_out::{Negotiator, Refused};
use crate::shared::Shared;

/// Two programs with one token would throw each other out for ever.
const SETTLED: Duration = Duration::from_secs(10);
/// What a token may be, in bytes.
const TOKEN: std::ops::RangeInclusive<usize> = 16..=512;
/// A fragment may be so large.
const FRAGMENT: usize = 16 << 10;
const FRAGMENT_TYPE: &str = "application/trickle-ice-sdpfrag";

/// `POST /S/whip`.
pub(super) async fn publish(
    State(shared): State<Arc<Shared>>,
    Extension(guest): Extension<Guest>,
    Path(slug): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (intake, show) = admitted(&shared, &slug, &headers).await?;
    let offer = sdp::offer(&headers, body, &shared).await?;
    let negotiated = sdp::negotiated(&shared, &guest, offer, Negotiator::take).await?;
    let (answer, fragment, id) = (negotiated.answer.clone(), negotiated.fragment.clone(), sdp::random_id()?);
    let waker = shared.media.waker();
    let (feed, is_new) = intake.feeds.of(&show, || Feed::new(show.clone(), move || waker.notify_one()));
    let now = Instant::now();
    if let Some(age) = feed.age(now).filter(|age| *age < SETTLED) {
        let wait = (SETTLED - age).as_secs().max(1);
        let message = format!(
            "Somebody began to publish this show {} s ago. Two programs with one key would throw each other out; stop one of them.",
            age.as_secs()
        );
        let wait = u32::try_from(wait).unwrap_or(10);
        return Err(Problem::new(StatusCode::CONFLICT, "already_published", message).retry_after(wait));
    }
    // Before the session: its first frame already finds whoever opens the show.
    if is_new && intake.opened.send(feed.clone()).await.is_err() {
        return Err(Problem::stopping());
    }
    let number = feed.begin(now).ok_or_else(|| {
        let message = "The show was ended at this moment. Publish again.";
        Problem::new(StatusCode::CONFLICT, "over", message).retry_after(1)
    })?;
    shared.media.publish(id.clone(), negotiated, feed, number).await.map_err(|refused| match refused {
        Refused::Stopping => Problem::stopping(),
        _ => Problem::full(),
    })?;
    let created = [
        (header::CONTENT_TYPE, "application/sdp".to_owned()),
        (header::LOCATION, format!("/{show}/whip/{id}")),
        (header::ETAG, format!("\"{fragment}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (HeaderName::from_static("accept-patch"), FRAGMENT_TYPE.to_owned()),
    ];
    Ok((StatusCode::CREATED, created, answer).into_response())
}

/// `PATCH /S/whip/…`: candidates that a publisher found later. We learn where it is from its checks, so there is
/// nothing to do with them; a restart is not among what we do.
pub(super) async fn trickle(
    State(shared): State<Arc<Shared>>,
    Path((slug, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    admitted(&shared, &slug, &headers).await?;
    if !sdp::is(&headers, FRAGMENT_TYPE) {
        let message = format!("Send candidates as {FRAGMENT_TYPE}.");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_a_fragment", message));
    }
    let fragment = sdp::read(body, FRAGMENT, &shared).await?;
    let Some(known) = shared.media.published(id).await else {
        return Err(Problem::unknown("There is no such session; it may have ended."));
    };
    match headers.get(header::IF_MATCH).and_then(|tag| tag.to_str().ok()).map(str::trim) {
        None => {
            let message = "Say with If-Match for which answer the candidates are.";
            Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, "no_if_match", message))
        }
        Some("*") => {
            let message = "A session cannot be restarted here. Publish anew: the show goes on where it is.";
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_restart", message))
        }
        Some(tag) if tag.trim_matches('"') != known => {
            let message = "The candidates are for another answer than this session's.";
            Err(Problem::new(StatusCode::PRECONDITION_FAILED, "other_answer", message))
        }
        Some(_) if !fragment.lines().any(|line| line.starts_with("a=")) => {
            let message = "There is no candidate in it.";
            Err(Problem::new(StatusCode::BAD_REQUEST, "fragment_malformed", message))
        }
        Some(_) => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// `DELETE /S/whip/…`.
pub(super) async fn unpublish(
    State(shared): State<Arc<Shared>>,
    Path((slug, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    admitted(&shared, &slug, &headers).await?;
    if shared.media.unpublish(id).await {
        Ok(StatusCode::OK)
    } else {
        Err(Problem::unknown("There is no such session; it may have ended."))
    }
}

/// Whoever has a key for this show.
async fn admitted<'a>(
    shared: &'a Arc<Shared>,
    slug: &str,
    headers: &HeaderMap,
) -> Result<(&'a Intake, ShowSlug), Problem> {
    let intake = shared.intake.as_ref().ok_or_else(|| Problem::unknown("This service takes no publishers."))?;
    let refused = || {
        let message = "Publishing needs the show's key: Authorization: Bearer KEY. Who runs this server makes one with `antenne-server token add`.";
        Problem::new(StatusCode::UNAUTHORIZED, "key_needed", message).challenge()
    };
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let token =
        token.map(|(_, token)| token.trim()).filter(|token| TOKEN.contains(&token.len())).ok_or_else(refused)?;
    // A show that does not exist is answered as one whose key is wrong: nobody learns which there are.
    let show = ShowSlug::parse(slug).map_err(|_| refused())?;
    let (keys, token, asked) = (intake.keys.clone(), token.to_owned(), show.clone());
    let is_admitted = shared.readers.try_run(move || keys.may_publish(&asked, &token)).await;
    if is_admitted.map_err(Problem::no_answer)? { Ok((intake, show)) } else { Err(refused()) }
}
