//! `antenne-server` as its users start it, and a page that publishes to it.

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::antenne::built;
use crate::browser::{Chromium, Page};
use crate::process::{Process, isolated};

/// `antenne-server --json`, running.
pub struct Server {
    process: Process,
    /// `http://host:port`.
    pub base: String,
    data: PathBuf,
}

impl Server {
    /// A command that only needs arguments.
    #[must_use]
    pub fn command(data: &Path) -> Command {
        let mut command = isolated(built("antenne-server", "cargo build --bin antenne-server"));
        command.env("ANTENNE_LOG", "info").arg("--data-dir").arg(data).arg("--json");
        command
    }

    /// Starts it in `data`, at any free port, and waits until it listens.
    pub async fn start(data: &Path, arguments: &[&str]) -> Self {
        Self::start_at(data, "127.0.0.1:0", arguments).await
    }

    /// Starts it at `listen`.
    pub async fn start_at(data: &Path, listen: &str, arguments: &[&str]) -> Self {
        let mut command = Self::command(data);
        command.args(["--listen", listen]).args(arguments);
        let mut process = Process::start("antenne-server", command);
        let listening = event_of(&mut process, "listening").await;
        let base = format!("http://{}", listening["http"].as_str().expect("it says where"));
        Self { process, base, data: data.to_owned() }
    }

    /// Waits for the first event of this name, also if it came already.
    pub async fn event(&mut self, name: &str) -> Value {
        event_of(&mut self.process, name).await
    }

    /// The key of the pairing line that the first start wrote.
    pub async fn first_key(&mut self) -> String {
        let pairing = self.event("pairing").await;
        let line = std::fs::read_to_string(pairing["file"].as_str().expect("it names a file")).expect("it is there");
        line.trim().rsplit_once('#').expect("the line ends with the key").1.to_owned()
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Ends it as systemd does.
    ///
    /// # Panics
    ///
    /// If the end is not clean.
    pub async fn end(&mut self) {
        self.process.signal(Signal::TERM);
        let status = self.process.ended().await;
        assert!(status.success(), "a clean end is exit code 0, not {status}\n{}", self.process.errors());
    }
}

async fn event_of(process: &mut Process, name: &str) -> Value {
    let find = |line: &str| serde_json::from_str::<Value>(line).ok().filter(|event| event["event"] == name);
    process.line(&format!("event {name}"), find).await
}

/// A page of another site that publishes its camera.
pub struct Publisher {
    page: Page,
}

impl Publisher {
    /// Publishes to `base`'s show, and waits until it is connected.
    pub async fn start(base: &str, show: &str, key: &str) -> Self {
        let page = Chromium::start_with_camera().await;
        page.open(&site().await).await;
        let publisher = Self { page };
        publisher.publish(base, show, key).await;
        publisher
    }

    /// Publishes, anew.
    pub async fn publish(&self, base: &str, show: &str, key: &str) {
        let [url, key] = [format!("{base}/{show}/whip"), key.to_owned()].map(|text| json!(text));
        let script = format!(
            "window.failed = null; publish({url}, {key}).then((session) => (window.session = session), (error) => (window.failed = String(error)));"
        );
        self.page.run(&script).await;
        let connected = "window.failed !== null || window.session?.peer.connectionState === 'connected'";
        self.page.until("it is connected, or refused", connected).await;
    }

    /// Why it was refused; null where it was not.
    pub async fn refused(&self) -> Value {
        self.page.run("return window.failed;").await
    }

    /// Says that the show is over.
    pub async fn stop(&self) {
        self.page.run("window.session.stop();").await;
    }

    /// Vanishes without a word.
    pub async fn vanish(self) {
        self.page.close().await;
    }
}

/// A site with one page, for as long as the test runs.
async fn site() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            if stream.read(&mut request).await.is_err() {
                continue;
            }
            let page = include_str!("publish.html");
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                page.len()
            );
            let _gone = stream.write_all(format!("{head}{page}").as_bytes()).await;
        }
    });
    format!("http://{address}/")
}
