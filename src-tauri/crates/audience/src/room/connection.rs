//! One viewer's WebSocket, from hello to goodbye.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use domain::room::limits::FRAME_BYTES;
use domain::room::{ConnectionId, Page, ViewerEvent, unreadable};
use domain::{Bye, FromViewer, PageId, ToViewer};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tungstenite::Error as SocketError;

use super::flood::Flood;
use super::identity::{Identity, identify, new_page};
use super::outbox::{self, Inbox};
use super::parse::{Parsed, parse_room_message};
use super::{Inward, place};
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

/// What a frame says.
enum Heard {
    /// This.
    Message(FromViewer),
    /// Something that cannot be understood, of this id.
    Unreadable(Option<String>),
    /// Nothing.
    Nothing,
}

/// How much of what somebody sends is borne.
struct Patience {
    frames: Flood,
    unreadable: Flood,
}

impl Patience {
    fn new() -> Self {
        let now = Instant::now();
        Self { frames: Flood::new(now), unreadable: Flood::of_unreadable(now) }
    }

    /// What a frame says. Whoever sends too many, or too many that cannot be read, is not listened to.
    fn hear(&mut self, frame: Message) -> Result<Heard, End> {
        let now = Instant::now();
        let heard = understand(frame)?;
        let is_over =
            self.frames.is_over(now) || (matches!(heard, Heard::Unreadable(_)) && self.unreadable.is_over(now));
        if is_over { Err(End::Bye(Bye::Protocol)) } else { Ok(heard) }
    }
}

/// Drives one viewer's connection until it ends.
///
/// `address` is theirs; none where it is known to be a proxy's.
pub(crate) async fn serve(mut socket: WebSocket, address: Option<IpAddr>, shared: Arc<Shared>, current: Arc<Show>) {
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
    let mut patience = Patience::new();
    loop {
        match patience.hear(receive(socket).await?)? {
            Heard::Message(FromViewer::Hello { name, token, page }) => return Ok(Hello { name, token, page }),
            // Nobody is there yet who could be refused something.
            Heard::Message(FromViewer::Say { .. } | FromViewer::Rename { .. } | FromViewer::Hearts { .. })
            | Heard::Unreadable(_) => return Err(End::Bye(Bye::Protocol)),
            Heard::Nothing => {}
        }
    }
}

/// One message is refused, and the conversation goes on.
async fn refuse(socket: &mut WebSocket, id: Option<String>) -> Result<(), End> {
    let Some(text) = outbox::written(&unreadable(id)) else { return Ok(()) };
    socket.send(Message::Text(text)).await.map_err(|_| End::Gone)
}

async fn converse(
    socket: &mut WebSocket,
    address: Option<IpAddr>,
    shared: &Shared,
    current: &Show,
    hello: Hello,
) -> End {
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
    let place = address.and_then(|address| place::of(address, &current.place_key));
    let joined = Box::new(ViewerEvent::Joined { connection, viewer, name, token, token_hash, page, place });
    if !current.room.send(Inward::Joined(joined, outbox)).await {
        return End::Bye(Bye::Ended);
    }
    let end = talk(socket, current, connection, inbox, shared.limits.silence).await;
    current.room.send(Inward::Event(ViewerEvent::Left { connection })).await;
    end
}

/// Both directions, until one of them ends.
async fn talk(
    socket: &mut WebSocket,
    current: &Show,
    connection: ConnectionId,
    mut inbox: Inbox,
    silence: Duration,
) -> End {
    let mut patience = Patience::new();
    let mut heard_at = Instant::now();
    let mut ping = tokio::time::interval_at(Instant::now() + silence / 3, silence / 3);
    loop {
        // What was sent to us comes first: an answer that waits here is an answer. None of these can keep
        // the others waiting, because each is paced.
        tokio::select! {
            biased;
            bye = &mut inbox.farewell => return dismissed(socket, &mut inbox, bye.unwrap_or(Bye::Shutdown)).await,
            frame = receive(socket) => {
                heard_at = Instant::now();
                let event = match frame.and_then(|frame| patience.hear(frame)) {
                    Err(end) => return end,
                    Ok(Heard::Message(FromViewer::Say { id, text, name, at_ms })) => {
                        ViewerEvent::Say { connection, id, text, name, at_ms }
                    }
                    Ok(Heard::Message(FromViewer::Rename { name, id })) => ViewerEvent::Rename { connection, id, name },
                    Ok(Heard::Message(FromViewer::Hearts { count })) => ViewerEvent::Hearts { connection, count },
                    Ok(Heard::Unreadable(id)) => {
                        current.metrics.refused.add(1);
                        match timeout(silence, refuse(socket, id)).await {
                            Ok(Ok(())) => continue,
                            _ => return End::Gone,
                        }
                    }
                    Ok(Heard::Message(FromViewer::Hello { .. }) | Heard::Nothing) => continue,
                };
                let sent = tokio::select! {
                    bye = &mut inbox.farewell => return End::Bye(bye.unwrap_or(Bye::Shutdown)),
                    sent = current.room.send(Inward::Event(event)) => sent,
                };
                if !sent {
                    return End::Bye(Bye::Ended);
                }
            }
            // Their page is gone, or the way to it: what they hold is free now.
            () = sleep_until(heard_at + silence) => return End::Bye(Bye::TooSlow),
            _ = ping.tick() => {
                match timeout_at(heard_at + silence, socket.send(Message::Ping(Vec::new().into()))).await {
                    Ok(Ok(())) => {}
                    _ => return End::Gone,
                }
            }
            Some(letter) = inbox.queue.recv() => {
                // While this waits nothing is read, so that they may have answered meanwhile.
                let until = (heard_at + silence).max(Instant::now() + silence / 2);
                let sending = timeout_at(until, socket.send(Message::Text(letter.into_text())));
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
fn understand(frame: Message) -> Result<Heard, End> {
    match frame {
        Message::Text(text) if text.len() > FRAME_BYTES => Err(End::Bye(Bye::TooBig)),
        Message::Text(text) => match parse_room_message(text.as_str()) {
            Parsed::Message(message) => Ok(Heard::Message(message)),
            Parsed::Unreadable { id } => Ok(Heard::Unreadable(id)),
            Parsed::Ignored => Ok(Heard::Nothing),
            Parsed::Malformed => Err(End::Bye(Bye::Protocol)),
        },
        Message::Binary(data) if data.len() > FRAME_BYTES => Err(End::Bye(Bye::TooBig)),
        Message::Binary(_) => Err(End::Bye(Bye::Protocol)),
        Message::Ping(_) | Message::Pong(_) => Ok(Heard::Nothing),
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
