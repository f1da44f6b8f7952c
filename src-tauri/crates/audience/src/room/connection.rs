//! One viewer's WebSocket, from hello to goodbye.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use domain::room::limits::FRAME_BYTES;
use domain::room::{ConnectionId, Page, ViewerEvent};
use domain::{Bye, FromViewer, PageId, ToViewer};
use tokio::time::{Instant, timeout};
use tungstenite::Error as SocketError;

use super::flood::Flood;
use super::identity::{Identity, identify, new_page};
use super::outbox::{self, Inbox};
use super::parse::{Parsed, parse_room_message};
use super::{Inward, RoomHandle, place};
use crate::shared::Shared;
use crate::show::Show;

/// How long the last words may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long the other side may take to answer them.
const ANSWER: Duration = Duration::from_millis(500);

/// How a conversation ends.
enum End {
    /// The viewer is gone.
    Gone,
    /// We say why, and close.
    Bye(Bye),
}

/// Drives one viewer's connection until it ends.
///
/// `address` is theirs.
pub(crate) async fn serve(mut socket: WebSocket, address: IpAddr, shared: Arc<Shared>, current: Arc<Show>) {
    let hello = timeout(shared.limits.hello, hello(&mut socket)).await.unwrap_or(Err(End::Bye(Bye::Protocol)));
    let end = match hello {
        Ok(hello) => converse(&mut socket, address, &shared, &current, hello).await,
        Err(end) => end,
    };
    if let End::Bye(bye) = end {
        // A viewer that does not read is not waited for.
        let _ = timeout(FAREWELL, say_goodbye(&mut socket, bye)).await;
    }
}

/// What a viewer says first.
struct Hello {
    name: Option<String>,
    token: Option<String>,
    page: Option<PageId>,
}

/// The first message. Frames of later versions may come before it.
async fn hello(socket: &mut WebSocket) -> Result<Hello, End> {
    let mut flood = Flood::new(Instant::now());
    loop {
        let frame = receive(socket).await?;
        if flood.is_over(Instant::now()) {
            return Err(End::Bye(Bye::Protocol));
        }
        match understand(frame)? {
            Some(FromViewer::Hello { name, token, page }) => return Ok(Hello { name, token, page }),
            Some(FromViewer::Say { .. } | FromViewer::Hearts { .. }) => return Err(End::Bye(Bye::Protocol)),
            None => {}
        }
    }
}

async fn converse(socket: &mut WebSocket, address: IpAddr, shared: &Shared, current: &Show, hello: Hello) -> End {
    let Hello { name, token, page } = hello;
    let page = page.map_or_else(|| new_page().map(Page::Ours), |page| Ok(Page::Theirs(page)));
    let identity = identify(token.as_deref(), &current.journal).await;
    let (identity, page) = match identity.and_then(|identity| Ok((identity, page?))) {
        Ok(both) => both,
        Err(error) => {
            tracing::error!(%error, "no random numbers");
            return End::Bye(Bye::Full);
        }
    };
    let Identity { viewer, token, token_hash } = identity;
    let connection = current.room.connection();
    let (outbox, inbox) = outbox::outbox(shared.limits.outbox);
    let place = place::of(address, &current.place_key);
    let joined = Box::new(ViewerEvent::Joined { connection, viewer, name, token, token_hash, page, place });
    if !current.room.send(Inward::Joined(joined, outbox)).await {
        return End::Bye(Bye::Ended);
    }
    let end = talk(socket, &current.room, connection, inbox, shared.limits.silence).await;
    current.room.send(Inward::Event(ViewerEvent::Left { connection })).await;
    end
}

