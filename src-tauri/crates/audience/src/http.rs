//! The addresses of CONTRACT, each in a file of its own.

mod accept;
mod file;
mod guard;
mod observe;
mod pages;
mod problem;
mod range;
mod replay;
mod room_door;
mod whep;

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::middleware;
use axum::routing::{any, delete, get, post};

pub(crate) use accept::serve;
pub(crate) use guard::Hosts;
pub(crate) use problem::Problem;
pub use range::fuzz_range;

use crate::shared::Shared;

/// All addresses, behind the guard.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/healthz", get(observe::health))
        .route("/metrics", get(observe::metrics))
        .route("/assets/{*path}", get(pages::asset))
        .route("/favicon.ico", get(pages::favicon))
        .route("/replays/{episode}", get(replay::page))
        .route("/replays/{episode}/media.mp4", get(replay::media))
        .route("/replays/{episode}/poster.jpg", get(replay::poster))
        .route("/replays/{episode}/timeline.json", get(replay::timeline))
        .route("/{show}", get(pages::show))
        .route("/{show}/room", any(room_door::enter))
        .route("/{show}/whep", post(whep::join))
        .route("/{show}/whep/{session}", delete(whep::leave))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(shared.clone(), guard::guard))
        .with_state(shared)
}

async fn unknown() -> Problem {
    Problem::unknown("There is nothing at this address.")
}

async fn wrong_method(method: Method) -> Problem {
    Problem::wrong_method(&method)
}
