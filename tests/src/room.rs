//! A viewer of the room that speaks the contract's WebSocket protocol and nothing else.

use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::deadline::{ANSWER, START, within};

/// A socket in the room, after its welcome. As a browser does, it answers pings whatever its page is at.
pub struct Guest {
    socket: SplitSink<WebSocketStream<MaybeTlsStream<TcpStream>>, Message>,
    received: mpsc::UnboundedReceiver<Value>,
    reader: JoinHandle<()>,
    welcome: Value,
    seen: Vec<Value>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Guest {
    /// Joins with a name, or without one.
    pub async fn join(room_url: &str, name: Option<&str>) -> Self {
        Self::join_with(room_url, json!({"type": "hello", "name": name, "token": null})).await
    }

    /// Joins as who had `token`.
    pub async fn rejoin(room_url: &str, token: &str) -> Self {
        Self::join_with(room_url, json!({"type": "hello", "name": null, "token": token})).await
    }

    async fn join_with(room_url: &str, hello: Value) -> Self {
        let (socket, _) = connect_async(room_url).await.expect("the room is open");
        let (socket, mut incoming) = socket.split();
        let (sender, received) = mpsc::unbounded_channel();
        let reader = tokio::spawn(async move {
            while let Some(Ok(message)) = incoming.next().await {
                let Message::Text(text) = message else { continue };
                let message = serde_json::from_str(&text).expect("the room speaks JSON");
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut guest = Self { socket, received, reader, welcome: Value::Null, seen: Vec::new() };
        guest.send(&hello).await;
        guest.welcome = guest.next("welcome").await;
        guest
    }

    /// What the room greeted with.
    #[must_use]
    pub fn welcome(&self) -> &Value {
        &self.welcome
    }

    /// Sends anything.
    pub async fn send(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).await.expect("the room listens");
    }

    /// Says something, and returns its place once it is in the archive.
    pub async fn say(&mut self, id: &str, text: &str) -> u64 {
        self.send(&json!({"type": "say", "id": id, "text": text})).await;
        let accepted = self.next_where(|message| message["type"] == "accepted" && message["id"] == id).await;
        accepted["seq"].as_u64().expect("accepted carries the place")
    }

    /// Sends hearts.
    pub async fn hearts(&mut self, count: u32) {
        self.send(&json!({"type": "hearts", "count": count})).await;
    }

    /// The next message of this type.
    pub async fn next(&mut self, kind: &str) -> Value {
        self.next_where(|message| message["type"] == kind).await
    }

    /// The next message that fits. What is passed over is in [`Guest::seen`].
    ///
    /// # Panics
    ///
    /// If the socket closes or the deadline passes before it comes.
    pub async fn next_where(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let found = within(START, "a message of the room", async {
            while let Some(message) = self.receive().await {
                if fits(&message) {
                    return Some(message);
                }
            }
            None
        });
        found.await.unwrap_or_else(|| panic!("the room closed; before: {:?}", self.seen))
    }

    /// Everything that came so far.
    #[must_use]
    pub fn seen(&self) -> &[Value] {
        &self.seen
    }

    /// The next message; none when the socket is closed.
    pub async fn receive(&mut self) -> Option<Value> {
        let message = self.received.recv().await?;
        self.seen.push(message.clone());
        Some(message)
    }
}

/// How a raw conversation ended.
#[derive(Debug)]
pub struct Farewell {
    /// What came before the end.
    pub messages: Vec<Value>,
    /// The close frame's code.
    pub close: Option<u16>,
}

/// Connects, sends `frames` as they are, and listens until the server closes.
///
/// # Errors
///
/// With the HTTP status, when the server refuses the upgrade.
pub async fn provoke(room_url: &str, headers: &[(&'static str, &str)], frames: Vec<Message>) -> Result<Farewell, u16> {
    let mut request = room_url.into_client_request().expect("an address");
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().expect("a header's value"));
    }
    let mut socket = match connect_async(request).await {
        Ok((socket, _)) => socket,
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => return Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    };
    for frame in frames {
        if socket.send(frame).await.is_err() {
            break;
        }
    }
    let mut farewell = Farewell { messages: Vec::new(), close: None };
    let listening = async {
        while let Some(Ok(message)) = socket.next().await {
            match message {
                Message::Text(text) => farewell.messages.extend(serde_json::from_str(&text).ok()),
                Message::Close(frame) => farewell.close = frame.map(|frame| frame.code.into()),
                _ => {}
            }
        }
    };
    within(ANSWER, "the server closes the socket", listening).await;
    Ok(farewell)
}