/// Both directions, until one of them ends.
async fn talk(
    socket: &mut WebSocket,
    room: &RoomHandle,
    connection: ConnectionId,
    mut inbox: Inbox,
    silence: Duration,
) -> End {
    let mut flood = Flood::new(Instant::now());
    let mut heard = Instant::now();
    let mut ping = tokio::time::interval_at(Instant::now() + silence / 3, silence / 3);
    loop {
        tokio::select! {
            biased;
            bye = &mut inbox.farewell => return dismissed(socket, &mut inbox, bye.unwrap_or(Bye::Shutdown)).await,
            Some(letter) = inbox.queue.recv() => {
                let sending = timeout(silence, socket.send(Message::Text(letter.into_text())));
                let sent = tokio::select! {
                    biased;
                    sent = sending => sent,
                    bye = &mut inbox.farewell => return End::Bye(bye.unwrap_or(Bye::Shutdown)),
                };
                match sent {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return End::Gone,
                    Err(_) => return End::Bye(Bye::TooSlow),
                }
            }
            frame = receive(socket) => {
                heard = Instant::now();
                let event = match frame.and_then(understand) {
                    Err(end) => return end,
                    Ok(_) if flood.is_over(heard) => return End::Bye(Bye::Protocol),
                    Ok(Some(FromViewer::Say { id, text, name, at_ms })) => {
                        ViewerEvent::Say { connection, id, text, name, at_ms }
                    }
                    Ok(Some(FromViewer::Hearts { count })) => ViewerEvent::Hearts { connection, count },
                    Ok(Some(FromViewer::Hello { .. }) | None) => continue,
                };
                let sent = tokio::select! {
                    bye = &mut inbox.farewell => return End::Bye(bye.unwrap_or(Bye::Shutdown)),
                    sent = room.send(Inward::Event(event)) => sent,
                };
                if !sent {
                    return End::Bye(Bye::Ended);
                }
            }
            _ = ping.tick() => {
                if heard.elapsed() > silence {
                    return End::Bye(Bye::TooSlow);
                }
                match timeout(silence, socket.send(Message::Ping(Vec::new().into()))).await {
                    Ok(Ok(())) => {}
                    _ => return End::Gone,
                }
            }
        }
    }
}

/// The room let go. What it said before an orderly end, such as where the replay is, is still sent.
async fn dismissed(socket: &mut WebSocket, inbox: &mut Inbox, bye: Bye) -> End {
    if matches!(bye, Bye::Shutdown | Bye::Ended) {
        let rest = async {
            while let Ok(letter) = inbox.queue.try_recv() {
                if socket.send(Message::Text(letter.into_text())).await.is_err() {
                    return;
                }
            }
        };
        // Whoever does not take it in that time does not wait for it either.
        let _ = timeout(ANSWER, rest).await;
    }
    End::Bye(bye)
}

/// The next frame. Reading again after an error is not possible.
async fn receive(socket: &mut WebSocket) -> Result<Message, End> {
    match socket.recv().await {
        None => Err(End::Gone),
        Some(Ok(message)) => Ok(message),
        Some(Err(error)) => {
            let error = error.into_inner();
            Err(match error.downcast_ref::<SocketError>() {
                Some(SocketError::Capacity(_)) => End::Bye(Bye::TooBig),
                Some(SocketError::Utf8(_) | SocketError::Protocol(_)) => End::Bye(Bye::Protocol),
                _ => End::Gone,
            })
        }
    }
}

/// What a frame says, if anything.
fn understand(frame: Message) -> Result<Option<FromViewer>, End> {
    match frame {
        Message::Text(text) if text.len() > FRAME_BYTES => Err(End::Bye(Bye::TooBig)),
        Message::Text(text) => match parse_room_message(text.as_str()) {
            Parsed::Message(message) => Ok(Some(message)),
            Parsed::Ignored => Ok(None),
            Parsed::Malformed => Err(End::Bye(Bye::Protocol)),
        },
        Message::Binary(data) if data.len() > FRAME_BYTES => Err(End::Bye(Bye::TooBig)),
        Message::Binary(_) => Err(End::Bye(Bye::Protocol)),
        Message::Ping(_) | Message::Pong(_) => Ok(None),
        Message::Close(_) => Err(End::Gone),
    }
}

/// The reason, the closing frame, and time for the other side to take note.
async fn say_goodbye(socket: &mut WebSocket, bye: Bye) {
    let code = match bye {
        Bye::TooBig => close_code::SIZE,
        Bye::Protocol => close_code::PROTOCOL,
        Bye::TooSlow | Bye::Removed => close_code::POLICY,
        Bye::Full => close_code::AGAIN,
        Bye::Ended => close_code::NORMAL,
        Bye::Shutdown => close_code::AWAY,
    };
    if let Some(text) = outbox::written(&ToViewer::Bye { code: bye })
        && socket.send(Message::Text(text)).await.is_err()
    {
        return;
    }
    let close = CloseFrame { code, reason: Utf8Bytes::default() };
    if socket.send(Message::Close(Some(close))).await.is_ok() {
        let answered = async { while let Some(Ok(_)) = socket.recv().await {} };
        let _ = timeout(ANSWER, answered).await;
    }
}
