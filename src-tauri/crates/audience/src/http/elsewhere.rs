//! Addresses where nothing is, and the ways on from there. People are led to what they meant, or get a
//! page that says what there is; programs get the reason as JSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use domain::{EpisodeId, LastReplay, OpenShow, OpenShows, ShowPage};

use super::guest::{Guest, Place};
use super::pages;
use super::problem::Problem;
use crate::budget::Holding;
use crate::shared::Shared;

/// Whether a person's browser asks, and not a program: it says that it takes a page.
pub(super) fn is_person(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// `GET /`: to the show that is open, if it is the only one.
pub(super) async fn root(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let nothing = || Problem::unknown("There is nothing at this address.").into_response();
    if !is_person(&headers) {
        return nothing();
    }
    match shared.shows.all().as_slice() {
        [] => page(StatusCode::NOT_FOUND, &headers),
        [show] => led_to(&format!("/{}", show.slug)),
        _ => page(StatusCode::OK, &headers),
    }
}

/// Whatever no address matches.
pub(super) async fn unknown(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    nothing_at(&shared, uri.path(), &headers, Problem::unknown("There is nothing at this address."))
}

/// An address that does not understand the method.
pub(super) async fn wrong_method(method: Method, headers: HeaderMap) -> Response {
    let problem = Problem::wrong_method(&method);
    if is_person(&headers) && method == Method::GET {
        return page(StatusCode::METHOD_NOT_ALLOWED, &headers);
    }
    problem.into_response()
}

/// Leads a person to what `path` means, should it be written with a slash too many or in capitals;
/// else a page for them. Programs get `problem`.
pub(super) fn nothing_at(shared: &Shared, path: &str, headers: &HeaderMap, problem: Problem) -> Response {
    if !is_person(headers) {
        return problem.into_response();
    }
    match meant(path).filter(|address| is_there(shared, address) && address != path) {
        Some(address) => led_to(&address),
        None => page(problem.status(), headers),
    }
}

/// `GET /shows.json`: the ways on.
pub(super) async fn shows(State(shared): State<Arc<Shared>>) -> Response {
    let mut open = shared.shows.all();
    open.sort_by(|a, b| a.slug.as_str().cmp(b.slug.as_str()));
    let shown = |show: Arc<crate::show::Show>| OpenShow {
        address: format!("/{}", show.slug),
        title: show.title(),
        on_air: show.is_on_air(),
    };
    fresh(OpenShows { shows: open.into_iter().map(shown).collect() })
}

/// `GET /S/show.json`: what a page may know without being in the room.
pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Extension(guest): Extension<Guest>,
    Path(slug): Path<String>,
) -> Result<Response, Problem> {
    let show = shared.shows.at(&slug).ok_or_else(|| Problem::unknown("There is no show at this address."))?;
    let (library, of) = (shared.library.clone(), show.slug.clone());
    let last = shared.readers.try_run(move || library.last_replay(&of)).await.map_err(Problem::no_answer)?;
    let offer = |replay: domain::Replay| LastReplay {
        address: format!("/replays/{}", replay.episode),
        title: replay.title,
        started_at: replay.started_at,
        duration_ms: replay.duration_ms,
    };
    // A place that is taken only to be given back.
    let has_place = shared.conversations.available_permits() > 0
        && (guest.place == Place::Here || shared.budgets.take(guest.address, Holding::Place).is_some());
    Ok(fresh(ShowPage {
        title: show.title(),
        on_air: show.is_on_air(),
        room_full: !has_place,
        hls_url: (show.is_on_air() && show.hls.is_there()).then(|| format!("/{}/index.m3u8", show.slug)),
        last_replay: last.map(offer),
    }))
}

/// The address that `path` most likely means: of a show, or of a replay.
fn meant(path: &str) -> Option<String> {
    let plain = path.trim_matches('/').to_ascii_lowercase();
    let one = !plain.is_empty() && !plain.contains('/');
    let replay = plain.strip_prefix("replays/").and_then(EpisodeId::parse);
    replay.map(|episode| format!("/replays/{episode}")).or_else(|| one.then(|| format!("/{plain}")))
}

/// A replay's page says by itself whether there is one.
fn is_there(shared: &Shared, address: &str) -> bool {
    address.starts_with("/replays/") || shared.shows.at(address.trim_start_matches('/')).is_some()
}

/// `address` is made of a short name or an episode, never of what was asked for.
fn led_to(address: &str) -> Response {
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    if let Ok(address) = HeaderValue::from_str(address) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    as_asked(response)
}

fn page(status: StatusCode, headers: &HeaderMap) -> Response {
    as_asked(pages::page("elsewhere.html", status, headers))
}

/// The same address answers programs otherwise.
fn as_asked(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("accept"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn fresh<T: serde::Serialize>(answer: T) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_understood_in_capitals_and_with_slashes() {
        let episode = "0123456789abcdef0123456789abcdef";
        for (path, address) in [
            ("/Studio", Some("/studio".to_owned())),
            ("/studio/", Some("/studio".to_owned())),
            ("//STUDIO//", Some("/studio".to_owned())),
            ("/replays/0123456789ABCDEF0123456789abcdef/", Some(format!("/replays/{episode}"))),
            ("/replays/", Some("/replays".to_owned())),
            ("/studio/whip", None),
            ("/replays/0123/", None),
            ("//", None),
        ] {
            assert_eq!(meant(path), address, "{path}");
        }
    }
}
