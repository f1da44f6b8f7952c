//! The way into the room: a request becomes a WebSocket.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::accept::Connection;
use super::problem::Problem;
use crate::room;
use crate::shared::Shared;

/// For each socket; the default would be 128 KiB.
const READ_BUFFER: usize = 4 << 10;
/// What is read before it is turned down. A message over 2 KiB closes the socket with 1009; a
/// little more is read so that the reason still reaches its sender.
const READ_AT_MOST: usize = 16 << 10;
/// Larger than the largest message of ours: a welcome with fifty long comments.
const WRITE_AT_MOST: usize = 512 << 10;

/// `GET /S/room`.
pub(super) async fn enter(
    State(shared): State<Arc<Shared>>,
    Extension(connection): Extension<Connection>,
    show: Result<Path<String>, PathRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let show = show.ok().and_then(|Path(show)| shared.shows.at(&show));
    let show = show.ok_or_else(|| Problem::unknown("There is no show at this address."))?;
    let upgrade = upgrade.map_err(|rejection| {
        let message = format!("This address is a WebSocket. {}", rejection.body_text());
        Problem::new(StatusCode::BAD_REQUEST, "not_a_websocket", message)
    })?;
    let place = shared.conversations.clone().try_acquire_owned().map_err(|_| {
        let message = "As many people are here as this computer can serve.";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "full", message).retry_after(30)
    })?;
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_AT_MOST)
        .max_message_size(READ_AT_MOST)
        .max_frame_size(READ_AT_MOST);
    let address = connection.peer.ip();
    Ok(upgrade.on_upgrade(move |socket| async move {
        room::serve(socket, address, shared, show).await;
        drop(place);
    }))
}
