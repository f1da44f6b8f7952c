//! Debian's Firefox, by WebDriver BiDi: there is no geckodriver to be had. It has no H.264 for WebRTC before it
//! fetched a plugin, which it does not here.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::deadline::{ANSWER, START, until_within, within};
use crate::process::{Process, isolated};

/// Nothing leaves this computer, and nothing asks for anything.
const PREFERENCES: &str = r#"
user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.safebrowsing.downloads.remote.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.page", 0);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("media.gmp-manager.updateEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "http://127.0.0.1:1");
user_pref("toolkit.telemetry.enabled", false);
"#;

/// A browser with one page.
pub struct Firefox {
    process: Process,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    page: String,
    asked: u64,
    _profile: TempDir,
}

impl Firefox {
    /// Opens a browser with an empty page.
    ///
    /// # Panics
    ///
    /// If it is not installed, or does not speak.
    pub async fn start() -> Self {
        let profile = TempDir::new().expect("a folder for the profile");
        std::fs::write(profile.path().join("user.js"), PREFERENCES).expect("it is written");
        // It says where it listens on standard error.
        let mut command = isolated("sh");
        command.args(["-c", "exec firefox-esr --headless --no-remote --remote-debugging-port 0 --profile \"$0\" 2>&1"]);
        command.arg(profile.path()).env("HOME", profile.path());
        let mut process = Process::start("firefox-esr", command);
        let said = "WebDriver BiDi listening on ";
        let address = process.line("its address", |line| Some(line.split_once(said)?.1.trim().to_owned())).await;
        let (socket, _) = connect_async(format!("{address}/session")).await.expect("it listens");
        let mut firefox = Self { process, socket, page: String::new(), asked: 0, _profile: profile };
        firefox.ask("session.new", json!({"capabilities": {}})).await;
        let tree = firefox.ask("browsingContext.getTree", json!({})).await;
        firefox.page = tree["contexts"][0]["context"].as_str().expect("there is a page").to_owned();
        firefox
    }

    /// Opens an address.
    pub async fn open(&mut self, url: &str) {
        let page = self.page.clone();
        self.ask("browsingContext.navigate", json!({"context": page, "url": url, "wait": "complete"})).await;
    }

    /// The value of an expression: text, a number, true or false, or null.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub async fn run(&mut self, expression: &str) -> Value {
        let target = json!({"context": self.page});
        let arguments =
            json!({"expression": expression, "target": target, "awaitPromise": true, "userActivation": true});
        let mut answer = self.ask("script.evaluate", arguments).await;
        assert_eq!(answer["type"], "success", "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    /// Waits until `expression` is true in the page.
    pub async fn until(&mut self, what: &str, expression: &str) {
        let expression = format!("!!({expression})");
        let page = Mutex::new(self);
        until_within(START, what, || async { (page.lock().await.run(&expression).await == true).then_some(()) }).await;
    }

    /// Ends the browser.
    pub async fn close(mut self) {
        self.process.kill().await;
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        let command = json!({"id": id, "method": method, "params": params});
        self.socket.send(Message::text(command.to_string())).await.expect("it listens");
        let answer = within(ANSWER, method, async {
            loop {
                let message = self.socket.next().await.expect("it is there").expect("it speaks");
                let Message::Text(text) = message else { continue };
                let message: Value = serde_json::from_str(&text).expect("BiDi is JSON");
                if message["id"] == id {
                    return message;
                }
            }
        })
        .await;
        assert_eq!(answer["type"], "success", "{method}: {answer}");
        answer["result"].clone()
    }
}
