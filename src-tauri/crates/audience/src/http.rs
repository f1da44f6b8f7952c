//! The addresses of `docs/contract.md`, each in a file of its own.

mod accept;
mod cors;
mod elsewhere;
mod file;
mod guard;
mod guest;
mod hls;
mod observe;
mod pages;
mod patient;
mod problem;
mod range;
mod replay;
mod room_door;
mod sdp;
mod whep;
mod whip;

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware;
use axum::routing::{MethodFilter, MethodRouter, on};

pub(crate) use accept::serve;
pub(crate) use guard::Hosts;
pub use range::fuzz_range;

use crate::shared::Shared;

/// One address: how it is asked, where, and what answers.
struct Route {
    method: Method,
    path: &'static str,
    answer: MethodRouter<Arc<Shared>>,
}

/// An address and its handler.
fn route<H, T>(method: Method, path: &'static str, handler: H) -> Route
where
    H: Handler<T, Arc<Shared>>,
    T: 'static,
{
    let filter = MethodFilter::try_from(method.clone()).expect("routes use HTTP's own methods");
    Route { method, path, answer: on(filter, handler) }
}

/// Every address. The router is made of this list and of nothing else.
fn table() -> [Route; 20] {
    [
        route(Method::GET, "/healthz", observe::health),
        route(Method::GET, "/metrics", observe::metrics),
        route(Method::GET, "/", elsewhere::root),
        route(Method::GET, "/shows.json", elsewhere::shows),
        route(Method::GET, "/assets/{*path}", pages::asset),
        route(Method::GET, "/favicon.ico", pages::favicon),
        route(Method::GET, "/replays/{episode}", replay::page),
        route(Method::GET, "/replays/{episode}/media.mp4", replay::media),
        route(Method::GET, "/replays/{episode}/poster.jpg", replay::poster),
        route(Method::GET, "/replays/{episode}/timeline.json", replay::timeline),
        route(Method::GET, "/{show}", pages::show),
        route(Method::GET, "/{show}/show.json", elsewhere::show),
        route(Method::GET, "/{show}/room", room_door::enter),
        route(Method::GET, "/{show}/index.m3u8", hls::index),
        route(Method::GET, "/{show}/hls/{*path}", hls::file),
        route(Method::POST, "/{show}/whep", whep::join),
        route(Method::DELETE, "/{show}/whep/{session}", whep::leave),
        route(Method::POST, "/{show}/whip", whip::publish),
        route(Method::PATCH, "/{show}/whip/{session}", whip::trickle),
        route(Method::DELETE, "/{show}/whip/{session}", whip::unpublish),
    ]
}

/// Every address that the service answers, as `METHOD /path` with `{names}` for what varies. `GET`
/// answers `HEAD` too. For those who describe the service: `docs/contract.md` is tested with it.
#[must_use]
pub fn routes() -> Vec<String> {
    table().iter().map(|route| format!("{} {}", route.method, route.path)).collect()
}

/// All addresses, behind the guard.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    table()
        .into_iter()
        .fold(Router::new(), |router, route| router.route(route.path, route.answer))
        .fallback(elsewhere::unknown)
        .method_not_allowed_fallback(elsewhere::wrong_method)
        .layer(middleware::from_fn_with_state(shared.clone(), guard::guard))
        .with_state(shared)
}
